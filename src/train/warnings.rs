//! What goes wrong beside the steps without harm to them: each trouble is told once until it is over.

use std::collections::BTreeSet;

/// Something that is tried again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// The log cannot be written.
    Log,
    /// A checkpoint cannot be written.
    Checkpoint,
    /// Old checkpoints cannot be removed.
    Leftovers,
}

/// Warnings that nobody took yet.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    texts: Vec<String>,
    lasting: BTreeSet<Trouble>,
}

impl Warnings {
    /// Adds these, whatever was told before.
    pub fn extend(&mut self, texts: impl IntoIterator<Item = String>) {
        self.texts.extend(texts);
    }

    /// Notes how something went: `text` says what is wrong, `None` that all is well.
    pub fn note(&mut self, trouble: Trouble, text: Option<String>) {
        match text {
            Some(text) => {
                if self.lasting.insert(trouble) {
                    self.texts.push(text);
                }
            }
            None => {
                self.lasting.remove(&trouble);
            }
        }
    }

    /// Those that came since the last call.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.texts)
    }
}
