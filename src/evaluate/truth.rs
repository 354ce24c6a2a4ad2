//! True depth to compare with: from the data itself, or from a file of depth maps made before.

use crate::data::{
    DataError, DepthMap, FrameKey, FrameSource, TrueDepth,
    arrays::{
        Array,
        npz::{self, Npz},
    },
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

/// The array of the reference's `gt_depths.npz`.
const REFERENCE_ARRAY: &str = "data";
/// Frames that are projected before the file takes them: no more than these are held.
const AT_ONCE: usize = 16;

/// A choice of true depth, as an option says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TruthChoice {
    /// What the data has of this kind.
    Source(TrueDepth),
    /// A file of depth maps.
    File(PathBuf),
}

impl FromStr for TruthChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = TrueDepth::ALL.into_iter().find(|kind| kind.name() == text);
        Ok(kind.map_or_else(|| Self::File(text.into()), Self::Source))
    }
}

/// Where true depth is taken from.
#[derive(Clone)]
pub enum Truth {
    /// From the source of the frames.
    Source(TrueDepth),
    /// From a file.
    File(Arc<DepthFile>),
}

impl Truth {
    /// The true depth of a frame, if there is one.
    ///
    /// # Errors
    /// It is there but cannot be read.
    pub fn depth(&self, source: &dyn FrameSource, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        match self {
            Self::Source(kind) => source.depth_as(key, *kind),
            Self::File(file) => file.depth(key),
        }
    }

    /// What a report calls it.
    pub fn describe(&self) -> String {
        match self {
            Self::Source(kind) => kind.describe().to_owned(),
            Self::File(file) => file.says.clone(),
        }
    }
}

/// A file of depth maps: our own container, or the reference's `gt_depths.npz`.
pub struct DepthFile {
    says: String,
    maps: DepthMaps,
}

enum DepthMaps {
    /// An array for each frame, read when asked for.
    Named(Mutex<Npz>),
    /// What the reference's pickle held, only the pixels that are known.
    Rows(HashMap<FrameKey, KnownPixels>),
}

/// A depth map of which few pixels are known.
struct KnownPixels {
    width: usize,
    height: usize,
    pixels: Vec<(u32, f32)>,
}

impl DepthFile {
    /// Opens a file. The maps of the reference's file have no names: they are those of `rows`, in this
    /// order. Of them all known pixels are held in memory, eight bytes each.
    ///
    /// # Errors
    /// It cannot be read, or has not as many maps as there are rows.
    pub fn open(path: &Path, rows: &[FrameKey]) -> Result<Self, DataError> {
        let mut file = Npz::open(path)?;
        let comment = file.comment();
        let says = match comment.as_str() {
            "" => format!("the file {}", path.display()),
            comment => format!("the file {} ({comment})", path.display()),
        };
        let mut keep = |array: Array| KnownPixels::of(&map_of(array)?);
        let Some(maps) = file.arrays(REFERENCE_ARRAY, &mut keep)? else {
            return Ok(Self { says, maps: DepthMaps::Named(Mutex::new(file)) });
        };
        if maps.len() != rows.len() {
            return Err(DataError::Unusable(format!(
                "{} has {} depth maps without names, and the list of frames that they should follow has {}; \
                 give the list that it was made of as --file-split",
                path.display(),
                maps.len(),
                rows.len()
            )));
        }
        Ok(Self { says, maps: DepthMaps::Rows(rows.iter().cloned().zip(maps).collect()) })
    }

    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        let file = match &self.maps {
            DepthMaps::Rows(maps) => return Ok(maps.get(key).map(KnownPixels::map)),
            DepthMaps::Named(file) => file,
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(array) = file.array(&key.to_string())? else { return Ok(None) };
        map_of(array).map(Some).map_err(|reason| DataError::Unreadable {
            what: format!("depth of '{key}'"),
            path: file.path().to_owned(),
            reason,
        })
    }
}

fn map_of(array: Array) -> Result<DepthMap, String> {
    match array.shape[..] {
        [height, width] if height > 0 && width > 0 => Ok(DepthMap { width, height, metres: array.values }),
        _ => Err(format!("an array of shape {:?} is no depth map", array.shape)),
    }
}

impl KnownPixels {
    fn of(map: &DepthMap) -> Result<Self, String> {
        let known = (0_u32..).zip(map.metres.iter().copied()).filter(|(_, depth)| *depth > 0.0);
        Ok(Self { width: map.width, height: map.height, pixels: known.collect() })
    }

    fn map(&self) -> DepthMap {
        let mut metres = vec![0.0; self.width * self.height];
        for (pixel, depth) in &self.pixels {
            metres[*pixel as usize] = *depth;
        }
        DepthMap { width: self.width, height: self.height, metres }
    }
}

/// Writes the true depth of frames to a file that [`DepthFile`] reads and `numpy.load` too: an array
/// [h, w] of f32 for each frame, named as in split files, 0 where nothing is known. `progress` hears each
/// frame. Gives the frames that have none.
///
/// # Errors
/// A depth cannot be read, the file cannot be written, or no frame has a depth.
pub fn write_ground_truth(
    path: &Path,
    source: &dyn FrameSource,
    keys: &[FrameKey],
    kind: TrueDepth,
    progress: &mut dyn FnMut(&FrameKey),
) -> Result<Vec<FrameKey>, DataError> {
    let mut without = Vec::new();
    npz::write(path, &format!("true depth in metres from {}", kind.describe()), |add| {
        for keys in keys.chunks(AT_ONCE) {
            let maps: Vec<_> = keys.par_iter().map(|key| source.depth_as(key, kind)).collect();
            for (key, map) in keys.iter().zip(maps) {
                match map? {
                    Some(map) => add(&key.to_string(), &[map.height, map.width], &map.metres)?,
                    None => without.push(key.clone()),
                }
                progress(key);
            }
        }
        if without.len() == keys.len() {
            let first =
                keys.first().map_or("there is no frame".to_owned(), |key| format!("the first is '{key}'"));
            return Err(DataError::Unusable(format!(
                "none of the {} frames has a depth from {}; {first}; unpack what holds it into the drives' folders",
                keys.len(),
                kind.describe()
            )));
        }
        Ok(())
    })?;
    Ok(without)
}
