//! Conversion of the network's disparity to scaled disparity and depth.

use crate::config::ObjectiveConfig;

/// Range of the depths that a network can express: disparity 0 is `max`, disparity 1 is `min`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthRange {
    /// Nearest depth.
    pub min: f32,
    /// Farthest depth.
    pub max: f32,
}

impl DepthRange {
    /// Scaled disparity, 1 / depth, of a network output in [0, 1]:
    /// `1/max + (1/min − 1/max)·disparity` (paper section 3).
    pub fn scaled_disparity(self, disparity: f32) -> f32 {
        let (offset, slope) = self.coefficients();
        offset + slope * disparity
    }

    /// Offset and slope of [`Self::scaled_disparity`]: `(1/max, 1/min − 1/max)`.
    pub fn coefficients(self) -> (f32, f32) {
        let offset = 1.0 / self.max;
        (offset, 1.0 / self.min - offset)
    }
}

impl From<&ObjectiveConfig> for DepthRange {
    fn from(config: &ObjectiveConfig) -> Self {
        Self { min: config.min_depth, max: config.max_depth }
    }
}
