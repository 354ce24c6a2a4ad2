//! Atomic writing of files, and bounded reading.

use super::regular_file::open_regular;
use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Read, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// Prefix of the names of files and folders that are being written.
pub const UNFINISHED: &str = ".unfinished_";

/// Reads a file of at most `max_bytes`.
///
/// # Errors
/// The file cannot be read or is larger.
pub fn read_within(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    let (file, length) = open_regular(path)?;
    // The length is only a hint: the file may grow meanwhile.
    let mut bytes = Vec::with_capacity(length.min(max_bytes + 1) as usize);
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let most = if max_bytes < 1 << 20 {
            format!("{} KiB", max_bytes >> 10)
        } else {
            format!("{} MiB", max_bytes >> 20)
        };
        let reason = format!("it is longer than {most}, which no such file is");
        return Err(io::Error::other(reason));
    }
    Ok(bytes)
}

/// Most bytes of a side file: a configuration, a manifest, a scale and the like, which take a few kilobytes. A parser of
/// JSON or TOML may take a hundred times as much.
pub const MAX_SIDE_FILE: u64 = 256 << 10;

/// Reads a side file, a text of at most [`MAX_SIDE_FILE`] bytes.
///
/// # Errors
/// The file cannot be read, is larger, is not a regular file, or is not text.
pub fn read_side_file(path: &Path) -> io::Result<String> {
    String::from_utf8(read_within(path, MAX_SIDE_FILE)?).map_err(|_| ErrorKind::InvalidData.into())
}

/// Writes a file atomically: to a temporary file in the same folder, which replaces `path` once it is on the
/// disk. The permissions are those of any new file.
///
/// # Errors
/// `write` fails, or the folder cannot be written to; a previous file at `path` is then unchanged.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let unfinished = || -> io::Result<NamedTempFile> {
        let mut file = temporary_beside(path)?;
        let mut output = BufWriter::new(file.as_file_mut());
        write(&mut output)?;
        output.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(file)
    };
    move_to(unfinished(), path)
}

/// Writes a file atomically without waiting for the disk, for many files such as images. After a power cut
/// the file may be empty.
///
/// # Errors
/// The folder cannot be written to; a previous file at `path` is then unchanged.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = || -> io::Result<NamedTempFile> {
        let mut file = temporary_beside(path)?;
        file.write_all(bytes)?;
        Ok(file)
    };
    move_to(unfinished(), path)
}

fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn move_to(file: io::Result<NamedTempFile>, path: &Path) -> io::Result<()> {
    file.and_then(|file| Ok(file.persist(path)?)).map_err(in_words)?;
    Ok(())
}

/// Error of writing with advice, where the system's own text is only a name and a number.
pub fn in_words(error: io::Error) -> io::Error {
    let kind = error.kind();
    let words = match kind {
        ErrorKind::StorageFull => "the disk is full; free some space",
        ErrorKind::QuotaExceeded => "your share of the disk is used up; free some space",
        ErrorKind::FileTooLarge => "the system allows no file of this size here; raise the limit (ulimit -f)",
        ErrorKind::NotFound => {
            "there is no such folder; perhaps it was moved or removed: put it back or choose another place"
        }
        ErrorKind::PermissionDenied => {
            "you have no permission to write there; change that or choose another place"
        }
        ErrorKind::NotADirectory => "what should be a folder is a file; move it away or choose another place",
        ErrorKind::ReadOnlyFilesystem => "the disk can only be read; choose another place",
        _ => return error,
    };
    io::Error::new(kind, words)
}
