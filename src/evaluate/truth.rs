//! True depth to compare with: from the data source, or from a file of depth maps.

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

/// Name of the array in the reference's `gt_depths.npz`.
const REFERENCE_ARRAY: &str = "data";
/// Number of frames that are projected in parallel before they are written, which bounds the memory.
const PARALLEL_FRAMES: usize = 16;

/// Value of the option for true depth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TruthChoice {
    /// True depth of this kind from the data source.
    Source(TrueDepth),
    /// Path of a file of depth maps.
    File(PathBuf),
}

impl FromStr for TruthChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = TrueDepth::ALL.into_iter().find(|kind| kind.name() == text);
        Ok(kind.map_or_else(|| Self::File(text.into()), Self::Source))
    }
}

/// Opened source of true depth.
#[derive(Clone)]
pub enum Truth {
    /// True depth of this kind from the data source.
    Source(TrueDepth),
    /// File of depth maps.
    File(Arc<DepthFile>),
}

impl Truth {
    /// True depth of a frame; `None` if there is none.
    ///
    /// # Errors
    /// The depth exists but cannot be read.
    pub fn depth(&self, source: &dyn FrameSource, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        match self {
            Self::Source(kind) => source.depth_as(key, *kind),
            Self::File(file) => file.depth(key),
        }
    }

    /// Description for the report.
    pub fn describe(&self) -> String {
        match self {
            Self::Source(kind) => kind.describe().to_owned(),
            Self::File(file) => file.description.clone(),
        }
    }
}

/// File of depth maps: one of `ground-truth`, or the reference's `gt_depths.npz`.
pub struct DepthFile {
    description: String,
    maps: DepthMaps,
}

enum DepthMaps {
    /// Archive with an array for each frame, read on demand.
    Named(Mutex<Npz>),
    /// Known pixels of the maps of the reference's pickle.
    Rows(HashMap<FrameKey, KnownPixels>),
}

/// Sparse depth map: index and depth in metres of the known pixels.
struct KnownPixels {
    width: usize,
    height: usize,
    pixels: Vec<(u32, f32)>,
}

impl DepthFile {
    /// Opens a file. The maps of the reference's file have no names: they belong to the frames `rows`, in
    /// this order, and their known pixels are held in memory, eight bytes each.
    ///
    /// # Errors
    /// The file cannot be read, or its maps without names are not as many as the rows.
    pub fn open(path: &Path, rows: &[FrameKey]) -> Result<Self, DataError> {
        let mut file = Npz::open(path)?;
        let comment = file.comment();
        let description = match comment.as_str() {
            "" => format!("the file {}", path.display()),
            comment => format!("the file {} ({comment})", path.display()),
        };
        let mut keep = |array: Array| KnownPixels::of(&depth_map_from(array)?);
        let Some(maps) = file.arrays(REFERENCE_ARRAY, &mut keep)? else {
            return Ok(Self { description, maps: DepthMaps::Named(Mutex::new(file)) });
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
        Ok(Self { description, maps: DepthMaps::Rows(rows.iter().cloned().zip(maps).collect()) })
    }

    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        let file = match &self.maps {
            DepthMaps::Rows(maps) => return Ok(maps.get(key).map(KnownPixels::map)),
            DepthMaps::Named(file) => file,
        };
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(array) = file.array(&key.to_string())? else { return Ok(None) };
        depth_map_from(array)
            .map(Some)
            .map_err(|reason| DataError::unreadable(format!("depth of '{key}'"), file.path(), reason))
    }
}

fn depth_map_from(array: Array) -> Result<DepthMap, String> {
    match array.shape[..] {
        [height, width] if height > 0 && width > 0 => Ok(DepthMap { width, height, metres: array.values }),
        _ => Err(format!("an array of shape {:?} is not a depth map", array.shape)),
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

/// Writes the true depth of frames to a file for [`DepthFile`] and `numpy.load`: an array [h, w] of f32 for
/// each frame, metres, named as in split files, 0 where unknown. `progress` is called after each frame.
/// Returns the frames without true depth.
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
        for keys in keys.chunks(PARALLEL_FRAMES) {
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
