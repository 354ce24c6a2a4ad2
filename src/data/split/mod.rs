//! Splits: which frames train, validate and test, by name or from files
//! ([Splits](crate::objective::method#splits) of the method).

mod archives;
mod definition;
mod frames;
mod lists;

pub use archives::archives;
pub use definition::Definition;
pub use frames::parse_frames;
pub use lists::{Split, Subset};

use super::{DataError, FrameKey, FrameSource, motion};
use crate::config::FrameId;
use definition::DEFINITIONS;
use std::{fs, io::ErrorKind, path::Path};

/// One frame in this many of a drive, at its end, validates where no split says otherwise.
const VALIDATION_SHARE: usize = 10;

/// Splits that are made from the frames that the source has.
type Rule = fn(&dyn FrameSource, &[FrameId]) -> Split;
const RULES: [(&str, Rule); 2] = [(EVERY_FRAME, every_frame), (MOVING_FRAMES, moving_frames)];

/// The split that [`every_frame`] makes.
pub const EVERY_FRAME: &str = "every-frame";
/// The split that [`moving_frames`] makes.
pub const MOVING_FRAMES: &str = "moving-frames";

/// The names of all splits that need no files, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = DEFINITIONS.iter().map(|(name, _)| *name).collect();
    names.extend(RULES.iter().map(|(name, _)| *name));
    names.sort_unstable();
    names
}

impl Split {
    /// Makes a split from its name, from a definition (a `.toml` file like those in `splits/`), or from a
    /// folder with `train_files.txt`, `val_files.txt` and `test_files.txt`, of which only the parts asked
    /// for are read. The `required` parts must name a frame, the `optional` may be missing.
    ///
    /// # Errors
    /// No such split, a required part is missing or empty, or a line is malformed.
    pub fn open(
        choice: &str,
        source: &dyn FrameSource,
        frame_ids: &[FrameId],
        required: &[Subset],
        optional: &[Subset],
    ) -> Result<Self, DataError> {
        let path = Path::new(choice);
        let rule = RULES.iter().find(|(name, _)| *name == choice);
        let split = if let Some((_, rule)) = rule {
            rule(source, frame_ids)
        } else if let Some(definition) = Definition::named(choice) {
            definition.and_then(|definition| definition.expand()).map_err(DataError::Unusable)?
        } else if path.is_dir() {
            read_folder(path, required, optional)?
        } else if path.is_file() {
            let text = fs::read_to_string(path).map_err(|error| unreadable(path, error.to_string()))?;
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
        for part in required {
            if split.part(*part).is_empty() {
                let (file, names) = (part.file_name(), names().join(", "));
                return Err(DataError::Unusable(if path.is_dir() {
                    format!(
                        "split '{choice}' names no frame in {file}; \
                         add lines 'FOLDER FRAME SIDE' or choose another"
                    )
                } else {
                    format!("split '{choice}' has no {} frames; choose another of {names}", part.name())
                }));
            }
        }
        Ok(split)
    }
}

fn read_folder(folder: &Path, required: &[Subset], optional: &[Subset]) -> Result<Split, DataError> {
    let mut split = Split::default();
    for part in required.iter().chain(optional) {
        let path = folder.join(part.file_name());
        match fs::read_to_string(&path) {
            Ok(text) => {
                *split.part_mut(*part) = parse(&text).map_err(|reason| unreadable(&path, reason))?;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if required.contains(part) {
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

fn unreadable(path: &Path, reason: String) -> DataError {
    DataError::Unreadable { what: "split file".to_owned(), path: path.to_owned(), reason }
}

/// Reads lines of `FOLDER FRAME SIDE`; empty lines are passed over.
///
/// # Errors
/// The first line that is not of this form, with its number. The reference gives such a line frame 0
/// and no camera, which names no picture in the raw layout.
pub fn parse(text: &str) -> Result<Vec<FrameKey>, String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| line.parse().map_err(|reason| format!("line {}: {reason}", index + 1)))
        .collect()
}

/// The frames that a split tests on, or validates on if it tests on none; without a split a tenth of every
/// drive.
///
/// # Errors
/// The split cannot be read, or names no such frame.
pub fn tested_frames(split: Option<&str>, source: &dyn FrameSource) -> Result<Vec<FrameKey>, DataError> {
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

/// A split made from a source itself: of every drive and camera the frames whose neighbours are there,
/// the last tenth for validation, the rest for training.
pub fn every_frame(source: &dyn FrameSource, frame_ids: &[FrameId]) -> Split {
    frames_that(source, |key| missing_frame(source, key, frame_ids).is_none())
}

/// The same without the frames around which the camera stands, see [`motion`]. Reads every picture once.
pub fn moving_frames(source: &dyn FrameSource, frame_ids: &[FrameId]) -> Split {
    let standing = motion::standing_frames(source);
    frames_that(source, |key| {
        missing_frame(source, key, frame_ids).is_none() && !standing.contains(&(&key.folder, key.frame))
    })
}

/// Of every drive and camera the frames that qualify, the last tenth for validation.
fn frames_that(source: &dyn FrameSource, qualifies: impl Fn(&FrameKey) -> bool) -> Split {
    let mut split = Split::default();
    for drive in source.drives() {
        for side in &drive.sides {
            let mut keys: Vec<FrameKey> = drive.keys(*side).filter(&qualifies).collect();
            let validating = if keys.len() > 1 { keys.len().div_ceil(VALIDATION_SHARE) } else { 0 };
            split.validation.extend(keys.split_off(keys.len() - validating));
            split.training.extend(keys);
        }
    }
    split
}

/// What a look at the files before the run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prescan {
    /// Targets with all their frames, in the given order.
    pub usable: Vec<FrameKey>,
    /// Targets that lack a frame, each with what it lacks.
    pub dropped: Vec<(FrameKey, String)>,
}

/// Sorts out the targets whose frames are not all there.
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
            None => "the split is empty; choose one that names frames".to_owned(),
        }));
    }
    Ok(scan)
}

/// What the target lacks, if anything.
fn missing_frame(source: &dyn FrameSource, target: &FrameKey, frame_ids: &[FrameId]) -> Option<String> {
    frame_ids.iter().find_map(|id| match target.relative(*id) {
        Some(key) if source.contains(&key) => None,
        Some(key) => Some(format!("frame {} ('{key}') is not there", id.label())),
        None => Some(format!("frame {} would come before the first", id.label())),
    })
}
