//! Pictures that `predict` skips: the first of a cause is named at once, the others are counted at the end.

use crate::predict::InputImage;
use anyhow::Error;
use serde::Serialize;
use std::path::PathBuf;

/// A picture that could not be predicted.
#[derive(Serialize)]
struct Skipped {
    input: String,
    reason: String,
}

/// Cause of skipping pictures.
struct Cause {
    /// Film of which all pictures that are skipped count together.
    film: Option<PathBuf>,
    /// Text that is the same for all pictures of the cause.
    text: String,
    /// Reason of the first picture.
    first: String,
    count: usize,
}

/// Pictures that could not be predicted, so far.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(super) struct SkippedPictures {
    pictures: Vec<Skipped>,
    #[serde(skip)]
    causes: Vec<Cause>,
}

impl SkippedPictures {
    /// Adds a picture. Returns the line to print now: none for a film, whose pictures often fail one after another,
    /// and none for a cause that was told before.
    pub fn add(&mut self, image: &InputImage, error: &Error) -> Option<String> {
        let reason = format!("{error:#}");
        self.pictures.push(Skipped { input: image.to_string(), reason: reason.clone() });
        let (film, text) = (image.film(), error.root_cause().to_string());
        let is_same =
            |cause: &&mut Cause| cause.film.as_deref() == film && (film.is_some() || cause.text == text);
        if let Some(cause) = self.causes.iter_mut().find(is_same) {
            // The same file again is the same line, which is counted where it is printed.
            if film.is_none() && cause.first == reason {
                return Some(format!("skipped: {reason}"));
            }
            cause.count += 1;
            return None;
        }
        let line = film.is_none().then(|| format!("skipped: {reason}"));
        self.causes.push(Cause { film: film.map(Into::into), text, first: reason, count: 1 });
        line
    }

    /// Number of the pictures.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Lines to print after the last of all `images`.
    pub fn summary(&self, images: &[InputImage]) -> Vec<String> {
        let line = |cause: &Cause| match &cause.film {
            Some(film) => {
                let all = images.iter().filter(|image| image.film() == Some(film)).count();
                let read = all - cause.count;
                Some(format!(
                    "{read} of {all} pictures of a film read; the first of the others: {}",
                    cause.first
                ))
            }
            None if cause.count > 1 => Some(format!("skipped: {} more: {}", cause.count - 1, cause.text)),
            None => None,
        };
        self.causes.iter().filter_map(line).collect()
    }
}
