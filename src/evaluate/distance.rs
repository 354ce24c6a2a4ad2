//! Errors of predictions by range of true depth.

use serde::{Deserialize, Serialize};

/// Edges of the ranges, metres.
const EDGES_METRES: [f32; 9] = [0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0];

/// Errors of the pixels whose true depth lies in a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DistanceRange {
    /// Start of the range, metres.
    pub from_metres: f32,
    /// End of the range, metres; not included.
    pub to_metres: f32,
    /// Number of pixels.
    pub pixels: usize,
    /// Mean of |true − predicted| / true.
    pub abs_rel: f64,
    /// Mean of (predicted − true) / true: positive if the predictions are too far.
    pub bias: f64,
}

/// Sums for each range, to which the images are added one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct ErrorByDistance([Sums; EDGES_METRES.len() - 1]);

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    pixels: usize,
    errors: f64,
    biases: f64,
}

impl ErrorByDistance {
    /// Adds pixels of an image as (predicted, true) depth in metres. Pixels beyond the last range are left out.
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

    /// Errors of the ranges that have pixels.
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
