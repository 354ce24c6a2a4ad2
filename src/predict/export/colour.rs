//! Disparity in colours: the published range of one picture, or one range for a sequence.

use crate::{config::ImageSize, geometry::colormap::Colormap};
use image::{Rgb, RgbImage};
use serde::Serialize;
use std::collections::BTreeMap;

/// The fraction of disparities up to the last colour; larger ones are saturated.
const SATURATED_ABOVE: f64 = 0.95;

/// The disparities that the first and the last colour stand for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ColourRange {
    /// Disparity of the first colour.
    #[serde(rename = "least")]
    pub min: f32,
    /// Disparity of the last colour.
    #[serde(rename = "most")]
    pub max: f32,
}

impl ColourRange {
    /// The range of the published pictures: from the minimum to the 95th percentile.
    ///
    /// # Panics
    /// If there are no values.
    pub fn of(values: &[f32]) -> Self {
        let min = values.iter().copied().fold(f32::INFINITY, f32::min);
        Self { min, max: percentile(values, SATURATED_ABOVE) }
    }

    /// Position of a value between the first colour, 0, and the last, 1.
    pub fn share(self, value: f32) -> f32 {
        (value - self.min) / (self.max - self.min).max(f32::EPSILON)
    }

    /// The value at a fraction between the two ends of the range.
    pub fn value(self, share: f32) -> f32 {
        self.min + (self.max - self.min) * share
    }
}

/// The value below which this share of values lies, interpolated linearly as NumPy does.
fn percentile(values: &[f32], share: f64) -> f32 {
    let mut values = values.to_vec();
    let position = share * (values.len() - 1) as f64;
    let weight = position.fract() as f32;
    let (_, below, above) = values.select_nth_unstable_by(position as usize, f32::total_cmp);
    let next = above.iter().copied().min_by(f32::total_cmp).unwrap_or(*below);
    *below + (next - *below) * weight
}

/// The published range of all pictures of a sequence together.
#[derive(Default)]
pub struct SequenceRange {
    /// Number of values that begin with these bits. The bits of floats above 0 are in the order of the floats.
    counts: BTreeMap<u32, u64>,
}

impl SequenceRange {
    /// Leaves 11 bits of precision: values that differ by 0.05 % are distinguished.
    const DROPPED_BITS: u32 = 12;

    /// Takes the disparities of one more picture, all above 0.
    pub fn add(&mut self, values: &[f32]) {
        for value in values {
            *self.counts.entry(value.to_bits() >> Self::DROPPED_BITS).or_default() += 1;
        }
    }

    /// From the minimum to the 95th percentile of all; `None` before any.
    pub fn range(&self) -> Option<ColourRange> {
        let total: u64 = self.counts.values().sum();
        let value = |bits: &u32| f32::from_bits(bits << Self::DROPPED_BITS);
        let mut seen = 0;
        let most = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen as f64 >= SATURATED_ABOVE * total as f64
        });
        Some(ColourRange { min: value(self.counts.keys().next()?), max: value(most?.0) })
    }
}

/// Colours values, row by row.
pub fn colour_picture(values: &[f32], size: ImageSize, range: ColourRange, colours: Colormap) -> RgbImage {
    RgbImage::from_fn(size.width as u32, size.height as u32, |x, y| {
        Rgb(colours.colour(range.share(values[y as usize * size.width + x as usize])))
    })
}
