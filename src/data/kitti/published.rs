//! Cameras that KITTI published, by which its calibration files are recognised.

use super::BASELINE_METRES;
use crate::geometry::Intrinsics;

/// Focal length and principal point of the rectified cameras, and the size of their pictures, pixels, by recording day:
/// 26, 28, 29 and 30 September and 3 October 2011. The odometry sequences are from these days too.
const PUBLISHED: [([f64; 3], [f64; 2]); 5] = [
    ([721.5377, 609.5593, 172.854], [1242.0, 375.0]),
    ([707.0493, 604.0814, 180.5066], [1224.0, 370.0]),
    ([718.3351, 600.3891, 181.5122], [1238.0, 374.0]),
    ([707.0912, 601.8873, 183.1104], [1226.0, 370.0]),
    ([718.856, 607.1928, 185.2157], [1241.0, 376.0]),
];
/// Largest difference of equal lengths, pixels: files are written with seven digits.
const SAME: f64 = 0.01;
/// Largest relative difference of the focal lengths of the one camera that the paper takes.
const SAME_FOCAL: f64 = 1e-3;
/// Largest difference between published distances of the two cameras and the rounded one, metres.
const SAME_BASELINE: f64 = 0.02;

/// Size of the pictures that these lengths are published for, `[focal_x, focal_y, centre_x, centre_y]` in pixels; `None`
/// if they are not KITTI's.
pub fn published_size([focal_x, focal_y, centre_x, centre_y]: [f64; 4]) -> Option<[f64; 2]> {
    let is_it = |[focal, x, y]: [f64; 3]| {
        [focal_x - focal, focal_y - focal, centre_x - x, centre_y - y]
            .iter()
            .all(|change| change.abs() < SAME)
    };
    PUBLISHED.into_iter().find(|(camera, _)| is_it(*camera)).map(|(_, size)| size)
}

/// True if these lengths in pixels are published, or are those of the one camera that the method takes for KITTI in
/// pictures of this size, and so is the distance of the cameras if it is known.
pub(super) fn is_published(
    lengths: [f64; 4],
    [width, height]: [f64; 2],
    baseline_metres: Option<f64>,
) -> bool {
    let [focal_x, focal_y, centre_x, centre_y] = lengths;
    let Intrinsics { focal_x: x, focal_y: y, centre_x: u, centre_y: v } = Intrinsics::KITTI;
    let is_near =
        |length: f64, part: f32, side: f64| (length / (f64::from(part) * side) - 1.0).abs() < SAME_FOCAL;
    // KITTI counts pixels from 1.
    let is_middle = |length: f64, part: f32, side: f64| (length - f64::from(part) * side).abs() < 1.0 + SAME;
    let is_of_method = is_near(focal_x, x, width)
        && is_near(focal_y, y, height)
        && is_middle(centre_x, u, width)
        && is_middle(centre_y, v, height);
    let is_distance = |metres: f64| (metres - BASELINE_METRES).abs() < SAME_BASELINE;
    (is_of_method || published_size(lengths).is_some()) && baseline_metres.is_none_or(is_distance)
}
