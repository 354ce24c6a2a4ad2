//! List of the files that a command writes to a folder of results, by which it replaces its own files and no others.

use crate::data::atomic_file::{read_within, write_whole};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The list, in the folder of the results: a path below it on each line.
const LIST: &str = "predicted_files.txt";
/// Largest list that is read, bytes: a million files.
const MAX_LIST: u64 = 64 << 20;

/// Adds files, by their paths below a folder that exists, to the list of those that may be replaced there.
///
/// # Errors
/// One of them is there already and is not in the list, or would be written through a link to another place.
pub(super) fn claim_files(out: &Path, files: &BTreeSet<PathBuf>) -> Result<ClaimedFiles> {
    refuse_links(out, files)?;
    let list = out.join(LIST);
    let known = read_within(&list, MAX_LIST).unwrap_or_default();
    let known = String::from_utf8_lossy(&known);
    let is_there = |file: &Path| out.join(file).symlink_metadata().is_ok();
    let known: BTreeSet<&Path> = known.lines().map(Path::new).filter(|file| is_there(file)).collect();
    let others: Vec<&PathBuf> =
        files.iter().filter(|file| !known.contains(file.as_path()) && is_there(file)).collect();
    if let Some(first) = others.first() {
        let more = match others.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        bail!(
            "{} would be overwritten{more}, and {LIST} there does not name it as a result; choose another --out, or move \
             it away",
            out.join(first).display()
        );
    }
    let all: BTreeSet<&Path> = known.into_iter().chain(files.iter().map(PathBuf::as_path)).collect();
    let text: String = all.iter().map(|file| format!("{}\n", file.display())).collect();
    write_whole(&list, |output| output.write_all(text.as_bytes()))
        .with_context(|| format!("{} cannot be written; choose another --out", list.display()))?;
    let files = all.iter().map(|file| out.join(file)).collect();
    Ok(ClaimedFiles { list, files })
}

/// Files in a list, which is removed in the end if none of them was written.
pub(super) struct ClaimedFiles {
    list: PathBuf,
    files: Vec<PathBuf>,
}

impl Drop for ClaimedFiles {
    fn drop(&mut self) {
        if !self.files.iter().any(|file| file.symlink_metadata().is_ok()) {
            // A list of files that are not there does no harm.
            let _ = fs::remove_file(&self.list);
        }
    }
}

/// Refuses files in folders that are links: they would lie elsewhere.
fn refuse_links(out: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    let is_inner = |folder: &&Path| !folder.as_os_str().is_empty();
    let folders: BTreeSet<&Path> =
        files.iter().flat_map(|file| file.ancestors().skip(1)).filter(is_inner).collect();
    for folder in folders {
        let folder = out.join(folder);
        if folder.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            bail!(
                "{} is a link, and results stay in {}; remove the link, or choose another --out",
                folder.display(),
                out.display()
            );
        }
    }
    Ok(())
}
