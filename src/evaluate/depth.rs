//! Depth evaluation with median scaling, as the paper's tables are made (ALGORITHM 6).

use super::{DepthMetrics, median};
use crate::{
    compute::ops::resize_bilinear,
    config::ImageSize,
    data::{DepthMap, FrameKey, FrameSource},
    predict::Predictor,
};
use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use serde::Serialize;

/// Which pixels count, and how predictions are brought to metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Protocol {
    /// Nearest true depth that counts, in metres; predictions are clamped to it.
    pub min_depth_metres: f32,
    /// Farthest true depth that counts, in metres; predictions are clamped to it.
    pub max_depth_metres: f32,
    /// Whether only the part of the image counts that the Eigen split evaluates (Garg et al., ECCV 2016).
    pub garg_crop: bool,
}

impl Protocol {
    /// The protocol of the paper's tables.
    pub const EIGEN: Self = Self { min_depth_metres: 1e-3, max_depth_metres: 80.0, garg_crop: true };

    /// What a report says about how its numbers were made.
    pub fn describe(&self) -> String {
        let crop = if self.garg_crop { "Garg crop" } else { "whole image" };
        format!(
            "{crop}, depth {} to {} m, each image scaled by the ratio of medians, metrics averaged over images",
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
            depth > self.min_depth_metres && depth < self.max_depth_metres
        };
        rows.flat_map(|row| columns.clone().map(move |column| row * width + column)).filter(counts).collect()
    }

    /// Scales a prediction to the truth's median and compares; gives the metrics and the ratio of medians.
    pub fn compare(&self, predicted: &[f32], truth: &[f32]) -> Option<(DepthMetrics, f64)> {
        let ratio = median(truth) / median(predicted);
        let scaled: Vec<f32> = predicted
            .iter()
            .map(|depth| (depth * ratio as f32).clamp(self.min_depth_metres, self.max_depth_metres))
            .collect();
        Some((DepthMetrics::of(&scaled, truth)?, ratio))
    }
}

/// One image's result.
#[derive(Clone, Debug, Serialize)]
pub struct ImageResult {
    /// The image.
    pub key: String,
    /// Its metrics.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
    /// Median of true depths / median of predicted ones.
    pub ratio: f64,
}

/// The result over all images.
#[derive(Clone, Debug, Serialize)]
pub struct DepthEvaluation {
    /// Mean metrics.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
    /// Median over images of the ratio of medians.
    pub ratio_median: f64,
    /// Spread of the ratios relative to their median.
    pub ratio_std: f64,
    /// How many images counted.
    pub images: usize,
    /// How the numbers were made.
    pub protocol: String,
    /// Every image.
    pub per_image: Vec<ImageResult>,
}

impl DepthEvaluation {
    fn new(per_image: Vec<ImageResult>, protocol: &Protocol) -> Self {
        let ratios: Vec<f32> = per_image.iter().map(|image| image.ratio as f32).collect();
        let ratio_median = median(&ratios);
        let relative: Vec<f64> = ratios.iter().map(|ratio| f64::from(*ratio) / ratio_median).collect();
        let count = relative.len().max(1) as f64;
        let mean = relative.iter().sum::<f64>() / count;
        let variance = relative.iter().map(|ratio| (ratio - mean).powi(2)).sum::<f64>() / count;
        Self {
            metrics: DepthMetrics::mean(per_image.iter().map(|image| &image.metrics)),
            ratio_median,
            ratio_std: variance.sqrt(),
            images: per_image.len(),
            protocol: protocol.describe(),
            per_image,
        }
    }
}

/// Evaluates a network on the frames that have a true depth; `progress` is called after every frame.
///
/// # Errors
/// If a frame or its depth cannot be read, or no frame has a depth.
pub fn evaluate_depth(
    predictor: &Predictor,
    source: &dyn FrameSource,
    keys: &[FrameKey],
    protocol: &Protocol,
    mut progress: impl FnMut(),
) -> Result<DepthEvaluation> {
    let mut results = Vec::new();
    for key in keys {
        let Some(truth) = source.depth(key)? else { continue };
        let disparity = predictor.scaled_disparity(&source.image(key)?)?;
        if let Some((metrics, ratio)) = compare_disparity(disparity, &truth, protocol)? {
            results.push(ImageResult { key: key.to_string(), metrics, ratio });
        }
        progress();
    }
    if results.is_empty() {
        let first = keys.first().context("there is no frame to evaluate")?;
        bail!("none of the {} frames has a true depth; the first is {first}", keys.len());
    }
    Ok(DepthEvaluation::new(results, protocol))
}

/// Compares the disparity of one image, 1 / depth, [1, 1, h, w], with its true depth; gives the metrics
/// and the ratio of medians, or `None` if no pixel counts.
pub fn compare_disparity(
    disparity: Tensor<4>,
    truth: &DepthMap,
    protocol: &Protocol,
) -> Result<Option<(DepthMetrics, f64)>> {
    let size = ImageSize { height: truth.height, width: truth.width };
    let disparity = resize_bilinear(disparity, size).into_data().try_to_vec::<f32>()?;
    let pixels = protocol.pixels(truth);
    let predicted: Vec<f32> = pixels.iter().map(|index| 1.0 / disparity[*index]).collect();
    let truth: Vec<f32> = pixels.iter().map(|index| truth.metres[*index]).collect();
    Ok(protocol.compare(&predicted, &truth))
}
