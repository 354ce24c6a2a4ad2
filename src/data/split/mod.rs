//! Splits into training, validation and test frames, by name or from files
//! ([Splits](crate::objective::method#splits) of the method).

mod archives;
mod definition;
mod frames;
mod lists;

pub use archives::archives;
pub use definition::Definition;
pub use frames::parse_frames;
pub use lists::{Split, Subset};

use super::{DataError, Drive, FrameKey, FrameSource, atomic_file::read_within, motion, text};
use crate::config::FrameId;
use definition::DEFINITIONS;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, ErrorKind},
    path::Path,
};

/// One in this many frames of a drive, at its end, is for validation in splits that are made from a source.
const VALIDATION_SHARE: usize = 10;

/// Largest definition, bytes; a few kilobytes are usual.
const MAX_DEFINITION: u64 = 1 << 20;

/// Function that makes a split from the frames of a source.
type Rule = fn(&dyn FrameSource, &[FrameId]) -> Split;
const RULES: [(&str, Rule); 2] = [(EVERY_FRAME, every_frame), (MOVING_FRAMES, moving_frames)];

/// Name of the split of [`every_frame`].
const EVERY_FRAME: &str = "every-frame";
/// Name of the split of all frames at which the camera moves.
pub const MOVING_FRAMES: &str = "moving-frames";

/// Names of all splits that need no files, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = DEFINITIONS.iter().map(|(name, _)| *name).collect();
    names.extend(RULES.iter().map(|(name, _)| *name));
    names.sort_unstable();
    names
}

impl Split {
    /// Opens a split by its name, from a definition (a `.toml` file like those in `splits/`), or from a
    /// folder with `train_files.txt`, `val_files.txt` and `test_files.txt`. Of a folder only the given
    /// subsets are read; `required` ones must have a frame, `optional` ones may be missing.
    ///
    /// # Errors
    /// The split does not exist, a required subset is missing or empty, or a line is malformed.
    pub fn open(
        choice: &str,
        source: &dyn FrameSource,
        frame_ids: &[FrameId],
        required: &[Subset],
        optional: &[Subset],
    ) -> Result<Self, DataError> {
        let path = Path::new(choice);
        let rule = RULES.iter().find(|(name, _)| *name == choice);
        let mut split = if let Some((_, rule)) = rule {
            rule(source, frame_ids)
        } else if let Some(definition) = Definition::named(choice) {
            definition.and_then(|definition| definition.expand()).map_err(DataError::Unusable)?
        } else if path.is_dir() {
            read_folder(path, required, optional)?
        } else if path.is_file() {
            let text = read_definition(path).map_err(|error| unreadable(path, error.to_string()))?;
            let split = Definition::parse(&text).and_then(|definition| definition.expand());
            split.map_err(|reason| unreadable(path, reason))?
        } else {
            return Err(DataError::Unusable(format!(
                "split '{choice}' is neither a folder nor a name known here ({}); \
                 give a folder that holds {}",
                names().join(", "),
                required.first().unwrap_or(&Subset::Training).file_name()
            )));
        };
        name_drives_as(source, &mut split);
        for subset in required {
            if split.list(*subset).is_empty() {
                let (file, names) = (subset.file_name(), names().join(", "));
                return Err(DataError::Unusable(if path.is_dir() {
                    format!(
                        "split '{choice}' names no frame in {file}; \
                         add lines 'FOLDER FRAME SIDE' or choose another"
                    )
                } else {
                    format!("split '{choice}' has no {} frames; choose another of {names}", subset.name())
                }));
            }
        }
        Ok(split)
    }
}

fn read_folder(folder: &Path, required: &[Subset], optional: &[Subset]) -> Result<Split, DataError> {
    let mut split = Split::default();
    for subset in required.iter().chain(optional) {
        let path = folder.join(subset.file_name());
        match text::read_text(&path) {
            Ok(text) => {
                *split.list_mut(*subset) = parse(&text).map_err(|reason| unreadable(&path, reason))?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if required.contains(subset) {
                    return Err(DataError::Missing {
                        what: "split file".to_owned(),
                        path,
                        advice: "write it, a line 'FOLDER FRAME SIDE' a sample, or choose another split"
                            .to_owned(),
                    });
                }
            }
            Err(error) => return Err(unreadable(&path, error.to_string())),
        }
    }
    Ok(split)
}

fn read_definition(path: &Path) -> io::Result<String> {
    Ok(text::decode(&read_within(path, MAX_DEFINITION)?))
}

/// Names drives as the source does where the split writes the same number otherwise: `09` for the sequence `9`.
fn name_drives_as(source: &dyn FrameSource, split: &mut Split) {
    let number = |name: &str| name.parse::<u32>().ok();
    let names: BTreeSet<&str> = source.drives().iter().map(|drive| drive.folder.as_str()).collect();
    let numbered: BTreeMap<u32, &str> =
        names.iter().rev().filter_map(|name| Some((number(name)?, *name))).collect();
    for key in split.training.iter_mut().chain(&mut split.validation).chain(&mut split.test) {
        if !names.contains(key.folder.as_str())
            && let Some(name) = number(&key.folder).and_then(|number| numbered.get(&number))
        {
            key.folder = (*name).to_owned();
        }
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("split file", path, reason)
}

/// Parses lines of `FOLDER FRAME SIDE`; empty lines and those that begin with `#` are skipped.
///
/// # Errors
/// A line is malformed; the message has the number of the first. The reference instead reads such a line as frame 0
/// without a camera, which does not exist in the raw layout.
pub fn parse(text: &str) -> Result<Vec<FrameKey>, String> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index, line.trim_start_matches('\u{feff}').trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| line.parse().map_err(|reason| format!("line {}: {reason}", index + 1)))
        .collect()
}

/// Test frames of a split, or its validation frames if it has none; without a split the last tenth of every
/// drive.
///
/// # Errors
/// The split cannot be read, or has no such frame.
pub fn evaluation_frames(split: Option<&str>, source: &dyn FrameSource) -> Result<Vec<FrameKey>, DataError> {
    let found = match split {
        Some(name) => Split::open(name, source, &[], &[], &[Subset::Test, Subset::Validation])?,
        None => every_frame(source, &[]),
    };
    let keys = if found.test.is_empty() { found.validation } else { found.test };
    if keys.is_empty() {
        return Err(DataError::Unusable(format!(
            "the split {} names no frame to test or validate on; choose another, or add test_files.txt to its \
             folder",
            split.unwrap_or("of every frame")
        )));
    }
    Ok(keys)
}

/// Split of all frames of a source whose neighbours `frame_ids` exist: of every drive and camera the last
/// tenth is for validation, the rest for training.
pub fn every_frame(source: &dyn FrameSource, frame_ids: &[FrameId]) -> Split {
    split_frames(source, |key| missing_frame(source, key, frame_ids).is_none())
}

/// Split like that of [`every_frame`], without the frames at which the camera stands still, see [`motion`].
/// Reads every image once.
fn moving_frames(source: &dyn FrameSource, frame_ids: &[FrameId]) -> Split {
    let standing = motion::standing_frames(source);
    split_frames(source, |key| {
        missing_frame(source, key, frame_ids).is_none() && !standing.contains(&(&key.folder, key.frame))
    })
}

/// Split of the selected frames: of every drive and camera the last tenth is for validation.
fn split_frames(source: &dyn FrameSource, is_selected: impl Fn(&FrameKey) -> bool) -> Split {
    let mut split = Split::default();
    for drive in source.drives() {
        for side in &drive.sides {
            let mut keys: Vec<FrameKey> = drive.keys(*side).filter(&is_selected).collect();
            let validation = if keys.len() > 1 { keys.len().div_ceil(VALIDATION_SHARE) } else { 0 };
            split.validation.extend(keys.split_off(keys.len() - validation));
            split.training.extend(keys);
        }
    }
    split
}

/// Result of the check, before a run, that the files of its samples exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prescan {
    /// Targets with all their frames, in the original order.
    pub usable: Vec<FrameKey>,
    /// Targets that lack a frame, with the reason.
    pub dropped: Vec<(FrameKey, String)>,
}

/// Separates the targets that lack one of these frames.
///
/// # Errors
/// No target is left, or none was given.
pub fn prescan(
    source: &dyn FrameSource,
    keys: &[FrameKey],
    frame_ids: &[FrameId],
) -> Result<Prescan, DataError> {
    let mut scan = Prescan::default();
    for key in keys {
        match missing_frame(source, key, frame_ids) {
            None => scan.usable.push(key.clone()),
            Some(reason) => scan.dropped.push((key.clone(), reason)),
        }
    }
    if scan.usable.is_empty() {
        return Err(DataError::Unusable(match scan.dropped.first() {
            Some((key, reason)) => format!(
                "none of the split's {} samples has all its frames in {}; the first, '{key}': {reason}; \
                 check that data and split belong together",
                keys.len(),
                source.name()
            ),
            None => nothing_to_train_on(source, frame_ids),
        }));
    }
    Ok(scan)
}

/// Sentence that a split of every frame is empty, with the reason and what to do.
fn nothing_to_train_on(source: &dyn FrameSource, frame_ids: &[FrameId]) -> String {
    let offsets = frame_ids.iter().filter_map(|id| match id {
        FrameId::Temporal(offset) => Some(*offset),
        FrameId::Stereo => None,
    });
    let (first, last) = offsets.fold((0, 0), |(first, last), offset| (first.min(offset), last.max(offset)));
    let pictures: usize = source.drives().iter().map(Drive::count).sum();
    let needed = last - first + 1;
    let ids: Vec<String> = frame_ids.iter().map(|id| id.label()).collect();
    format!(
        "the split is empty: {} has {pictures} picture{}, and a sample takes {needed} in a row of one drive (frames {}); \
         add pictures, or train with other --frame-ids; predict takes single pictures",
        source.name(),
        if pictures == 1 { "" } else { "s" },
        ids.join(" "),
    )
}

/// Reason why a target lacks a frame; `None` if all exist.
fn missing_frame(source: &dyn FrameSource, target: &FrameKey, frame_ids: &[FrameId]) -> Option<String> {
    frame_ids.iter().find_map(|id| match source.neighbour(target, *id) {
        Some(key) if source.contains(&key) => None,
        Some(key) => Some(format!("frame {} ('{key}') is not there", id.label())),
        None if target.relative(*id).is_some() => {
            Some(format!("frame {} is of another recording, as the names of the files tell", id.label()))
        }
        None => Some(format!("frame {} would come before the first", id.label())),
    })
}
