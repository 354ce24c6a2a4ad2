//! Opening of regular files only: a named pipe would block its reader, and a device never ends.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

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
    let kind = if metadata.is_dir() { "a folder" } else { "a pipe, socket or device" };
    Err(io::Error::other(format!("it is {kind}, not a file")))
}
