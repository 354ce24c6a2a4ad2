//! Files and folders of a run: written whole or not at all, and named by their step.

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

/// Name of files and folders of a step.
pub(super) fn step_name(step: u64) -> String {
    format!("step_{step:06}")
}

/// Entries of a folder that are named by a step and have this ending, in order of steps.
pub(super) fn entries_by_step(folder: &Path, ending: &str) -> Vec<(u64, PathBuf)> {
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

/// Removes half-written files that a killed process left in a folder.
pub(super) fn remove_unfinished(folder: &Path) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Removes a file or folder. A folder is renamed first, so that nobody sees it half-removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    let has_name = !path.file_name().unwrap_or_default().to_string_lossy().starts_with(UNFINISHED);
    let removed = match (path.is_dir(), has_name) {
        (true, true) => set_aside(path).and_then(fs::remove_dir_all),
        (true, false) => fs::remove_dir_all(path),
        (false, _) => fs::remove_file(path),
    };
    removed.with_context(|| format!("{} cannot be removed", path.display()))
}

/// Renames a folder as unfinished; returns its new path.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!("{UNFINISHED}removed_{name}"));
    fs::rename(path, &aside)?;
    Ok(aside)
}

/// Writes a file with [`write_whole`], unless it holds these bytes already; that succeeds even on a full disk.
pub(super) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) { Ok(()) } else { write_whole(path, bytes) }
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read; the message names the file and the reason.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| anyhow!("{} cannot be read: {}", path.display(), io_reason(&error)))
}

/// Writes a file so that nobody sees it half-written.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic_file::write_whole(path, |file| file.write_all(bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}
