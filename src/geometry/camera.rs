//! The pinhole camera.

use glam::Vec3;
use serde::{Deserialize, Serialize};

/// Pinhole intrinsics, normalised: focal lengths and principal point divided by the image's width
/// and height, so that they hold at every size (ALGORITHM 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intrinsics {
    /// Horizontal focal length / width.
    pub focal_x: f32,
    /// Vertical focal length / height.
    pub focal_y: f32,
    /// Column of the principal point / width.
    pub centre_x: f32,
    /// Row of the principal point / height.
    pub centre_y: f32,
}

impl Intrinsics {
    /// The one camera that the method assumes for all of KITTI: an average focal length and a
    /// centred principal point (paper section 4.1).
    pub const KITTI: Self = Self { focal_x: 0.58, focal_y: 1.92, centre_x: 0.5, centre_y: 0.5 };

    /// The camera of the mirrored image.
    pub fn mirrored(self) -> Self {
        Self { centre_x: 1.0 - self.centre_x, ..self }
    }

    /// `[focal_x, focal_y, centre_x, centre_y]` in pixels of an image of this width and height.
    pub fn in_pixels(self, width: usize, height: usize) -> [f32; 4] {
        let (width, height) = (width as f32, height as f32);
        [self.focal_x * width, self.focal_y * height, self.centre_x * width, self.centre_y * height]
    }

    /// The direction in which the camera sees a pixel of an image of this width and height, as far as one
    /// unit along its axis (x right, y down, z forward): times a depth it is a point. Whole coordinates are
    /// pixel centres, as in the objective (ALGORITHM 3).
    pub fn ray(self, column: usize, row: usize, width: usize, height: usize) -> Vec3 {
        let [focal_x, focal_y, centre_x, centre_y] = self.in_pixels(width, height);
        Vec3::new((column as f32 - centre_x) / focal_x, (row as f32 - centre_y) / focal_y, 1.0)
    }
}
