//! How wrong predictions are at which distance.

use serde::{Deserialize, Serialize};

/// Where one range of distances ends and the next begins, in metres.
const EDGES_METRES: [f32; 9] = [0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0];

/// The pixels whose true depth lies in a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DistanceRange {
    /// The nearest true depth, in metres.
    pub from_metres: f32,
    /// The farthest true depth, in metres.
    pub to_metres: f32,
    /// How many pixels they are.
    pub pixels: usize,
    /// Mean of |true − predicted| / true over them; 0 without any.
    pub abs_rel: f64,
    /// Mean of (predicted − true) / true over them: above 0 they are predicted too far.
    pub bias: f64,
}

/// Sums for each range, to which image after image is added.
#[derive(Clone, Debug, Default)]
pub(super) struct ErrorByDistance([Sums; EDGES_METRES.len() - 1]);

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    pixels: usize,
    errors: f64,
    biases: f64,
}

impl ErrorByDistance {
    /// Adds pixels of an image, both depths in metres. What lies beyond the last range is left out.
    pub fn add(&mut self, pairs: impl Iterator<Item = (f32, f32)>) {
        for (predicted, truth) in pairs {
            let range = EDGES_METRES[1..].iter().position(|end| truth < *end);
            if let Some(sums) = range.and_then(|range| self.0.get_mut(range)) {
                let relative = f64::from(predicted - truth) / f64::from(truth);
                sums.pixels += 1;
                sums.errors += relative.abs();
                sums.biases += relative;
            }
        }
    }

    /// The ranges that have pixels.
    pub fn ranges(&self) -> Vec<DistanceRange> {
        let range = |(edges, sums): (&[f32], &Sums)| DistanceRange {
            from_metres: edges[0],
            to_metres: edges[1],
            pixels: sums.pixels,
            abs_rel: sums.errors / sums.pixels as f64,
            bias: sums.biases / sums.pixels as f64,
        };
        let ranges = EDGES_METRES.windows(2).zip(&self.0);
        ranges.filter(|(_, sums)| sums.pixels > 0).map(range).collect()
    }
}
