//! Opening of regular files only, as a named pipe would block its reader and a device never ends; and the memory that
//! reading one of them may take.

use super::foreign_content::START;
use std::{
    fs::{self, File},
    io::{self, Error, ErrorKind, Read, Seek},
    path::Path,
};

/// Memory that any small file may take, bytes.
const LEAST_MEMORY: u64 = 64 << 20;
/// Memory that a larger file may take, in multiples of its length.
const MEMORY_PER_BYTE: u64 = 16;

/// Opens a regular file, or a link to one, with its length in bytes.
///
/// # Errors
/// The file does not exist, cannot be read, or is a folder, a named pipe, a socket or a device.
pub fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    // Opening a named pipe waits for a writer, so the kind is checked first.
    check_regular(&fs::metadata(path)?)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    check_regular(&metadata)?;
    Ok((file, metadata.len()))
}

fn check_regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(match metadata.is_dir() {
        true => Error::new(ErrorKind::IsADirectory, "it is a folder, not a file"),
        false => Error::other("it is a pipe, socket or device, not a file"),
    })
}

/// The first bytes of a file, which is then back at its beginning.
///
/// # Errors
/// The file cannot be read.
pub fn start_of(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    Read::by_ref(file).take(START as u64).read_to_end(&mut start)?;
    file.rewind()?;
    Ok(start)
}

/// Memory in bytes that reading a file of this length may take at once.
pub fn memory_limit(length: u64) -> u64 {
    length.saturating_mul(MEMORY_PER_BYTE).max(LEAST_MEMORY)
}
