//! Reasons why a file cannot be read, in plain words: the messages of the libraries are about their internals.

use safetensors::SafeTensorError;
use std::io::{self, ErrorKind};

/// Reason of an error of the system, without its error number if the reason is a usual one.
pub fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "it is missing".to_owned(),
        ErrorKind::PermissionDenied => "you have no permission to read it; change that".to_owned(),
        ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
        ErrorKind::InvalidData => "it is not text: it was overwritten or is another kind of file".to_owned(),
        ErrorKind::UnexpectedEof => "it is cut off".to_owned(),
        _ => error.to_string(),
    }
}

/// Reason why bytes are not a safetensors file.
pub fn safetensors_reason(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::HeaderTooLarge
        | SafeTensorError::HeaderTooSmall
        | SafeTensorError::InvalidHeaderLength
        | SafeTensorError::InvalidHeader(_)
        | SafeTensorError::InvalidHeaderDeserialization(_) => {
            "it does not begin as a safetensors file does: it is cut off or another kind of file".to_owned()
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "its tensors take another number of bytes than it has: it is cut off, or something follows them"
                .to_owned()
        }
        SafeTensorError::TensorNotFound(name) => format!("it has no tensor {name}"),
        _ => "its header is inconsistent: it was overwritten".to_owned(),
    }
}
