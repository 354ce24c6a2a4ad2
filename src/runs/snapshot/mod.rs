//! Snapshots: small copies in host memory of the predictions for bookmarked frames after a step. Those of a run
//! take bounded memory and are saved in its folder.

mod file;
mod store;

pub use store::SnapshotStore;

use crate::{
    config::ImageSize,
    data::FrameKey,
    objective::{MapKind, MapName},
};
use half::f16;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Maximum columns of a thumbnail.
const MAX_WIDTH: usize = 320;

/// A map at a small size, for display.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// Rows and columns.
    pub size: ImageSize,
    pixels: Pixels,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Pixels {
    /// Red, green and blue of each pixel, row by row.
    Colours(Vec<u8>),
    /// One number per pixel, divided by the largest absolute value, so that small numbers keep their precision as
    /// f16.
    Values {
        largest: f32,
        #[serde(with = "f16_bits")]
        fractions: Vec<f16>,
    },
}

impl Thumbnail {
    /// Shrinks a map, given as planes `[channels, rows, columns]`. A block of pixels becomes its mean, in a map of
    /// categories its central pixel, and in a map of sparse depth the mean of its known pixels.
    pub fn new(name: MapName, values: &[f32], size: ImageSize) -> Self {
        let step = size.width.div_ceil(MAX_WIDTH).max(1);
        let small = ImageSize { height: (size.height / step).max(1), width: (size.width / step).max(1) };
        let shrunk = |plane: &[f32]| -> Vec<f32> {
            let positions =
                (0..small.height).flat_map(|row| (0..small.width).map(move |column| (row, column)));
            positions
                .map(|(row, column)| block_value(name, plane, size, [row * step, column * step], step))
                .collect()
        };
        let mut planes: Vec<Vec<f32>> =
            values.chunks_exact((size.height * size.width).max(1)).map(shrunk).collect();
        let pixels = match &mut planes[..] {
            [red, green, blue] => {
                let byte = |value: f32| (255.0 * value).round().clamp(0.0, 255.0) as u8;
                let colours = red.iter().zip(green).zip(blue);
                Pixels::Colours(colours.flat_map(|((r, g), b)| [*r, *g, *b].map(byte)).collect())
            }
            planes => {
                let plane = planes.first_mut().map(std::mem::take).unwrap_or_default();
                let finite = plane.iter().map(|value| value.abs()).filter(|value| value.is_finite());
                let largest = finite.fold(f32::MIN_POSITIVE, f32::max);
                let fractions = plane.iter().map(|value| f16::from_f32(value / largest)).collect();
                Pixels::Values { largest, fractions }
            }
        };
        Self { size: small, pixels }
    }

    /// Red, green and blue of each pixel, row by row; `None` for a map of numbers.
    pub fn colours(&self) -> Option<&[u8]> {
        match &self.pixels {
            Pixels::Colours(colours) => Some(colours),
            Pixels::Values { .. } => None,
        }
    }

    /// Values of the pixels, row by row; empty for an image in colours.
    pub fn values(&self) -> impl Iterator<Item = f32> + '_ {
        let (largest, fractions) = match &self.pixels {
            Pixels::Colours(_) => (0.0, &[][..]),
            Pixels::Values { largest, fractions } => (*largest, &fractions[..]),
        };
        fractions.iter().map(move |fraction| fraction.to_f32() * largest)
    }

    /// Bytes of memory that its pixels take.
    pub fn bytes(&self) -> usize {
        match &self.pixels {
            Pixels::Colours(colours) => colours.len(),
            Pixels::Values { fractions, .. } => size_of::<f16>() * fractions.len(),
        }
    }
}

/// Value that represents a block of pixels.
fn block_value(name: MapName, plane: &[f32], size: ImageSize, [top, left]: [usize; 2], step: usize) -> f32 {
    if matches!(name.kind(), MapKind::Category(_)) {
        let row = (top + step / 2).min(size.height - 1);
        return plane[row * size.width + (left + step / 2).min(size.width - 1)];
    }
    let is_sparse = name.is_sparse();
    let (mut sum, mut count) = (0.0, 0);
    for row in top..(top + step).min(size.height) {
        let row = &plane[row * size.width..][left..(left + step).min(size.width)];
        for value in row.iter().filter(|value| !is_sparse || **value != 0.0) {
            sum += value;
            count += 1;
        }
    }
    if count > 0 { sum / count as f32 } else { 0.0 }
}

/// The maps of a frame in a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameMaps {
    /// Key of the frame.
    pub key: FrameKey,
    /// Image of the frame, shared by all snapshots.
    pub colour: Arc<Thumbnail>,
    /// Requested maps that could be computed.
    #[serde(with = "pairs")]
    pub maps: BTreeMap<MapName, Thumbnail>,
}

/// The maps of all bookmarked frames after the same step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Number of steps that the networks were trained for; `None` if they do not belong to a run.
    pub step: Option<u64>,
    /// Frames that could be read.
    pub frames: Vec<FrameMaps>,
    /// Seconds that computing it took.
    pub seconds: f64,
}

impl Snapshot {
    /// Maps of one of the frames; `None` if it is not in the snapshot.
    pub fn frame(&self, key: &FrameKey) -> Option<&FrameMaps> {
        self.frames.iter().find(|frame| frame.key == *key)
    }

    /// Bytes of memory that its maps take.
    pub fn bytes(&self) -> usize {
        self.frames.iter().flat_map(|frame| frame.maps.values()).map(Thumbnail::bytes).sum()
    }
}

/// The snapshots of a run in order of steps, within a bound of memory. Beyond the bound the snapshot whose neighbours
/// are nearest to each other goes, so that the others stay evenly spread; the first and the last always stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshots {
    all: Vec<Arc<Snapshot>>,
    most_bytes: usize,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self::within(Self::MAX_BYTES)
    }
}

impl Snapshots {
    /// Default bound in bytes: room for more than a hundred snapshots of four frames with two maps at 320×96.
    pub const MAX_BYTES: usize = 64 << 20;

    /// Empty, with a bound of `most_bytes`.
    pub fn within(most_bytes: usize) -> Self {
        Self { all: Vec::new(), most_bytes }
    }

    /// Adds a snapshot, replacing one of the same step. Snapshots of networks that do not belong to a run are
    /// dropped as soon as there is one of a run. Returns the snapshots removed to stay within the bound.
    pub fn add(&mut self, snapshot: Arc<Snapshot>) -> Vec<Arc<Snapshot>> {
        let mut left_out = Vec::new();
        let is_of_run = |snapshot: &Arc<Snapshot>| snapshot.step.is_some();
        if is_of_run(&snapshot) {
            self.all.retain(is_of_run);
        } else if self.all.iter().any(is_of_run) {
            return left_out;
        }
        match self.all.binary_search_by_key(&snapshot.step, |other| other.step) {
            Ok(index) => self.all[index] = snapshot,
            Err(index) => self.all.insert(index, snapshot),
        }
        while self.bytes() > self.most_bytes && self.all.len() > 2 {
            let gap =
                |index: &usize| self.all[index + 1].step.unwrap_or(0) - self.all[index - 1].step.unwrap_or(0);
            // The first of several equal gaps, which is the oldest.
            let Some(narrowest) = (1..self.all.len() - 1).min_by_key(gap) else { break };
            left_out.push(self.all.remove(narrowest));
        }
        left_out
    }

    /// Snapshots in order of steps.
    pub fn all(&self) -> &[Arc<Snapshot>] {
        &self.all
    }

    /// Index of the last snapshot up to `step`, else 0; `None` if there are no snapshots.
    pub fn index_at(&self, step: u64) -> Option<usize> {
        let after = self.all.partition_point(|snapshot| snapshot.step <= Some(step));
        (!self.all.is_empty()).then_some(after.saturating_sub(1))
    }

    /// Removes all snapshots.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// Bytes of memory that they take.
    pub fn bytes(&self) -> usize {
        self.all.iter().map(|snapshot| snapshot.bytes()).sum()
    }

    /// Bound of memory in bytes.
    pub fn most_bytes(&self) -> usize {
        self.most_bytes
    }
}

/// Serialises half-precision numbers as their bits.
mod f16_bits {
    use half::f16;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(values: &[f16], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| value.to_bits()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f16>, D::Error> {
        Ok(Vec::<u16>::deserialize(deserializer)?.into_iter().map(f16::from_bits).collect())
    }
}

/// Serialises maps by name as a list of pairs, because keys of JSON must be strings.
mod pairs {
    use super::{BTreeMap, MapName, Thumbnail};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(
        maps: &BTreeMap<MapName, Thumbnail>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(maps)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<MapName, Thumbnail>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
