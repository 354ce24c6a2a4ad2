//! Metres in a unit of predicted depth: from measured depth, from the road below the camera, or from one
//! known distance.

use super::{Protocol, median};
use crate::{
    config::ImageSize,
    data::DepthMap,
    geometry::{GroundPlane, Intrinsics},
    model::weights::MetricScale,
};
use glam::DVec3;

/// The part of a picture where the road is looked for: rows and columns, in parts of height and width.
/// Its last rows are left out because some cameras see their own bonnet there.
const ROAD_ROWS: [f64; 2] = [0.65, 0.97];
const ROAD_COLUMNS: [f64; 2] = [0.3, 0.7];
/// As many points of the road are enough.
const ROAD_POINTS: usize = 5000;
/// Where less of that part lies on one plane, it shows no road.
const LEAST_INLIER_SHARE: f64 = 0.4;
/// For draws of points, so that the same frames give the same scale.
const SEED: u64 = 1;

/// The scale that a frame's measured depth gives predicted depths of the same size: the ratio of medians
/// over the pixels that count in the paper's protocol. `None` if none counts.
pub fn scale_from_depth(depths: &[f32], truth: &DepthMap) -> Option<f64> {
    let pixels = Protocol::EIGEN.pixels(truth);
    let of = |values: &[f32]| median(&pixels.iter().map(|index| values[*index]).collect::<Vec<_>>());
    let ratio = of(&truth.metres) / of(depths);
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

/// The plane of the road in predicted depths, row by row, in their unit: fitted to the lower middle of the
/// picture. `None` if too little of it lies on one plane below the camera.
pub fn find_road(depths: &[f32], size: ImageSize, camera: Intrinsics) -> Option<GroundPlane> {
    let part = |shares: [f64; 2], side: usize| {
        let [first, end] = shares.map(|share| (share * side as f64) as usize);
        first..end
    };
    let (rows, columns) = (part(ROAD_ROWS, size.height), part(ROAD_COLUMNS, size.width));
    let step = (rows.len() * columns.len()).div_ceil(ROAD_POINTS).max(1);
    let pixels = rows.flat_map(|row| columns.clone().map(move |column| (row, column))).step_by(step);
    let points: Vec<DVec3> = pixels
        .map(|(row, column)| {
            let ray = camera.ray(column, row, size.width, size.height);
            (ray * depths[row * size.width + column]).as_dvec3()
        })
        .filter(|point| point.is_finite())
        .collect();
    GroundPlane::fit(&points, SEED).filter(|plane| plane.inlier_share >= LEAST_INLIER_SHARE)
}

/// The scale of the frames together: their median, with the spread around it. `None` without frames.
pub fn summarise(scales: &[f64], origin: String) -> Option<MetricScale> {
    let middle = median(&scales.iter().map(|scale| *scale as f32).collect::<Vec<_>>());
    let count = scales.len() as f64;
    let mean = scales.iter().sum::<f64>() / count;
    let variance = scales.iter().map(|scale| (scale - mean).powi(2)).sum::<f64>() / count;
    (!scales.is_empty()).then(|| MetricScale {
        metres_per_unit: middle,
        origin,
        spread: Some(variance.sqrt() / middle),
        frames: Some(scales.len()),
    })
}
