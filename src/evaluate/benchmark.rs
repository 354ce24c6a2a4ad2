//! Depth for KITTI's server, which takes 16-bit pictures of one size.

use crate::{config::ImageSize, data::DepthMap, predict::DisparityMap};

/// The size of the server's pictures.
pub const BENCHMARK_SIZE: ImageSize = ImageSize { height: 352, width: 1216 };
/// The server counts no farther depth, in metres.
const FARTHEST: f32 = 80.0;

/// The depth that the server is to get: the disparity bilinear at its size, `factor` / disparity in
/// metres, up to 80.
pub fn benchmark_depth(disparity: &DisparityMap, factor: f64) -> DepthMap {
    let ImageSize { height, width } = BENCHMARK_SIZE;
    let resized = disparity.resized(BENCHMARK_SIZE);
    let depth = |disparity: f32| (factor as f32 / disparity).clamp(0.0, FARTHEST);
    DepthMap { width, height, metres: resized.values.into_iter().map(depth).collect() }
}
