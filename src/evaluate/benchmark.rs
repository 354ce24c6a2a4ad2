//! Depth maps for KITTI's evaluation server, which takes 16-bit images of one size.

use crate::{config::ImageSize, data::DepthMap, predict::DisparityMap};

/// Size of the server's images.
pub const BENCHMARK_SIZE: ImageSize = ImageSize { height: 352, width: 1216 };
/// Largest depth that the server counts, metres.
const MAX_DEPTH_METRES: f32 = 80.0;

/// Depth map for the server: `factor` / disparity in metres, up to 80, of the disparity resized bilinearly.
pub fn benchmark_depth(disparity: &DisparityMap, factor: f64) -> DepthMap {
    let ImageSize { height, width } = BENCHMARK_SIZE;
    let resized = disparity.resized(BENCHMARK_SIZE);
    let depth = |disparity: f32| (factor as f32 / disparity).clamp(0.0, MAX_DEPTH_METRES);
    DepthMap { width, height, metres: resized.values.into_iter().map(depth).collect() }
}
