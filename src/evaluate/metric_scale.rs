//! Metric scale, metres per unit of predicted depth: from measured depth or from the road below the camera.

use super::{
    Protocol,
    metrics::{mean_and_deviation, median},
};
use crate::{
    config::ImageSize,
    data::DepthMap,
    geometry::{GroundPlane, Intrinsics},
    model::weights::MetricScale,
};
use glam::DVec3;

/// Region of the image in which the road is searched: first and end, in heights and widths of the image. The
/// last rows are left out because some cameras see the car's bonnet there.
const ROAD_ROWS: [f64; 2] = [0.65, 0.97];
const ROAD_COLUMNS: [f64; 2] = [0.3, 0.7];
/// Most points to which the road's plane is fitted.
const MAX_ROAD_POINTS: usize = 5000;
/// Smallest share of the region that lies on one plane if the region shows a road.
const MIN_INLIER_SHARE: f64 = 0.4;
/// Shares of the pixels between which depths count, and the ratio of far to near depths below which they are flat: on a
/// street it is above 3, of networks with random weights about 1.1.
const FLAT_SHARES: [f32; 2] = [0.1, 0.9];
const FLAT_RATIO: f32 = 1.25;
/// Seed of the plane's fit, fixed so that the same frames give the same scale.
const SEED: u64 = 1;

/// Metres per unit of a frame's predicted depths, given row by row at the size of `truth`: the ratio of
/// medians, true to predicted, over the pixels that count in the paper's protocol. `None` if none counts.
pub fn scale_from_depth(depths: &[f32], truth: &DepthMap) -> Option<f64> {
    let pixels = Protocol::EIGEN.pixels(truth);
    let median_of = |values: &[f32]| median(&pixels.iter().map(|index| values[*index]).collect::<Vec<_>>());
    let ratio = median_of(&truth.metres) / median_of(depths);
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// True if predicted depths are nearly the same everywhere in an image, as those of networks that have learned nothing
/// are. `depths` are in any unit.
pub fn is_flat(depths: &[f32]) -> bool {
    let mut sorted: Vec<f32> = depths.iter().copied().filter(|depth| depth.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f32| sorted.get((share * sorted.len() as f32) as usize).copied().unwrap_or(1.0);
    let [near, far] = FLAT_SHARES.map(at);
    far < near * FLAT_RATIO
}

/// Plane of the road in predicted depths (row by row, of this size), in their unit: fitted to the lower
/// middle of the image. `None` if too little of that lies on one plane below the camera.
pub fn find_road(depths: &[f32], size: ImageSize, camera: Intrinsics) -> Option<GroundPlane> {
    let range = |shares: [f64; 2], side: usize| {
        let [first, end] = shares.map(|share| (share * side as f64) as usize);
        first..end
    };
    let (rows, columns) = (range(ROAD_ROWS, size.height), range(ROAD_COLUMNS, size.width));
    let step = (rows.len() * columns.len()).div_ceil(MAX_ROAD_POINTS).max(1);
    let pixels = rows.flat_map(|y| columns.clone().map(move |x| (x, y))).step_by(step);
    let points: Vec<DVec3> = pixels
        .map(|(x, y)| {
            let ray = camera.ray(x, y, size.width, size.height);
            (ray * depths[y * size.width + x]).as_dvec3()
        })
        .filter(|point| point.is_finite())
        .collect();
    GroundPlane::fit(&points, SEED).filter(|plane| plane.inlier_share >= MIN_INLIER_SHARE)
}

/// Median of the frames' scales, with their relative standard deviation as the spread. `None` without frames.
pub fn summarise(scales: &[f64], origin: String) -> Option<MetricScale> {
    let median = median(&scales.iter().map(|scale| *scale as f32).collect::<Vec<_>>());
    let (_, deviation) = mean_and_deviation(scales);
    (!scales.is_empty()).then(|| MetricScale {
        metres_per_unit: median,
        origin,
        spread: Some(deviation / median),
        frames: Some(scales.len()),
    })
}
