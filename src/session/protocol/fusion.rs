//! The request to fuse several frames into one point cloud.

use serde::{Deserialize, Serialize};

/// Frames that are fused into one point cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FusionRequest {
    /// Number of frames including the viewed one, half of the others on either side of it; 1 for it alone.
    pub frames: u32,
    /// Source of the poses that bring the frames into one space.
    pub poses: PoseSource,
}

impl Default for FusionRequest {
    fn default() -> Self {
        Self { frames: 1, poses: PoseSource::Predicted }
    }
}

/// Source of the motion between frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoseSource {
    /// The pose network, for each pair of adjacent frames.
    Predicted,
    /// The measured poses of the data, scaled to the unit of the predicted depths.
    Measured,
}
