//! Protocols of depth evaluation: the pixels that count, and the conversion of predictions to metres
//! ([Depth evaluation](crate::objective::method#depth-evaluation) of the method).

use super::{DepthMetrics, median, metrics::mean_and_deviation};
use crate::{config::ImageSize, data::DepthMap, predict::DisparityMap};
use serde::Serialize;

/// Conversion of predicted depth to metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Each image is scaled by its ratio of medians, true to predicted.
    MedianOfEach,
    /// All images are scaled by the median of their ratios of medians (paper, supplement D.2).
    MedianOfAll,
    /// All images are scaled by a known factor, metres per unit.
    Factor(f64),
}

/// Pixels that count, and conversion of predictions to metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Protocol {
    /// True depth counts above this, metres.
    pub truth_above_metres: f32,
    /// True depth counts below this, metres.
    pub truth_below_metres: f32,
    /// Lower bound to which predictions are clamped, metres.
    pub min_depth_metres: f32,
    /// Upper bound to which predictions are clamped, metres.
    pub max_depth_metres: f32,
    /// True if only the crop of Garg et al. (ECCV 2016) counts.
    pub has_garg_crop: bool,
    /// Conversion of predictions to metres.
    pub scaling: Scaling,
}

/// Predicted and true depth of the pixels of an image that count.
#[derive(Clone, Debug)]
pub struct DepthPairs {
    predicted: Vec<f32>,
    truth: Vec<f32>,
}

impl Protocol {
    /// Protocol of the paper's tables.
    pub const EIGEN: Self = Self {
        truth_above_metres: 1e-3,
        truth_below_metres: 80.0,
        min_depth_metres: 1e-3,
        max_depth_metres: 80.0,
        has_garg_crop: true,
        scaling: Scaling::MedianOfEach,
    };

    /// Protocol with KITTI's improved ground truth: all of it counts.
    pub const EIGEN_BENCHMARK: Self = Self {
        truth_above_metres: 0.0,
        truth_below_metres: f32::INFINITY,
        has_garg_crop: false,
        ..Self::EIGEN
    };

    /// Description for the report.
    pub fn describe(&self) -> String {
        let crop = if self.has_garg_crop { "Garg crop" } else { "whole image" };
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

    /// Indices of the pixels of a depth map that count, row by row.
    pub fn pixels(&self, truth: &DepthMap) -> Vec<usize> {
        let index = |share: f64, side: usize| (share * side as f64) as usize;
        let (height, width) = (truth.height, truth.width);
        let (rows, columns) = if self.has_garg_crop {
            (
                index(0.408_108_11, height)..index(0.991_891_89, height),
                index(0.035_947_71, width)..index(0.964_052_29, width),
            )
        } else {
            (0..height, 0..width)
        };
        let counts = |index: &usize| {
            let depth = truth.metres[*index];
            depth > self.truth_above_metres && depth < self.truth_below_metres
        };
        rows.flat_map(|y| columns.clone().map(move |x| y * width + x)).filter(counts).collect()
    }

    /// Predicted and true depth of the pixels that count; `None` if none does. The disparity is resized
    /// bilinearly to the size of the true depth.
    pub fn pairs(&self, disparity: &DisparityMap, truth: &DepthMap) -> Option<DepthPairs> {
        let pixels = self.pixels(truth);
        let disparities = disparity.at(&pixels, ImageSize { height: truth.height, width: truth.width });
        let predicted = disparities.into_iter().map(|disparity| 1.0 / disparity).collect();
        DepthPairs::new(predicted, pixels.iter().map(|pixel| truth.metres[*pixel]).collect())
    }
}

impl DepthPairs {
    /// Pairs predicted depths in their unit with true depths in metres; `None` without any.
    ///
    /// # Panics
    /// Panics if the numbers of predicted and true depths differ.
    pub fn new(predicted: Vec<f32>, truth: Vec<f32>) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "depths to compare");
        (!truth.is_empty()).then_some(Self { predicted, truth })
    }

    /// Number of pixels that count.
    pub fn pixels(&self) -> usize {
        self.truth.len()
    }

    /// Correlation of the logarithms of predicted and true depths; `None` if one of them hardly varies.
    pub(super) fn correlation(&self) -> Option<f64> {
        const LEAST_DEVIATION: f64 = 1e-3;
        let logarithms = |depths: &[f32]| -> Vec<f64> { depths.iter().map(|d| f64::from(*d).ln()).collect() };
        let (predicted, truth) = (logarithms(&self.predicted), logarithms(&self.truth));
        let [(mean, deviation), (true_mean, true_deviation)] =
            [mean_and_deviation(&predicted), mean_and_deviation(&truth)];
        let products = predicted.iter().zip(&truth).map(|(a, b)| (a - mean) * (b - true_mean));
        let covariance = products.sum::<f64>() / truth.len() as f64;
        let correlation = covariance / (deviation * true_deviation);
        (deviation.min(true_deviation) > LEAST_DEVIATION && correlation.is_finite()).then_some(correlation)
    }

    /// Ratio of medians, true / predicted depth.
    pub fn ratio(&self) -> f64 {
        median(&self.truth) / median(&self.predicted)
    }

    /// Metrics of the predictions × `factor`, clamped as the protocol says.
    pub fn metrics(&self, protocol: &Protocol, factor: f64) -> DepthMetrics {
        let scaled: Vec<f32> = self.scaled(protocol, factor).map(|(predicted, _)| predicted).collect();
        DepthMetrics::of(&scaled, &self.truth).unwrap_or_default()
    }

    /// Pairs of predicted depth × `factor`, clamped as the protocol says, and true depth, metres.
    pub(super) fn scaled(&self, protocol: &Protocol, factor: f64) -> impl Iterator<Item = (f32, f32)> {
        let range = protocol.min_depth_metres..=protocol.max_depth_metres;
        let scale = move |depth: &f32| (depth * factor as f32).clamp(*range.start(), *range.end());
        self.predicted.iter().map(scale).zip(self.truth.iter().copied())
    }
}
