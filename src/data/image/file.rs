//! Files of pictures: their bytes, and the errors of reading them.

use super::limits::MAX_FILE;
use crate::data::{DataError, regular_file::open_regular};
use std::{
    io::{self, ErrorKind, Read},
    path::Path,
};

pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let (file, length) = open_regular(path).map_err(|error| not_opened(path, &error))?;
    if length > MAX_FILE {
        return Err(unreadable(path, format!("its {length} bytes are more than any camera's picture")));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| not_opened(path, &error))?;
    Ok(bytes)
}

pub(super) fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("picture", path, reason)
}

pub(super) fn not_opened(path: &Path, error: &io::Error) -> DataError {
    match error.kind() {
        ErrorKind::NotFound => DataError::Missing {
            what: "picture".to_owned(),
            path: path.to_owned(),
            advice: "check that the drive was unpacked whole".to_owned(),
        },
        _ => unreadable(path, error.to_string()),
    }
}
