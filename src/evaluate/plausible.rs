//! Plausibility of depths: whether true depths or predictions seem to be of another kind or in another unit.

use super::DepthPairs;
use crate::{
    config::ImageSize,
    data::{DataError, DepthMap, FrameKey},
};

/// Largest true depth that is doubtful as the largest of all frames, metres.
const SHORT_METRES: f32 = 1.5;
/// Least true depth that is doubtful as the least of all frames, metres.
const FAR_METRES: f32 = 100.0;
/// Mean correlation of predicted with true depth below which one of them is probably inverse.
const OPPOSED: f64 = -0.5;
/// Relative difference of aspect ratios from which predictions are probably of other pictures. Sides that are multiples
/// of 32 differ by less: 1024×320 from KITTI's 1242×375 by 3.4 %.
const OTHER_ASPECT: f64 = 0.04;
/// Least ratio, as a logarithm, by which swapping the sides must bring an aspect ratio nearer to another.
const SWAPPED: f64 = 0.1;

/// Refuses a true depth that is none for a picture of this size, if that is known.
///
/// # Errors
/// Rows and columns are swapped, or it is a mask.
pub(super) fn check_truth(
    key: &FrameKey,
    truth: &DepthMap,
    picture: Option<ImageSize>,
) -> Result<(), DataError> {
    let size = size_of(truth);
    if let Some(picture) = picture.filter(|picture| is_swapped(size, *picture)) {
        return Err(DataError::Unusable(format!(
            "the true depth of '{key}' has {size} pixels and its picture {picture}: rows and columns are swapped; save it \
             as [height, width]"
        )));
    }
    let mut known = known(truth);
    let is_mask = |level: f32| truth.metres.iter().all(|depth| *depth == 0.0 || *depth == level);
    match known.next() {
        Some(level @ (1.0 | 255.0)) if known.next().is_some() && is_mask(level) => {
            Err(DataError::Unusable(format!(
                "the true depth of '{key}' is a mask: its values are 0 and {level} only; give depth in metres"
            )))
        }
        _ => Ok(()),
    }
}

/// True if sizes fit better with the sides of one swapped.
pub(super) fn is_swapped(size: ImageSize, other: ImageSize) -> bool {
    let (aspect, other) = (aspect(size).ln(), aspect(other).ln());
    (aspect + other).abs() + SWAPPED < (aspect - other).abs()
}

fn aspect(size: ImageSize) -> f64 {
    size.width as f64 / size.height as f64
}

/// Size of a depth map.
pub(super) fn size_of(map: &DepthMap) -> ImageSize {
    ImageSize { height: map.height, width: map.width }
}

fn known(truth: &DepthMap) -> impl Iterator<Item = f32> {
    truth.metres.iter().copied().filter(|depth| depth.is_finite() && *depth > 0.0)
}

/// Plausibility of the frames that were compared so far.
#[derive(Default)]
pub(super) struct Plausibility {
    /// Least and largest true depth, metres.
    range: Option<[f32; 2]>,
    /// Sum and number of the correlations of predicted with true depth.
    correlations: (f64, usize),
    /// Sizes of a prediction and of the true depth where the aspect ratios differ.
    other_aspect: Option<[ImageSize; 2]>,
}

impl Plausibility {
    /// Adds the true depth of a frame.
    pub fn add_truth(&mut self, truth: &DepthMap) {
        for depth in known(truth) {
            let [least, largest] = self.range.unwrap_or([depth; 2]);
            self.range = Some([least.min(depth), largest.max(depth)]);
        }
    }

    /// Adds the size of a saved prediction, and of the true depth that it is compared with.
    pub fn add_sizes(&mut self, predicted: ImageSize, truth: ImageSize) {
        if (aspect(predicted) / aspect(truth) - 1.0).abs() > OTHER_ASPECT {
            self.other_aspect = Some([predicted, truth]);
        }
    }

    /// Adds the pixels of a frame that count.
    pub fn add_pairs(&mut self, pairs: &DepthPairs) {
        if let Some(correlation) = pairs.correlation() {
            self.correlations = (self.correlations.0 + correlation, self.correlations.1 + 1);
        }
    }

    /// Reason why no true depth counts that must be below `limit` metres, if all of them are farther.
    pub fn too_far(&self, limit: f32) -> Option<String> {
        let [least, largest] = self.range.filter(|[least, _]| *least >= limit)?;
        Some(format!(
            "all of them lie above {limit} m, from {least:.0} to {largest:.0}, so that {UNIT}; convert them to metres"
        ))
    }

    /// Doubts about the frames, each a sentence. `is_saved` is true for predictions from a file.
    pub fn doubts(&self, is_saved: bool) -> Vec<String> {
        let mut doubts = Vec::new();
        let (sum, frames) = self.correlations;
        let correlation = sum / frames.max(1) as f64;
        let is_opposed = correlation < OPPOSED;
        match self.range {
            Some([_, largest]) if largest <= SHORT_METRES => doubts.push(format!(
                "no true depth is above {largest:.3} m: they are probably {}, not metres",
                if is_opposed { "inverse depth (1 / metres)" } else { "divided by the largest depth (normalised)" }
            )),
            Some([least, _]) if least >= FAR_METRES => {
                doubts.push(format!("no true depth is below {least:.0} m: {UNIT}"));
            }
            _ if is_opposed && is_saved => doubts.push(format!(
                "predictions and true depths are opposed (correlation {correlation:.2}): the predictions are probably \
                 depth, not disparity (1 / depth), or the true depths disparity"
            )),
            _ if is_opposed => doubts.push(format!(
                "predictions and true depths are opposed (correlation {correlation:.2}): the networks are hardly \
                 trained, or the true depths are disparity"
            )),
            _ => {}
        }
        if let Some([predicted, truth]) = self.other_aspect {
            doubts.push(format!(
                "the predictions have {predicted} pixels and the pictures {truth}, another aspect ratio: they are compared \
                 as if stretched, and wrong if they were cropped or are of other pictures"
            ));
        }
        doubts
    }
}

const UNIT: &str = "they are probably not in metres but in centimetres, millimetres or 256ths of a metre, as KITTI's PNG \
                    files have them";
