//! Files that appear whole or not at all.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::Path,
};

/// What is being written bears a name that begins so until it is whole.
pub const UNFINISHED: &str = ".unfinished_";

/// Writes a file beside its place and moves it there when it is on the disk, so that nobody ever sees a
/// part of it. Who may read it is up to the system, as for any new file.
///
/// # Errors
/// As `write` says, or if the folder takes no file; what stood there before then still does.
pub fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    let mut output = BufWriter::new(file.as_file_mut());
    write(&mut output)?;
    output.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    file.persist(path)?;
    Ok(())
}
