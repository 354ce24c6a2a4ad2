//! Files and folders of a run: written whole or not at all, and named by their step.

use crate::data::{
    atomic_file::{self, MAX_SIDE_FILE, UNFINISHED, read_within},
    unreadable::io_reason,
};
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Levels of files below a folder of a run: a checkpoint, and its files.
const MAX_DEPTH: usize = 2;

/// Name of files and folders of a step.
pub(super) fn step_name(step: u64) -> String {
    format!("step_{step:06}")
}

/// Step that such a name with this ending states; `None` for any other name.
pub(super) fn step_in(name: &str, ending: &str) -> Option<u64> {
    let digits = name.strip_prefix("step_")?.strip_suffix(ending)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Entries of a folder that are named by a step and have this ending, in order of steps.
pub(super) fn entries_by_step(folder: &Path, ending: &str) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let step = step_in(entry.file_name().to_str()?, ending)?;
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

/// Removes a file, a folder, or a link but not its target. A folder is renamed first, so that nobody sees it
/// half-removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    let has_name = !path.file_name().unwrap_or_default().to_string_lossy().starts_with(UNFINISHED);
    let is_folder = path.symlink_metadata().is_ok_and(|facts| facts.is_dir());
    let removed = match (is_folder, has_name) {
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
    if read_within(path, MAX_SIDE_FILE).is_ok_and(|found| found == bytes) {
        Ok(())
    } else {
        write_whole(path, bytes)
    }
}

/// Reads a regular file of at most `max_bytes`.
///
/// # Errors
/// If it cannot be read; the message names the file and the reason.
pub(super) fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    read_within(path, max_bytes)
        .map_err(|error| anyhow!("{} cannot be read: {}", path.display(), io_reason(&error)))
}

/// Refuses a run folder that has a link among its own files and folders. What is written to or removed from them would
/// change files elsewhere, such as those of another run. The run folder itself may be reached by a link.
///
/// # Errors
/// If there is a link; the message says what to do.
pub(super) fn refuse_links(run: &Path, names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| refuse_link(&run.join(name), run))
}

/// Refuses a link, or a folder with one, among the files of a run, as [`refuse_links`].
pub(super) fn refuse_link(path: &Path, run: &Path) -> Result<()> {
    refuse_link_below(path, run, MAX_DEPTH)
}

fn refuse_link_below(path: &Path, run: &Path, depth: usize) -> Result<()> {
    let Ok(facts) = path.symlink_metadata() else { return Ok(()) };
    ensure!(
        !facts.is_symlink(),
        "{} is a link; a run writes only to files of its own folder: copy the run with what its links lead to (cp -rL {} \
         COPY) and use the copy",
        path.display(),
        run.display()
    );
    if facts.is_dir() && depth > 0 {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).try_for_each(|path| refuse_link_below(&path, run, depth - 1))?;
    }
    Ok(())
}

/// Writes a file so that nobody sees it half-written.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic_file::write_whole(path, |file| file.write_all(bytes))
        .with_context(|| format!("{} cannot be written", path.display()))
}
