//! The file format of snapshots and of the images of their frames: thumbnails in a safetensors file.
//!
//! A map of numbers is F16 `[rows, columns]`, divided by its largest absolute value, which is F32 `[]` under the same
//! name and [`LARGEST`]; colours are U8 `[rows, columns, 3]`. Tensors are named by frame and map. The metadata hold
//! further values, among them `frames`: the frames with their maps, as JSON.

use super::{MAX_WIDTH, Pixels, Thumbnail};
use crate::{
    config::ImageSize,
    data::{
        FrameKey,
        atomic_file::read_within,
        unreadable::{io_reason, safetensors_reason},
    },
    objective::MapName,
    runs::files::write_whole,
};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use half::f16;
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

/// Maximum bytes of a file: room for a thousand thumbnails.
const LONGEST: u64 = 128 << 20;
/// Maximum bytes of its header. A reader needs twice the file and some sixteen times the header.
const LONGEST_HEADER: u64 = 1 << 20;
/// Maximum rows of a thumbnail, so that any device can draw it.
const MAX_HEIGHT: usize = 8192;
const LARGEST: &str = ".largest";
const FRAMES: &str = "frames";

/// Metadata of a file by name.
pub type Metadata = HashMap<String, String>;
/// Some maps of a frame.
pub type MapValues<T> = (FrameKey, BTreeMap<MapName, T>);

fn tensor_name(key: &FrameKey, map: MapName) -> String {
    format!("{key}: {map}")
}

/// Writes a file atomically.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, frames: &[MapValues<&Thumbnail>], mut metadata: Metadata) -> Result<()> {
    let contents: Vec<(&FrameKey, Vec<MapName>)> =
        frames.iter().map(|(key, maps)| (key, maps.keys().copied().collect())).collect();
    metadata.insert(FRAMES.to_owned(), serde_json::to_string(&contents)?);
    let mut arrays = Vec::new();
    for (key, map, thumbnail) in
        frames.iter().flat_map(|(key, maps)| maps.iter().map(move |(map, thumbnail)| (key, *map, thumbnail)))
    {
        let name = tensor_name(key, map);
        let ImageSize { height, width } = thumbnail.size;
        match &thumbnail.pixels {
            Pixels::Colours(colours) => {
                arrays.push((name, Dtype::U8, vec![height, width, 3], colours.clone()));
            }
            Pixels::Values { largest, fractions } => {
                let bytes = largest.to_le_bytes().to_vec();
                arrays.push((format!("{name}{LARGEST}"), Dtype::F32, Vec::new(), bytes));
                let bytes = fractions.iter().flat_map(|fraction| fraction.to_le_bytes()).collect();
                arrays.push((name, Dtype::F16, vec![height, width], bytes));
            }
        }
    }
    let views = arrays
        .iter()
        .map(|(name, kind, shape, bytes)| Ok((name, TensorView::new(*kind, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    write_whole(path, &safetensors::serialize(views, Some(metadata))?)
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, or is not in the format of [`write()`]. Whatever the file holds, reading it takes no more
/// memory than twice its length, which is bounded, and 32 MiB.
pub fn read(path: &Path) -> Result<(Vec<MapValues<Thumbnail>>, Metadata)> {
    let bytes = read_within(path, LONGEST).map_err(|error| anyhow!(io_reason(&error)))?;
    let header = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    ensure!(header.is_some_and(|length| length <= LONGEST_HEADER), "it is cut off, or no file of snapshots");
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| refused(&error))?;
    let mut metadata = header.metadata().clone().unwrap_or_default();
    let contents = metadata.remove(FRAMES).context("it is not a file of snapshots: it names no frames")?;
    let contents: Option<Vec<(FrameKey, Vec<MapName>)>> = serde_json::from_str(&contents).ok();
    let contents = contents.context("its list of frames makes no sense")?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| refused(&error))?;
    // A name that is listed twice would take memory twice.
    let mut seen = BTreeSet::new();
    let mut frames = Vec::new();
    for (key, names) in contents {
        let mut maps = BTreeMap::new();
        for map in names {
            let name = tensor_name(&key, map);
            ensure!(seen.insert(name.clone()), "it names {name} twice");
            maps.insert(map, thumbnail(&file, &name).with_context(|| format!("{name} is damaged"))?);
        }
        frames.push((key, maps));
    }
    Ok((frames, metadata))
}

fn refused(error: &SafeTensorError) -> Error {
    anyhow!(safetensors_reason(error))
}

fn thumbnail(file: &SafeTensors, name: &str) -> Result<Thumbnail> {
    let view = file.tensor(name).map_err(|error| refused(&error))?;
    let (height, width, pixels) = match (view.dtype(), view.shape()) {
        (Dtype::U8, [height, width, 3]) => (*height, *width, Pixels::Colours(view.data().to_vec())),
        (Dtype::F16, [height, width]) => {
            let largest = file.tensor(&format!("{name}{LARGEST}")).map_err(|error| refused(&error))?;
            ensure!(largest.dtype() == Dtype::F32, "its largest value is not a number");
            let largest = f32::from_le_bytes(largest.data().try_into().context("its largest value is none")?);
            ensure!(largest.is_finite() && largest > 0.0, "its largest value is {largest}");
            let (fractions, _) = view.data().as_chunks();
            let fractions = fractions.iter().map(|fraction| f16::from_le_bytes(*fraction)).collect();
            (*height, *width, Pixels::Values { largest, fractions })
        }
        (kind, shape) => bail!("a tensor {shape:?} of {kind:?} is not a map"),
    };
    ensure!(
        (1..=MAX_HEIGHT).contains(&height) && (1..=MAX_WIDTH).contains(&width),
        "a picture of {width}×{height} is not a thumbnail"
    );
    Ok(Thumbnail { size: ImageSize { height, width }, pixels })
}
