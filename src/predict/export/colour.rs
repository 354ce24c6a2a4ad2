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
    pub fn of(values: impl Iterator<Item = f32> + Clone) -> Self {
        let min = values.clone().fold(f32::INFINITY, f32::min);
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

/// The value below which this share of values lies, interpolated linearly as NumPy does. It counts the values twice, by
/// the upper and then by the lower half of their bits, instead of holding all of them.
fn percentile(values: impl Iterator<Item = f32> + Clone, share: f64) -> f32 {
    const HALVES: usize = 1 << 16;
    let mut upper = vec![0usize; HALVES];
    values.clone().for_each(|value| upper[(in_order(value) >> 16) as usize] += 1);
    let position = share * (upper.iter().sum::<usize>() - 1) as f64;
    let half_of = |counts: &[usize], mut rank: usize| {
        counts.iter().position(|count| {
            let is_here = rank < *count;
            rank -= if is_here { 0 } else { *count };
            is_here
        })
    };
    let half = half_of(&upper, position as usize).expect("there are values") as u32;
    let before: usize = upper[..half as usize].iter().sum();
    let (mut lower, mut above) = (vec![0usize; HALVES], u32::MAX);
    for bits in values.map(in_order) {
        if bits >> 16 == half {
            lower[(bits & 0xFFFF) as usize] += 1;
        } else if bits >> 16 > half {
            above = above.min(bits);
        }
    }
    let rank = position as usize - before;
    let value = |rank| half_of(&lower, rank).map(|low| out_of_order(half << 16 | low as u32));
    let below = value(rank).expect("the half has the value");
    let next = value(rank + 1).or((above < u32::MAX).then(|| out_of_order(above))).unwrap_or(below);
    below + (next - below) * position.fract() as f32
}

/// Bits of a value as a number in the order of the values.
fn in_order(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The value of [`in_order`]'s bits.
fn out_of_order(bits: u32) -> f32 {
    f32::from_bits(if bits >> 31 == 0 { !bits } else { bits & !(1 << 31) })
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
pub fn colour_picture(
    values: impl Iterator<Item = f32>,
    size: ImageSize,
    range: ColourRange,
    colours: Colormap,
) -> RgbImage {
    let mut picture = RgbImage::new(size.width as u32, size.height as u32);
    for (pixel, value) in picture.pixels_mut().zip(values) {
        *pixel = Rgb(colours.colour(range.share(value)));
    }
    picture
}
