//! Files and folders of a run: whole or not there at all, and named by their step.

use crate::data::{
    atomic_file::{self, UNFINISHED},
    unreadable::io_reason,
};
use anyhow::{Context, Result, anyhow};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The name of what belongs to a step.
pub(super) fn step_name(step: u64) -> String {
    format!("step_{step:06}")
}

/// What a folder holds of steps under such names with this ending; the oldest first.
pub(super) fn of_steps(folder: &Path, ending: &str) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let step = name.to_str()?.strip_prefix("step_")?.strip_suffix(ending)?.parse().ok()?;
            Some((step, entry.path()))
        })
        .collect();
    found.sort();
    found
}

/// Removes from a folder what a killed process left half-written.
pub(super) fn clean(folder: &Path) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a file or folder; a folder loses its name first, so that it is never seen half-removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    let has_name = !path.file_name().unwrap_or_default().to_string_lossy().starts_with(UNFINISHED);
    let removed = match (path.is_dir(), has_name) {
        (true, true) => set_aside(path).and_then(fs::remove_dir_all),
        (true, false) => fs::remove_dir_all(path),
        (false, _) => fs::remove_file(path),
    };
    removed.with_context(|| format!("{} cannot be removed", path.display()))
}

/// Gives a folder a name of what is unfinished; tells it.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!("{UNFINISHED}removed_{name}"));
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// As [`write_whole`], unless the file holds these bytes already: that also goes on a full disk.
pub(super) fn update(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) { Ok(()) } else { write_whole(path, bytes) }
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read; the text names the file and the reason.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| anyhow!("{} cannot be read: {}", path.display(), io_reason(&error)))
}

/// Writes a file so that it is never seen half-written.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic_file::write_whole(path, |file| file.write_all(bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}
