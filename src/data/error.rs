//! Why data cannot be used.

use std::path::PathBuf;

/// Data that cannot be used; every message names the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file that should be there is not.
    #[error("{what} is missing: {}; {advice}", path.display())]
    Missing {
        /// What the file would have held.
        what: String,
        /// Where it was looked for.
        path: PathBuf,
        /// What to do.
        advice: String,
    },
    /// A file is there but does not hold what it should.
    #[error("{what} cannot be read: {reason}; {}", path.display())]
    Unreadable {
        /// What the file should hold.
        what: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder cannot be written.
    #[error("{what} cannot be written: {reason}; {}", path.display())]
    Unwritable {
        /// What it would have held.
        what: String,
        /// Where.
        path: PathBuf,
        /// What stands in the way.
        reason: String,
    },
    /// A choice that leaves nothing to work on.
    #[error("{0}")]
    Unusable(String),
}
