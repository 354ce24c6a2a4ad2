//! Errors of reading and writing data.

use std::path::{Path, PathBuf};

/// Error of reading or writing data; every message names the file and tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file that is needed does not exist.
    #[error("{what} is missing: {}; {advice}", path.display())]
    Missing {
        /// Content that the file should have.
        what: String,
        /// Path of the file.
        path: PathBuf,
        /// Advice, as a clause.
        advice: String,
    },
    /// A file exists but cannot be read, or its content is not what it should be.
    #[error("{what} cannot be read: {reason}; {}", path.display())]
    Unreadable {
        /// Content that the file should have.
        what: String,
        /// Path of the file.
        path: PathBuf,
        /// Reason, as a clause.
        reason: String,
    },
    /// A file or folder cannot be written.
    #[error("{what} cannot be written: {reason}; {}", path.display())]
    Unwritable {
        /// Content that was to be written.
        what: String,
        /// Path of the file or folder.
        path: PathBuf,
        /// Reason, as a clause.
        reason: String,
    },
    /// The camera of a drive is not known, or its calibration file describes one that hardly any camera is.
    #[error("{error}")]
    Camera {
        /// The error in words.
        error: Box<DataError>,
        /// Folder in which a `camera.toml` would count.
        folder: PathBuf,
        /// A picture of the drive.
        image: PathBuf,
        /// True if there is a file, which is wrong.
        has_file: bool,
    },
    /// Options that leave nothing to work on, as a sentence with advice.
    #[error("{0}")]
    Unusable(String),
}

impl DataError {
    /// The error with advice for all drives of the folder `root`: an unknown camera is given there.
    pub(crate) fn for_all_drives(self, root: &Path) -> Self {
        match self {
            Self::Camera { error, folder, image, has_file: false } if folder.parent() == Some(root) => {
                Self::Camera { error, folder: root.to_owned(), image, has_file: false }
            }
            other => other,
        }
    }

    /// Reason why a file cannot be read or written, as a clause.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Unreadable { reason, .. } | Self::Unwritable { reason, .. } => Some(reason),
            Self::Missing { .. } | Self::Camera { .. } | Self::Unusable(_) => None,
        }
    }

    /// Error of a file, which should hold `what`, that cannot be read.
    pub(crate) fn unreadable(what: impl Into<String>, path: &Path, reason: impl Into<String>) -> Self {
        Self::Unreadable { what: what.into(), path: path.to_owned(), reason: reason.into() }
    }

    /// Error of a file or folder, which was to hold `what`, that cannot be written.
    pub(crate) fn unwritable(what: impl Into<String>, path: &Path, reason: impl Into<String>) -> Self {
        Self::Unwritable { what: what.into(), path: path.to_owned(), reason: reason.into() }
    }
}
