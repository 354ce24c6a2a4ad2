//! True depth to compare with: from the data source, or from a file of depth maps.

use crate::data::{
    DataError, DepthMap, FrameKey, FrameSource, TrueDepth,
    arrays::{
        self, Array, npy,
        npz::{self, Npz},
    },
    regular_file::{memory_limit, open_regular, start_of},
    unreadable::io_reason,
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
/// Name, before its number, of an array that was given to `numpy.savez` without one.
const NUMBERED_ARRAY: &str = "arr_";
/// Letters of an archive's comment in a message.
const LONGEST_COMMENT: usize = 120;
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
    /// Opens a file: an archive whose arrays are named as frames, or maps without names. Those belong to the frames
    /// `rows`, in this order, and their known pixels are held in memory, eight bytes each: the array `data` of the
    /// reference's archive, the only array of another one, the arrays `arr_0`, `arr_1`, … or an `npy` file.
    ///
    /// # Errors
    /// The file cannot be read, or its maps without names are not as many as the rows.
    pub fn open(path: &Path, rows: &[FrameKey]) -> Result<Self, DataError> {
        let unreadable = |error| DataError::unreadable("file of depth maps", path, io_reason(&error));
        let (mut file, length) = open_regular(path).map_err(unreadable)?;
        let start = start_of(&mut file).map_err(unreadable)?;
        if npy::is_npy(&start) {
            let mut kept = Kept { memory: memory_limit(length) / 2, pixels: 0 };
            let maps = arrays::read_rows(path, &mut |array| kept.pixels_of(array))?;
            return Self::of_rows(path, rows, format!("the file {}", path.display()), maps);
        }
        let mut file = Npz::open(path)?;
        let comment: String = file.comment().chars().take(LONGEST_COMMENT).collect();
        let mut description = match comment.as_str() {
            "" => format!("the file {}", path.display()),
            comment => format!("the file {} ({comment})", path.display()),
        };
        let names: Vec<String> = file.names().collect();
        // Frames are named as in split files, by at least three words.
        if names.iter().any(|name| name.split(' ').count() >= 3) {
            return Ok(Self { description, maps: DepthMaps::Named(Mutex::new(file)) });
        }
        let mut kept = Kept { memory: file.memory_to_keep(), pixels: 0 };
        let only = names.iter().find(|name| *name == REFERENCE_ARRAY).or_else(|| {
            (names.len() == 1).then(|| {
                description += &format!(", array '{}'", names[0].chars().take(40).collect::<String>());
                &names[0]
            })
        });
        if let Some(name) = only {
            let maps = file.arrays(name, &mut |array| kept.pixels_of(array))?.unwrap_or_default();
            return Self::of_rows(path, rows, description, maps);
        }
        let numbered: Vec<String> =
            (0..names.len()).map(|number| format!("{NUMBERED_ARRAY}{number}")).collect();
        if names.is_empty() || !numbered.iter().all(|name| names.contains(name)) {
            let first: Vec<String> = names
                .iter()
                .take(2)
                .map(|name| format!("'{}'", name.chars().take(40).collect::<String>()))
                .collect();
            return Err(DataError::Unusable(format!(
                "{} has no depth maps: of its {} arrays ({}) none is named 'data' or as a frame; \
                 save them with numpy.savez(FILE, data=MAPS)",
                path.display(),
                names.len(),
                first.join(", ")
            )));
        }
        let mut maps = Vec::new();
        for name in &numbered {
            let Some(array) = file.array(name)? else { continue };
            let damaged = |reason| DataError::unreadable(format!("array '{name}'"), path, reason);
            maps.push(Some(kept.pixels_of(array).map_err(damaged)?));
        }
        Self::of_rows(path, rows, description, maps)
    }

    /// Gives the maps of a file that have no names to the frames, in their order.
    fn of_rows(
        path: &Path,
        rows: &[FrameKey],
        mut description: String,
        maps: Vec<Option<KnownPixels>>,
    ) -> Result<Self, DataError> {
        if maps.len() != rows.len() {
            return Err(DataError::Unusable(format!(
                "{} has {} depth maps without names, and the list of frames that they should follow has {}; \
                 give the list that it was made of as --file-split",
                path.display(),
                maps.len(),
                rows.len()
            )));
        }
        let empty = maps.iter().filter(|map| map.is_none()).count();
        if empty > 0 {
            description += &format!(", {empty} of whose {} rows are None", rows.len());
        }
        let maps = rows.iter().cloned().zip(maps).filter_map(|(key, map)| Some((key, map?)));
        Ok(Self { description, maps: DepthMaps::Rows(maps.collect()) })
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
        // A channel axis of length 1, as PyTorch's loaders add it.
        [1, height, width] | [height, width, 1] if height > 0 && width > 0 => {
            Ok(DepthMap { width, height, metres: array.values })
        }
        _ => {
            let lengths: Vec<String> = array.shape.iter().take(6).map(usize::to_string).collect();
            let shape = lengths.join(", ");
            Err(format!("an array of shape [{shape}] is no depth map, which has the shape [height, width]"))
        }
    }
}

/// Account of the known pixels that are kept.
struct Kept {
    /// Memory for all of them, bytes.
    memory: u64,
    pixels: u64,
}

impl Kept {
    /// Known pixels of a map.
    ///
    /// # Errors
    /// The array is no depth map, or all of them take too much memory.
    fn pixels_of(&mut self, array: Array) -> Result<KnownPixels, String> {
        let map = depth_map_from(array)?;
        let known = || (0_u32..).zip(map.metres.iter().copied()).filter(|(_, depth)| *depth > 0.0);
        let count = known().count();
        self.pixels += count as u64;
        if self.pixels * size_of::<(u32, f32)>() as u64 > self.memory {
            let mebibytes = self.memory >> 20;
            return Err(format!(
                "its depth maps take more than the {mebibytes} MiB of memory that a file of this size may: no depth \
                 maps are compressed so far"
            ));
        }
        let mut pixels = Vec::with_capacity(count);
        pixels.extend(known());
        Ok(KnownPixels { width: map.width, height: map.height, pixels })
    }
}

impl KnownPixels {
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
