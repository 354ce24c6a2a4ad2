//! Splits by name: compact definitions in `splits/`, made of facts about KITTI's drives, and their expansion.

use super::{frames::FrameRanges, lists::Split};
use crate::data::{FrameKey, Side};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::{BTreeMap, BTreeSet};

/// Definitions by name.
pub(super) const DEFINITIONS: [(&str, &str); 7] = [
    ("benchmark", include_str!("../../../splits/benchmark.toml")),
    ("eigen", include_str!("../../../splits/eigen.toml")),
    ("eigen_benchmark", include_str!("../../../splits/eigen_benchmark.toml")),
    ("eigen_full", include_str!("../../../splits/eigen_full.toml")),
    ("eigen_zhou", include_str!("../../../splits/eigen_zhou.toml")),
    ("odom", include_str!("../../../splits/odom.toml")),
    ("small", include_str!("../../../splits/small.toml")),
];
const RAW_DRIVES: &str = include_str!("../../../splits/kitti_raw.toml");

/// Seed of the draw of validation frames, the same in every run so that runs can be compared.
const VALIDATION_SEED: [u8; 32] = *b"frames that validate, by monosco";

/// Definition of a split, as parsed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Definition {
    /// Official archives that are needed besides those of the drives.
    pub archives: Vec<String>,
    training: Option<FrameSelection>,
    validation: ValidationRule,
    test: Option<FrameSelection>,
}

/// Most samples of a list: three times those of all of KITTI raw. A few bytes can ask for thousands of millions.
const MAX_SAMPLES: usize = 250_000;

/// Values by group (a day, or `sequences`) and by drive in the group.
type ByDrive<T> = BTreeMap<String, BTreeMap<String, T>>;

/// Selection of frames; by default both cameras at every frame of KITTI raw.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FrameSelection {
    /// Frames to select from.
    frames: Option<ByDrive<FrameRanges>>,
    /// Split whose test frames to select from, instead.
    part_of: Option<String>,
    /// Split whose test drives to leave out.
    not_drives_of: Option<String>,
    /// True to leave out frames in which the car stands still.
    moving: bool,
    /// Number of frames to leave out at either end of a drive.
    margin: u32,
    /// Cameras: `l`, `r` or `lr`.
    #[serde(deserialize_with = "sides")]
    sides: Vec<Side>,
}

impl Default for FrameSelection {
    fn default() -> Self {
        Self {
            frames: None,
            part_of: None,
            not_drives_of: None,
            moving: false,
            margin: 0,
            sides: vec![Side::Left, Side::Right],
        }
    }
}

/// Rule that moves training samples to the validation set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ValidationRule {
    /// Number of samples to draw; the cameras of a frame are drawn together.
    drawn: usize,
    /// Drives of which to take all samples: their numbers, by group.
    drives: BTreeMap<String, String>,
}

/// Facts about a drive of KITTI raw.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DriveFacts {
    frames: u32,
    moving: Option<FrameRanges>,
}

impl<'de> Deserialize<'de> for FrameRanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn sides<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Side>, D::Error> {
    let letters = String::deserialize(deserializer)?;
    let side = |letter| match letter {
        'l' => Ok(Side::Left),
        'r' => Ok(Side::Right),
        _ => Err(D::Error::custom(format!("side '{letter}' is not l or r"))),
    };
    letters.chars().map(side).collect::<Result<BTreeSet<_>, _>>().map(Vec::from_iter)
}

impl Definition {
    /// Parses a definition.
    ///
    /// # Errors
    /// The text is malformed; the message names the position.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Definition of this name.
    pub(super) fn named(name: &str) -> Option<Result<Self, String>> {
        DEFINITIONS.iter().find(|(known, _)| *known == name).map(|(_, text)| Self::parse(text))
    }

    /// Expands the definition to samples, by drive, frame and side.
    ///
    /// # Errors
    /// The definition refers to an unknown drive or split.
    pub fn expand(&self) -> Result<Split, String> {
        let keys = |selection: &Option<FrameSelection>| {
            selection.as_ref().map_or(Ok(Vec::new()), FrameSelection::keys)
        };
        let mut split =
            Split { training: keys(&self.training)?, test: keys(&self.test)?, ..Split::default() };
        let validating = self.validation.of(&split.training);
        (split.validation, split.training) =
            split.training.into_iter().partition(|key| validating.contains(key));
        Ok(split)
    }
}

impl FrameSelection {
    fn keys(&self) -> Result<Vec<FrameKey>, String> {
        let facts = raw_drives()?;
        self.check_size()?;
        let mut drives: BTreeMap<String, BTreeSet<u32>> = match (&self.frames, &self.part_of) {
            (Some(frames), None) => {
                by_folder(frames.clone()).map(|(folder, set)| (folder, set.expand())).collect()
            }
            (None, Some(name)) => test_frames(name)?,
            (None, None) => facts.iter().map(|(folder, drive)| (folder.clone(), drive.all())).collect(),
            (Some(_), Some(_)) => return Err("'frames' and 'part_of' exclude each other".to_owned()),
        };
        if let Some(name) = &self.not_drives_of {
            let test_frames = test_frames(name)?;
            drives.retain(|folder, _| !test_frames.contains_key(folder));
        }
        if self.moving || self.margin > 0 {
            for (folder, frames) in &mut drives {
                let drive = facts.get(folder).ok_or_else(|| {
                    format!("the length of drive {folder} is not known, so no 'margin' or 'moving'")
                })?;
                let inner = self.margin..drive.frames.saturating_sub(self.margin);
                let moving = drive.moving.as_ref().filter(|_| self.moving).map(FrameRanges::expand);
                frames.retain(|frame| {
                    inner.contains(frame) && moving.as_ref().is_none_or(|moving| moving.contains(frame))
                });
            }
        }
        let key = |folder: &str, frame, side| FrameKey { folder: folder.to_owned(), frame, side };
        let keys = drives.iter().flat_map(|(folder, frames)| {
            frames.iter().flat_map(move |frame| self.sides.iter().map(move |side| key(folder, *frame, *side)))
        });
        Ok(keys.collect())
    }
}

impl FrameSelection {
    /// Checks that the frames are not more than any split has, before they take memory.
    fn check_size(&self) -> Result<(), String> {
        let sets = self.frames.iter().flat_map(BTreeMap::values).flat_map(BTreeMap::values);
        let samples = sets.map(FrameRanges::max_count).sum::<usize>() * self.sides.len();
        if samples > MAX_SAMPLES {
            return Err(format!(
                "its ranges ask for {samples} samples, more than the {MAX_SAMPLES} that a split may have: name \
                 only frames that exist"
            ));
        }
        Ok(())
    }
}

impl ValidationRule {
    fn of(&self, samples: &[FrameKey]) -> BTreeSet<FrameKey> {
        let folders: BTreeSet<String> = self
            .drives
            .iter()
            .flat_map(|(group, drives)| drives.split_whitespace().map(|drive| folder_of(group, drive)))
            .collect();
        // The stream of this generator is specified, while a library's shuffle may change.
        let mut rng = ChaCha8Rng::from_seed(VALIDATION_SEED);
        let mut draws: Vec<(u64, &[FrameKey])> = samples
            .chunk_by(|a, b| (&a.folder, a.frame) == (&b.folder, b.frame))
            .map(|cameras| (rng.next_u64(), cameras))
            .collect();
        draws.sort();
        let drawn = draws.into_iter().flat_map(|(_, cameras)| cameras).take(self.drawn);
        let of_drives = samples.iter().filter(|key| folders.contains(&key.folder));
        drawn.chain(of_drives).cloned().collect()
    }
}

impl DriveFacts {
    fn all(&self) -> BTreeSet<u32> {
        (0..self.frames).collect()
    }
}

fn raw_drives() -> Result<BTreeMap<String, DriveFacts>, String> {
    let drives: ByDrive<DriveFacts> = toml::from_str(RAW_DRIVES).map_err(|error| error.to_string())?;
    Ok(by_folder(drives).collect())
}

/// Test frames of a split by drive.
fn test_frames(name: &str) -> Result<BTreeMap<String, BTreeSet<u32>>, String> {
    let definition = Definition::named(name).ok_or_else(|| format!("no split is called '{name}'"))??;
    // Only frames that are listed count, so that definitions cannot refer to each other in a cycle.
    let frames = definition.test.and_then(|test| test.frames).unwrap_or_default();
    Ok(by_folder(frames).map(|(folder, set)| (folder, set.expand())).collect())
}

fn by_folder<T>(drives: ByDrive<T>) -> impl Iterator<Item = (String, T)> {
    drives.into_iter().flat_map(|(group, drives)| {
        drives.into_iter().map(move |(drive, value)| (folder_of(&group, &drive), value))
    })
}

/// Folder of a drive, as in split files: that of KITTI raw if the group is a day, else the name of the drive.
fn folder_of(group: &str, drive: &str) -> String {
    if group.starts_with(|letter: char| letter.is_ascii_digit()) {
        format!("{group}/{group}_drive_{drive}_sync")
    } else {
        drive.to_owned()
    }
}
