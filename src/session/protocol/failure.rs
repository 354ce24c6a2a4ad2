//! Failures, and how errors and panics become failures.

use crate::{data::DataError, panics};
use anyhow::{Error, Result};
use serde::{Deserialize, Serialize};
use std::{fmt, panic::AssertUnwindSafe, path::PathBuf};

/// A failure, in words for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Failure {
    /// Cause in words, with the file that it concerns.
    pub text: String,
    /// Advice on what to do; empty if there is none.
    pub advice: String,
    /// Effect on the run.
    pub effect: RunEffect,
    /// Place in the program and backtrace, if the cause is a panic.
    pub report: Option<String>,
    /// Camera that is to be given, if that would help.
    pub camera: Option<Box<UnknownCamera>>,
}

/// Camera of frames that cannot be opened without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownCamera {
    /// Folder in which a `camera.toml` would count.
    pub folder: PathBuf,
    /// A picture that the camera took.
    pub image: PathBuf,
    /// True if a file describes a camera, which hardly any camera is.
    pub has_file: bool,
}

/// Effect of a failure on the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEffect {
    /// No effect.
    #[default]
    None,
    /// The run was not started.
    NotStarted,
    /// The run is paused.
    Paused,
    /// The run is paused, because its last checkpoint cannot be written.
    Unsaved,
    /// The run is paused because the loss or gradient is NaN or infinite; the same weights would fail again.
    NonFinite,
    /// The run is paused at its last checkpoint; the steps since then are lost.
    RolledBack,
}

impl fmt::Display for Failure {
    /// The text, followed by a semicolon and the advice if there is any.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)?;
        if self.advice.is_empty() { Ok(()) } else { write!(formatter, "; {}", self.advice) }
    }
}

impl Failure {
    /// Converts an error; an error that is a failure already is returned unchanged.
    pub(in crate::session) fn of(error: Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => {
                let camera = match error.downcast_ref() {
                    Some(DataError::Camera { folder, image, has_file, .. }) => {
                        let (folder, image) = (folder.clone(), image.clone());
                        Some(Box::new(UnknownCamera { folder, image, has_file: *has_file }))
                    }
                    _ => None,
                };
                Self { text: format!("{error:#}"), camera, ..Self::default() }
            }
        }
    }

    /// Puts `what` before the text.
    fn context(self, what: &str) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }

    /// True if the cause is a panic, after which the data in use cannot be trusted.
    pub(in crate::session) fn is_panic(&self) -> bool {
        self.report.is_some()
    }
}

/// Does some work; its error or panic becomes a failure whose text begins with `what`.
pub(in crate::session) fn guarded<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T, Failure> {
    caught(work).map_err(|failure| failure.context(what))
}

/// Does some work; its error or panic becomes a failure.
pub(in crate::session) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T, Failure> {
    match panics::catch(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Failure::of),
        Err(panic) => Err(Failure {
            text: format!("an error within the program: {panic}"),
            report: Some(panic.full(None)),
            ..Failure::default()
        }),
    }
}
