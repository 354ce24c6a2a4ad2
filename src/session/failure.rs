//! From errors and panics to failures.

use super::Failure;
use crate::panics;
use anyhow::{Error, Result};
use std::panic::AssertUnwindSafe;

impl Failure {
    /// Of an error; one that is a failure already stays what it is.
    pub(super) fn of(error: Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => Self { text: format!("{error:#}"), ..Self::default() },
        }
    }

    /// The same with what failed before its text.
    pub(super) fn context(self, what: &str) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }

    /// Whether it is an error of the program itself, after which what it worked on cannot be trusted.
    pub(super) fn is_panic(&self) -> bool {
        self.report.is_some()
    }
}

/// Does some work; its error or panic becomes a failure, with `what` before its text.
pub(super) fn guarded<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T, Failure> {
    caught(work).map_err(|failure| failure.context(what))
}

/// Does some work; its error or panic becomes a failure.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T, Failure> {
    match panics::catch(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Failure::of),
        Err(panic) => Err(Failure {
            text: format!("an error within the program: {panic}"),
            report: Some(panic.full(None)),
            ..Failure::default()
        }),
    }
}
