//! A file of thumbnails: what snapshots, and the pictures of their frames, look like on the disk.
//!
//! It is a safetensors file. A map of numbers is F16 [rows, columns] in parts of its largest, which is F32 under
//! the same name and [`LARGEST`]; colours are U8 [rows, columns, 3]. A tensor is named by frame and map. The
//! metadata hold facts, among them `frames`: the frames with their maps, as JSON.

use super::{MOST_WIDTH, Pixels, Thumbnail};
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

/// Bytes of a file at most: room for a thousand pictures.
const LONGEST: u64 = 128 << 20;
/// Bytes of its header at most. A reader takes twice the file and some sixteen times the header.
const LONGEST_HEADER: u64 = 1 << 20;
/// Rows of a thumbnail at most, that any device can draw it.
const MOST_HEIGHT: usize = 8192;
const LARGEST: &str = ".largest";
const FRAMES: &str = "frames";

/// What is known by name beside the maps.
pub type Facts = HashMap<String, String>;
/// A frame with some of its maps.
pub type MapValues<T> = (FrameKey, BTreeMap<MapName, T>);

fn tensor_name(key: &FrameKey, map: MapName) -> String {
    format!("{key}: {map}")
}

/// Writes a file, whole or not at all.
pub fn write(path: &Path, frames: &[MapValues<&Thumbnail>], mut facts: Facts) -> Result<()> {
    let contents: Vec<(&FrameKey, Vec<MapName>)> =
        frames.iter().map(|(key, maps)| (key, maps.keys().copied().collect())).collect();
    facts.insert(FRAMES.to_owned(), serde_json::to_string(&contents)?);
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
            Pixels::Values { largest, parts } => {
                let bytes = largest.to_le_bytes().to_vec();
                arrays.push((format!("{name}{LARGEST}"), Dtype::F32, Vec::new(), bytes));
                let bytes = parts.iter().flat_map(|part| part.to_le_bytes()).collect();
                arrays.push((name, Dtype::F16, vec![height, width], bytes));
            }
        }
    }
    let views = arrays
        .iter()
        .map(|(name, kind, shape, bytes)| Ok((name, TensorView::new(*kind, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    write_whole(path, &safetensors::serialize(views, Some(facts))?)
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, or is not as [`write`] would write it. No file makes this take more than twice its
/// length (of which there is a most) and 32 MiB.
pub fn read(path: &Path) -> Result<(Vec<MapValues<Thumbnail>>, Facts)> {
    let bytes = read_within(path, LONGEST).map_err(|error| anyhow!(io_reason(&error)))?;
    let header = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    ensure!(header.is_some_and(|length| length <= LONGEST_HEADER), "it is cut off, or no file of snapshots");
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| refused(&error))?;
    let mut facts = header.metadata().clone().unwrap_or_default();
    let contents = facts.remove(FRAMES).context("it is no file of snapshots: it names no frames")?;
    let contents: Option<Vec<(FrameKey, Vec<MapName>)>> = serde_json::from_str(&contents).ok();
    let contents = contents.context("its list of frames makes no sense")?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| refused(&error))?;
    // Each is read once, so that what is named again and again takes no more than the file.
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
    Ok((frames, facts))
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
            ensure!(largest.dtype() == Dtype::F32, "its largest value is no number");
            let largest = f32::from_le_bytes(largest.data().try_into().context("its largest value is none")?);
            ensure!(largest.is_finite() && largest > 0.0, "its largest value is {largest}");
            let (parts, _) = view.data().as_chunks();
            let parts = parts.iter().map(|part| f16::from_le_bytes(*part)).collect();
            (*height, *width, Pixels::Values { largest, parts })
        }
        (kind, shape) => bail!("a tensor {shape:?} of {kind:?} is no map"),
    };
    ensure!(
        (1..=MOST_HEIGHT).contains(&height) && (1..=MOST_WIDTH).contains(&width),
        "a picture of {width}×{height} is no thumbnail"
    );
    Ok(Thumbnail { size: ImageSize { height, width }, pixels })
}
