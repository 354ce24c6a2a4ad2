//! Warnings of a run that do no harm to its steps: each lasting problem is reported once until it is solved.

use std::collections::BTreeSet;

/// Something that is tried again and again, and fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Problem {
    /// The log cannot be written.
    Log,
    /// A checkpoint cannot be written.
    Checkpoint,
    /// Old checkpoints cannot be removed.
    OldCheckpoints,
    /// The metric scale cannot be written next to a checkpoint.
    Scale,
}

/// Warnings that were not taken yet.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    texts: Vec<String>,
    unsolved: BTreeSet<Problem>,
}

impl Warnings {
    /// Adds warnings unconditionally.
    pub fn extend(&mut self, texts: impl IntoIterator<Item = String>) {
        self.texts.extend(texts);
    }

    /// Notes the result of an attempt: a failure in words, or `None` for success. Only the first of several failures
    /// in a row becomes a warning.
    pub fn note(&mut self, problem: Problem, text: Option<String>) {
        match text {
            Some(text) => {
                if self.unsolved.insert(problem) {
                    self.texts.push(text);
                }
            }
            None => {
                self.unsolved.remove(&problem);
            }
        }
    }

    /// Takes the warnings since the last call.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.texts)
    }
}
