//! Snapshots: what the networks said of pinned frames after a step, small and in plain memory; all of a run's
//! within a bound, and kept in its folder.

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

/// Columns of a thumbnail at most.
const MOST_WIDTH: usize = 320;

/// A map made small, for looking at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// Rows and columns.
    pub size: ImageSize,
    pixels: Pixels,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Pixels {
    /// Red, green and blue of each pixel.
    Colours(Vec<u8>),
    /// One number a pixel in parts of the largest, so that small numbers keep their digits.
    Values {
        largest: f32,
        #[serde(with = "f16_bits")]
        parts: Vec<f16>,
    },
}

impl Thumbnail {
    /// Of a map's values: planes, each row by row. Blocks of pixels become their mean; of choices their
    /// middle, and of depths that are known at some pixels only the mean of these.
    pub fn new(name: MapName, values: &[f32], size: ImageSize) -> Self {
        let step = size.width.div_ceil(MOST_WIDTH).max(1);
        let small = ImageSize { height: (size.height / step).max(1), width: (size.width / step).max(1) };
        let shrunk = |plane: &[f32]| -> Vec<f32> {
            let places = (0..small.height).flat_map(|row| (0..small.width).map(move |column| (row, column)));
            places.map(|(row, column)| block(name, plane, size, [row * step, column * step], step)).collect()
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
                let parts = plane.iter().map(|value| f16::from_f32(value / largest)).collect();
                Pixels::Values { largest, parts }
            }
        };
        Self { size: small, pixels }
    }

    /// Red, green and blue of each pixel, if it is a picture in colours.
    pub fn colours(&self) -> Option<&[u8]> {
        match &self.pixels {
            Pixels::Colours(colours) => Some(colours),
            Pixels::Values { .. } => None,
        }
    }

    /// The numbers of its pixels, row by row; none if it is a picture in colours.
    pub fn values(&self) -> impl Iterator<Item = f32> + '_ {
        let (largest, parts) = match &self.pixels {
            Pixels::Colours(_) => (0.0, &[][..]),
            Pixels::Values { largest, parts } => (*largest, &parts[..]),
        };
        parts.iter().map(move |part| part.to_f32() * largest)
    }

    /// The memory that it takes.
    pub fn bytes(&self) -> usize {
        match &self.pixels {
            Pixels::Colours(colours) => colours.len(),
            Pixels::Values { parts, .. } => size_of::<f16>() * parts.len(),
        }
    }
}

/// What stands for a block of pixels.
fn block(name: MapName, plane: &[f32], size: ImageSize, [top, left]: [usize; 2], step: usize) -> f32 {
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

/// What was seen of a frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrameMaps {
    /// The frame.
    pub key: FrameKey,
    /// The picture itself, one for all snapshots.
    pub colour: Arc<Thumbnail>,
    /// Those of the maps that were asked for and can be.
    #[serde(with = "pairs")]
    pub maps: BTreeMap<MapName, Thumbnail>,
}

/// What the networks said of all pinned frames after the same step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Steps that they had made; `None` if they are of no run.
    pub step: Option<u64>,
    /// The frames that could be read.
    pub frames: Vec<FrameMaps>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Snapshot {
    /// What was seen of a frame.
    pub fn frame(&self, key: &FrameKey) -> Option<&FrameMaps> {
        self.frames.iter().find(|frame| frame.key == *key)
    }

    /// The memory that its maps take.
    pub fn bytes(&self) -> usize {
        self.frames.iter().flat_map(|frame| frame.maps.values()).map(Thumbnail::bytes).sum()
    }
}

/// The snapshots of a run in the order of steps. When they would take more memory than they may, that
/// between the two nearest others is left out, so that they stay evenly spread; the first and the last stay.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshots {
    all: Vec<Arc<Snapshot>>,
    most_bytes: usize,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self::within(Self::MOST_BYTES)
    }
}

impl Snapshots {
    /// What they take at most, unless said otherwise: room for more than a hundred of four frames with two
    /// maps at 320×96.
    pub const MOST_BYTES: usize = 64 << 20;

    /// None yet, and never more than this.
    pub fn within(most_bytes: usize) -> Self {
        Self { all: Vec::new(), most_bytes }
    }

    /// Keeps a snapshot, in place of one after the same step. What networks of no run said is kept only as
    /// long as there is nothing of a run. Gives those that had to be left out for it.
    pub fn add(&mut self, snapshot: Arc<Snapshot>) -> Vec<Arc<Snapshot>> {
        let mut left_out = Vec::new();
        let is_of_run = |snapshot: &Arc<Snapshot>| snapshot.step.is_some();
        if is_of_run(&snapshot) {
            self.all.retain(is_of_run);
        } else if self.all.iter().any(is_of_run) {
            return left_out;
        }
        match self.all.binary_search_by_key(&snapshot.step, |other| other.step) {
            Ok(place) => self.all[place] = snapshot,
            Err(place) => self.all.insert(place, snapshot),
        }
        while self.bytes() > self.most_bytes && self.all.len() > 2 {
            let gap =
                |place: &usize| self.all[place + 1].step.unwrap_or(0) - self.all[place - 1].step.unwrap_or(0);
            // The oldest of those that are equally near to their neighbours.
            let Some(least) = (1..self.all.len() - 1).min_by_key(gap) else { break };
            left_out.push(self.all.remove(least));
        }
        left_out
    }

    /// All that are kept.
    pub fn all(&self) -> &[Arc<Snapshot>] {
        &self.all
    }

    /// The place of the last before or after this very step, else of the first; `None` if there are none.
    pub fn place_at(&self, step: u64) -> Option<usize> {
        let after = self.all.partition_point(|snapshot| snapshot.step <= Some(step));
        (!self.all.is_empty()).then_some(after.saturating_sub(1))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// The memory that they take.
    pub fn bytes(&self) -> usize {
        self.all.iter().map(|snapshot| snapshot.bytes()).sum()
    }

    /// The memory that they may take.
    pub fn most_bytes(&self) -> usize {
        self.most_bytes
    }
}

/// Half-precision numbers as their bits.
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

/// Maps by name as a list of pairs, because names are no strings, which JSON asks of keys.
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
