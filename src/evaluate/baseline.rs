//! Scores of depth maps that ignore the image: the baselines that a network has to beat.

use super::{DepthMetrics, DepthPairs, Protocol, Truth};
use crate::data::{DepthMap, FrameKey, FrameSource};
use anyhow::Result;
use serde::Serialize;

/// A depth map that is the same for every image.
#[derive(Clone, Debug, Serialize)]
pub struct Baseline {
    /// Description of the depth map.
    pub name: String,
    /// Metrics, mean over images.
    #[serde(flatten)]
    pub metrics: DepthMetrics,
}

/// Scores the two baselines on these frames: a constant depth, which median scaling brings to metres, and a
/// flat road up to a wall, with the horizon and the distance of the wall that score best.
///
/// # Errors
/// The true depth of a frame cannot be read.
pub fn baselines(
    source: &dyn FrameSource,
    keys: &[FrameKey],
    truth: &Truth,
    protocol: &Protocol,
) -> Result<[Baseline; 2]> {
    let mut truths = Vec::new();
    for key in keys {
        truths.extend(truth.depth(source, key)?);
    }
    let score = |depth: &dyn Fn(f32) -> f32| -> DepthMetrics {
        let metrics: Vec<DepthMetrics> =
            truths.iter().filter_map(|truth| score_rows(truth, protocol, depth)).collect();
        DepthMetrics::mean(metrics.iter())
    };
    let constant = Baseline { name: "constant depth".to_owned(), metrics: score(&|_| 1.0) };

    // Depths of a road seen from a height of 1 with a focal length of 1: only ratios matter. `y` is in
    // heights of the image.
    let road = |horizon: f32, wall: f32| move |y: f32| (1.0 / (y - horizon).max(1e-6)).min(wall);
    let candidates = (30..=60).flat_map(|horizon| {
        [3.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0].map(|wall| (horizon as f32 / 100.0, wall))
    });
    let best = candidates
        .map(|(horizon, wall)| Baseline {
            name: format!(
                "flat road, horizon at {:.0} % of the height, wall at {wall} heights",
                horizon * 100.0
            ),
            metrics: score(&road(horizon, wall)),
        })
        .min_by(|a, b| a.metrics.abs_rel.total_cmp(&b.metrics.abs_rel))
        .unwrap_or_else(|| constant.clone());
    Ok([constant, best])
}

fn score_rows(truth: &DepthMap, protocol: &Protocol, depth: &dyn Fn(f32) -> f32) -> Option<DepthMetrics> {
    let pixels = protocol.pixels(truth);
    let y = |index: &usize| (index / truth.width) as f32 / truth.height as f32;
    let predicted = pixels.iter().map(|index| depth(y(index))).collect();
    let truth = pixels.iter().map(|index| truth.metres[*index]).collect();
    let pairs = DepthPairs::new(predicted, truth)?;
    Some(pairs.metrics(protocol, pairs.ratio()))
}
