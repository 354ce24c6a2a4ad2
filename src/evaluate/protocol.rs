//! Which pixels count, and how predictions are brought to metres: the choices under
//! [Depth evaluation](crate::objective::method#depth-evaluation) of the method.

use super::{DepthMetrics, median};
use crate::{config::ImageSize, data::DepthMap, predict::DisparityMap};
use serde::Serialize;

/// How predicted depth is brought to metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Each image by the ratio of its medians, true to predicted.
    MedianOfEach,
    /// All images by the median of their ratios of medians (paper, supplement D.2).
    MedianOfAll,
    /// By a factor that is known.
    Factor(f64),
}

/// Which pixels count, and how predictions are brought to metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Protocol {
    /// Truth counts above this, in metres.
    pub truth_above_metres: f32,
    /// Truth counts below this, in metres.
    pub truth_below_metres: f32,
    /// Predictions are clamped from here, in metres.
    pub min_depth_metres: f32,
    /// Predictions are clamped to here, in metres.
    pub max_depth_metres: f32,
    /// Whether only the part of the image counts that the Eigen split evaluates (Garg et al., ECCV 2016).
    pub garg_crop: bool,
    /// How predictions are brought to metres.
    pub scaling: Scaling,
}

/// Predicted and true depth of the pixels of an image that count.
#[derive(Clone, Debug)]
pub struct DepthPairs {
    predicted: Vec<f32>,
    truth: Vec<f32>,
}

impl Protocol {
    /// The protocol of the paper's tables.
    pub const EIGEN: Self = Self {
        truth_above_metres: 1e-3,
        truth_below_metres: 80.0,
        min_depth_metres: 1e-3,
        max_depth_metres: 80.0,
        garg_crop: true,
        scaling: Scaling::MedianOfEach,
    };

    /// The protocol with KITTI's improved ground truth: all of it counts.
    pub const EIGEN_BENCHMARK: Self =
        Self { truth_above_metres: 0.0, truth_below_metres: f32::INFINITY, garg_crop: false, ..Self::EIGEN };

    /// What a report says about how its numbers were made.
    pub fn describe(&self) -> String {
        let crop = if self.garg_crop { "Garg crop" } else { "whole image" };
        let truth = if self.truth_below_metres.is_finite() {
            format!("true depth above {} and below {} m", self.truth_above_metres, self.truth_below_metres)
        } else {
            format!("all true depth above {} m", self.truth_above_metres)
        };
        let scaling = match self.scaling {
            Scaling::MedianOfEach => "each image scaled by its ratio of medians".to_owned(),
            Scaling::MedianOfAll => "all images scaled by the median of their ratios of medians".to_owned(),
            Scaling::Factor(factor) => format!("no median scaling, depth × {factor}"),
        };
        format!(
            "{crop}, {truth}, disparity resized bilinearly, {scaling}, predictions clamped to {} to {} m, \
             metrics averaged over images",
            self.min_depth_metres, self.max_depth_metres
        )
    }

    /// The indices of the pixels of a depth map that count.
    pub fn pixels(&self, truth: &DepthMap) -> Vec<usize> {
        let part = |share: f64, side: usize| (share * side as f64) as usize;
        let (height, width) = (truth.height, truth.width);
        let (rows, columns) = if self.garg_crop {
            (
                part(0.408_108_11, height)..part(0.991_891_89, height),
                part(0.035_947_71, width)..part(0.964_052_29, width),
            )
        } else {
            (0..height, 0..width)
        };
        let counts = |index: &usize| {
            let depth = truth.metres[*index];
            depth > self.truth_above_metres && depth < self.truth_below_metres
        };
        rows.flat_map(|row| columns.clone().map(move |column| row * width + column)).filter(counts).collect()
    }

    /// Predicted and true depth where it counts; `None` if no pixel does. The disparity is resized
    /// bilinearly to the size of the truth.
    pub fn pairs(&self, disparity: &DisparityMap, truth: &DepthMap) -> Option<DepthPairs> {
        let pixels = self.pixels(truth);
        let disparities = disparity.at(&pixels, ImageSize { height: truth.height, width: truth.width });
        let predicted = disparities.into_iter().map(|disparity| 1.0 / disparity).collect();
        DepthPairs::new(predicted, pixels.iter().map(|pixel| truth.metres[*pixel]).collect())
    }
}

impl DepthPairs {
    /// Pairs depths in metres; `None` without any.
    ///
    /// # Panics
    /// If there are not as many predicted as true depths.
    pub fn new(predicted: Vec<f32>, truth: Vec<f32>) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "depths to compare");
        (!truth.is_empty()).then_some(Self { predicted, truth })
    }

    /// How many pixels count.
    pub fn pixels(&self) -> usize {
        self.truth.len()
    }

    /// Median of the true depths / median of the predicted ones.
    pub fn ratio(&self) -> f64 {
        median(&self.truth) / median(&self.predicted)
    }

    /// The metrics with predictions × `factor`, clamped as the protocol says.
    pub fn metrics(&self, protocol: &Protocol, factor: f64) -> DepthMetrics {
        let scaled: Vec<f32> = self.scaled(protocol, factor).map(|(predicted, _)| predicted).collect();
        DepthMetrics::of(&scaled, &self.truth).unwrap_or_default()
    }

    /// Predicted depth × `factor`, clamped as the protocol says, with the true one, in metres.
    pub(super) fn scaled(&self, protocol: &Protocol, factor: f64) -> impl Iterator<Item = (f32, f32)> {
        let range = protocol.min_depth_metres..=protocol.max_depth_metres;
        let scale = move |depth: &f32| (depth * factor as f32).clamp(*range.start(), *range.end());
        self.predicted.iter().map(scale).zip(self.truth.iter().copied())
    }
}
