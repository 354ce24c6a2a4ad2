//! Opening of files that must be regular, and the memory that reading one of them may take.

use super::foreign_content::START;
use std::{
    fs::{self, File},
    io::{Error, ErrorKind, Read, Result, Seek},
    path::Path,
};

/// Memory that any small file may take, bytes.
const LEAST_MEMORY: u64 = 64 << 20;
/// Memory that a larger file may take, in multiples of its length.
const MEMORY_PER_BYTE: u64 = 16;

/// Opens a file and gives its length.
///
/// # Errors
/// The file cannot be opened, or is a folder, a device, a pipe or a socket.
pub(crate) fn open(path: &Path) -> Result<(File, u64)> {
    // Opening a pipe would wait for someone who writes to it.
    let kind = fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(Error::other("it is a device, a pipe or a socket, not a file"));
    }
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// The first bytes of a file, which is then back at its beginning.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn start_of(file: &mut File) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    Read::by_ref(file).take(START as u64).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start)
}

/// Memory in bytes that reading a file of this length may take at once.
pub(crate) fn memory_limit(length: u64) -> u64 {
    length.saturating_mul(MEMORY_PER_BYTE).max(LEAST_MEMORY)
}
