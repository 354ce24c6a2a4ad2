//! Failures of reading and writing weights.

use crate::data::unreadable::io_reason;
use std::path::PathBuf;

/// A failure of reading or writing weights; each text is one line.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The path has no weights.
    #[error(
        "no weights at {}: {reason}; give a folder with encoder.pth and depth.pth, or one file that holds both",
        path.display()
    )]
    Absent {
        /// The path that was searched.
        path: PathBuf,
        /// The part that is missing there.
        reason: String,
    },
    /// The operating system cannot read the file.
    #[error("{} cannot be read: {}", path.display(), io_reason(reason))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// A file whose content is inconsistent, or that is not a weights file.
    #[error("{} is damaged or not a weights file: {reason}; get it once more", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The point at which reading ended.
        reason: String,
    },
    /// A file of something else.
    #[error("{} is {what}; {advice}", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// Content as a noun with its article.
        what: String,
        /// Advice as a clause.
        advice: String,
    },
    /// Weights with which nothing can be predicted.
    #[error(
        "{} predicts nothing: {unusable} of the {all} values of its {tensor} are NaN or infinite, or negative variances; \
         its training diverged or it was damaged: take an earlier checkpoint",
        path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Number of its values that cannot be used.
        unusable: usize,
        /// Number of its values.
        all: usize,
    },
    /// A file with Python objects other than tensors, numbers and text.
    #[error(
        "{} holds a Python object of the class {class}, which is refused: only tensors, numbers and \
         text are read, so save a state_dict",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Name of the refused Python class.
        class: String,
    },
    /// A readable file whose tensors fit no known network.
    #[error("{} fits no known network: {reason}", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// The part that does not fit.
        reason: String,
    },
    /// The scale file next to the weights has no valid scale.
    #[error("{} has no valid scale: {reason}; remove it or run monoscope calibrate again", path.display())]
    NoScale {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// The files cannot be written.
    #[error("weights cannot be written to {}: {reason}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
}

/// A name from inside a file in quotes, cut to a length that a message can have.
pub(super) fn quoted(name: &str) -> String {
    const LONGEST: usize = 60;
    let text: String = name.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("'{text}{}'", if name.chars().nth(LONGEST).is_some() { "…" } else { "" })
}
