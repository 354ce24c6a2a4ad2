//! Sizes of images and maps.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Size of an image or map, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageSize {
    /// Size at a scale of the pyramid: each side divided by 2^scale, rounded down.
    pub fn at_scale(self, scale: usize) -> Self {
        Self { height: self.height >> scale, width: self.width >> scale }
    }

    /// Largest size of these proportions that fits into `within`, at most this size and at least one pixel.
    pub fn shrunk_into(self, within: Self) -> Self {
        let (height, width) = (self.height.max(1) as f64, self.width.max(1) as f64);
        let scale = (within.height as f64 / height).min(within.width as f64 / width).min(1.0);
        let shrunk = |length: f64| ((length * scale).round() as usize).max(1);
        Self { height: shrunk(height), width: shrunk(width) }
    }

    /// Number of pixels: height × width.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}×{}", self.width, self.height)
    }
}
