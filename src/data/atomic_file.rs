//! Files that are read or appear whole or not at all.

use std::{
    fs::File,
    io::{self, BufWriter, ErrorKind, Read, Write},
    path::Path,
};
use tempfile::NamedTempFile;

/// What is being written bears a name that begins so until it is whole.
pub const UNFINISHED: &str = ".unfinished_";

/// No file of numbers that people write as text is longer.
const LONGEST_TEXT: u64 = 64 << 20;

/// Reads a file of text, such as poses or readings. What is not UTF-8 is replaced: not all editors keep to
/// it, and numbers are ASCII either way.
///
/// # Errors
/// The file cannot be read or is longer than 64 MiB.
pub fn read_text(path: &Path) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&read_within(path, LONGEST_TEXT)?).into_owned())
}

/// Reads a file of so many bytes at most.
///
/// # Errors
/// The file cannot be read or is longer.
pub fn read_within(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // What is no plain file may say any length, or none.
    let expected = file.metadata()?.len().min(longest + 1);
    let mut bytes = Vec::with_capacity(expected as usize);
    file.take(longest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        let reason = format!("it is longer than {} MiB, which no such file is", longest >> 20);
        return Err(io::Error::other(reason));
    }
    Ok(bytes)
}

/// Writes a file beside its place and moves it there when it is on the disk, so that nobody ever sees a
/// part of it. Who may read it is up to the system, as for any new file.
///
/// # Errors
/// As `write` says, or if the folder takes no file; what stood there before then still does.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let unfinished = || -> io::Result<NamedTempFile> {
        let mut file = beside(path)?;
        let mut output = BufWriter::new(file.as_file_mut());
        write(&mut output)?;
        output.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(file)
    };
    put(unfinished(), path)
}

/// The same for one of many files, such as pictures: it does not wait for the disk, so that after a power cut
/// a file may be missing its content.
///
/// # Errors
/// As [`write_whole`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = || -> io::Result<NamedTempFile> {
        let mut file = beside(path)?;
        file.write_all(bytes)?;
        Ok(file)
    };
    put(unfinished(), path)
}

fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn put(file: io::Result<NamedTempFile>, path: &Path) -> io::Result<()> {
    file.and_then(|file| Ok(file.persist(path)?)).map_err(in_words)?;
    Ok(())
}

/// An error of writing, which says what to do where the system's own text is only its name and number.
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
