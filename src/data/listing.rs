//! Listing of a folder: pictures and folders that people put there, and why everything else is left out.

use super::{
    DataError, RemarkKind, Remarks,
    annotation::{LEFT_OUT as ANNOTATIONS_LEFT_OUT, is_annotation},
    film, image as codec,
};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs, io,
    path::{Path, PathBuf},
};

/// Endings of side files: text that describes pictures, which nobody takes for a picture.
const SIDE_FILES: [&str; 18] = [
    "cfg", "conf", "csv", "gpx", "html", "ini", "json", "kml", "log", "md", "srt", "toml", "tsv", "txt",
    "vtt", "xml", "yaml", "yml",
];
/// Endings of pictures in formats that are not read.
const OTHER_PICTURES: [&str; 16] = [
    "arw", "avif", "cr2", "cr3", "dng", "exr", "gif", "hdr", "heic", "heif", "jp2", "jxl", "nef", "orf",
    "psd", "raf",
];
const ARCHIVES: [&str; 11] = ["7z", "bag", "bz2", "gz", "mcap", "rar", "tar", "tgz", "xz", "zip", "zst"];
const FILMS: [&str; 10] = ["avi", "h264", "h265", "insv", "mkv", "mpg", "mts", "ts", "webm", "wmv"];
/// Names of folders and files that systems make for themselves, in small letters: of a Synology or QNAP disk
/// (`@eaDir`, `#recycle`), of Windows and of Macs. Those that begin with a dot need no list.
const SYSTEM_NAMES: [&str; 18] = [
    "#recycle",
    "#snapshot",
    "$recycle.bin",
    "@__thumb",
    "@eadir",
    "@recently-snapshot",
    "@recycle",
    "@tmp",
    "__macosx",
    "__pycache__",
    "desktop.ini",
    "found.000",
    "lost+found",
    "network trash folder",
    "recycler",
    "system volume information",
    "temporary items",
    "thumbs.db",
];
/// Folder of the films that `predict --side-by-side` writes, and endings of the names of its pictures.
const SIDE_BY_SIDE: &str = "side_by_side";
const RESULTS: [&str; 2] = ["_disp", "_depth"];

/// Folders and pictures in a folder, and what of it is not used.
#[derive(Default)]
pub(super) struct Listing {
    /// Folders by name, sorted.
    pub folders: BTreeMap<String, PathBuf>,
    /// Pictures by name without ending; of several that differ only in the ending, the one whose ending comes
    /// first in [`codec::ENDINGS`], or else whose name sorts first.
    pub pictures: BTreeMap<String, PathBuf>,
    /// Names that are not used, each after the reason as a phrase: "hidden and system files left out".
    pub left_out: Vec<(&'static str, String)>,
}

impl Listing {
    /// Lists a folder. Links are followed, except to a folder above and to what is neither file nor folder.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn of(folder: &Path) -> Result<Self, DataError> {
        let unreadable = |error: io::Error| DataError::unreadable("folder", folder, error.to_string());
        let mut listing = Self::default();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            match kind_of(&entry, folder) {
                EntryKind::LeftOut(reason) => listing.left_out.push((reason, name)),
                EntryKind::Folder => {
                    listing.folders.insert(name, path);
                }
                EntryKind::File => listing.add_file(name, path),
            }
        }
        listing.leave_out_results();
        listing.leave_out_annotations();
        Ok(listing)
    }

    fn add_file(&mut self, name: String, path: PathBuf) {
        if rank_of(&path).is_none() {
            if let Some(reason) = reason_of_ending(&ending_of(&path)) {
                self.left_out.push((reason, name));
            }
            return;
        }
        const TWIN: &str = "pictures left out for another of the same name but for the ending";
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let twin = match self.pictures.entry(stem) {
            Entry::Vacant(place) => {
                place.insert(path);
                return;
            }
            Entry::Occupied(mut other) => {
                let is_after = (rank_of(other.get()), other.get()) < (rank_of(&path), &path);
                if is_after { path } else { other.insert(path) }
            }
        };
        self.left_out.push((TWIN, name_of(&twin)));
    }

    /// Leaves out what `predict` writes beside pictures. Where there is nothing else, they are what the folder is for.
    fn leave_out_results(&mut self) {
        let is_result = |stem: &&String| RESULTS.iter().any(|ending| stem.ends_with(ending));
        let results: Vec<String> = self.pictures.keys().filter(is_result).cloned().collect();
        if results.len() < self.pictures.len() {
            self.leave_out("results of predict left out", &results);
        }
    }

    /// Leaves out pictures that describe others beside them: `1_mask.png` beside `1.png` or `1_rgb.png`.
    fn leave_out_annotations(&mut self) {
        let split = |stem: &&String| stem.rsplit_once(['_', '-']).map(|(picture, _)| picture.len());
        let is_named = |stem: &&String| split(stem).is_some_and(|length| is_annotation(&stem[length..]));
        let (named, others): (Vec<&String>, Vec<&String>) = self.pictures.keys().partition(is_named);
        if named.is_empty() {
            return;
        }
        let beside = others.iter().flat_map(|stem| [Some(stem.len()), split(stem)].map(|end| (stem, end)));
        let beside: BTreeSet<&str> = beside.filter_map(|(stem, end)| Some(&stem[..end?])).collect();
        let is_beside = |stem: &&String| split(stem).is_some_and(|end| beside.contains(&stem[..end]));
        let annotations: Vec<String> = named.into_iter().filter(is_beside).cloned().collect();
        self.leave_out(ANNOTATIONS_LEFT_OUT, &annotations);
    }

    fn leave_out(&mut self, reason: &'static str, stems: &[String]) {
        for path in stems.iter().filter_map(|stem| self.pictures.remove(stem)) {
            self.left_out.push((reason, name_of(&path)));
        }
    }

    /// Adds to `remarks` what is left out. The names are preceded by `prefix`.
    pub fn remark(&self, remarks: &mut Remarks, drive: Option<&str>, prefix: &str) {
        let mut left_out: Vec<_> = self.left_out.iter().collect();
        left_out.sort();
        for (reason, name) in left_out {
            remarks.add(RemarkKind::LeftOut, drive, reason, &format!("{prefix}{name}"));
        }
    }
}

/// Name of the file or folder of a path, for people.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Ending of a file's name in small letters, empty without one.
fn ending_of(path: &Path) -> String {
    path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase())
}

/// Priority of a picture's ending; `None` for what is no picture.
fn rank_of(path: &Path) -> Option<usize> {
    let ending = ending_of(path);
    codec::ENDINGS.iter().position(|known| *known == ending)
}

/// True if the name is that of an archive that was not unpacked.
pub(super) fn is_archive(path: &Path) -> bool {
    ARCHIVES.contains(&ending_of(path).as_str())
}

/// Reason why a file with this ending is not used; `None` for side files, which need none.
fn reason_of_ending(ending: &str) -> Option<&'static str> {
    let is_in = |endings: &[&str]| endings.contains(&ending);
    if is_in(&SIDE_FILES) {
        None
    } else if is_in(&OTHER_PICTURES) {
        Some("pictures in other formats left out: convert to PNG or JPEG")
    } else if is_in(&ARCHIVES) {
        Some("archives left out: unpack first")
    } else if is_in(&FILMS) || is_in(&film::ENDINGS) {
        Some("films left out: make pictures first")
    } else {
        Some("files other than pictures left out")
    }
}

/// True for the names of hidden files, and of what file managers, Macs and network disks make for themselves.
fn is_system(name: &str) -> bool {
    // A Mac keeps what it knows about x.png in `._x.png`, an office program a lock in `~$x`.
    name.starts_with('.') || name.starts_with("~$") || SYSTEM_NAMES.contains(&name.to_lowercase().as_str())
}

enum EntryKind {
    Folder,
    File,
    LeftOut(&'static str),
}

fn kind_of(entry: &fs::DirEntry, parent: &Path) -> EntryKind {
    let name = entry.file_name();
    if is_system(&name.to_string_lossy()) {
        return EntryKind::LeftOut("hidden and system files left out");
    }
    let Ok(mut kind) = entry.file_type() else {
        return EntryKind::LeftOut("unreadable files left out");
    };
    let is_link = kind.is_symlink();
    if is_link {
        match fs::metadata(entry.path()) {
            Ok(target) => kind = target.file_type(),
            Err(_) => return EntryKind::LeftOut("links to nowhere left out"),
        }
    }
    if kind.is_dir() {
        if is_link && leads_up(&entry.path(), parent) {
            return EntryKind::LeftOut("links to a folder above left out");
        }
        if name == SIDE_BY_SIDE {
            return EntryKind::LeftOut("results of predict left out");
        }
        return EntryKind::Folder;
    }
    // Reading from a device or a pipe may never end.
    if kind.is_file() { EntryKind::File } else { EntryKind::LeftOut("devices and pipes left out") }
}

/// True if a link leads to the folder that it is in, or to one above.
fn leads_up(link: &Path, parent: &Path) -> bool {
    match (link.canonicalize(), parent.canonicalize()) {
        (Ok(target), Ok(parent)) => parent.starts_with(target),
        _ => true,
    }
}

/// Names of the folders in a folder, sorted.
///
/// # Errors
/// The folder cannot be listed.
pub(super) fn folders(parent: &Path) -> Result<Vec<String>, DataError> {
    let unreadable = |error: io::Error| DataError::unreadable("folder", parent, error.to_string());
    let mut names = Vec::new();
    for entry in fs::read_dir(parent).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if matches!(kind_of(&entry, parent), EntryKind::Folder) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// True if there is a picture directly in a folder. Ends at the first, so that it is quick for long drives.
pub(super) fn has_picture(folder: &Path) -> bool {
    let is_picture = |entry: fs::DirEntry| {
        codec::ENDINGS.contains(&ending_of(&entry.path()).as_str())
            && matches!(kind_of(&entry, folder), EntryKind::File)
    };
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_picture))
}
