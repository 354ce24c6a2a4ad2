//! The pinhole camera.

use glam::Vec3;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Usual horizontal fields of view of cameras that look at the road, degrees.
const USUAL_FIELDS_OF_VIEW: RangeInclusive<f32> = 25.0..=130.0;
/// Largest usual deviation of a pixel's aspect ratio from 1. The paper's one camera for KITTI is off by 0.003.
const USUAL_STRETCH: f32 = 0.05;
/// Largest usual distance of the principal point from the middle, in sides of the image. Crops of KITTI's size
/// come to about 0.08 of the height.
const USUAL_OFF_CENTRE: f32 = 0.15;

/// Pinhole intrinsics, normalised: focal lengths and principal point divided by the image's width
/// and height, so that they hold at every size ([Coordinates](crate::objective::method#coordinates) of the
/// method).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intrinsics {
    /// Horizontal focal length / width.
    pub focal_x: f32,
    /// Vertical focal length / height.
    pub focal_y: f32,
    /// x of the principal point / width.
    pub centre_x: f32,
    /// y of the principal point / height.
    pub centre_y: f32,
}

impl Intrinsics {
    /// The one camera that the method assumes for all of KITTI: an average focal length and a
    /// centred principal point (paper section 4.1).
    pub const KITTI: Self = Self { focal_x: 0.58, focal_y: 1.92, centre_x: 0.5, centre_y: 0.5 };

    /// Intrinsics of the image mirrored left to right.
    pub fn mirrored(self) -> Self {
        Self { centre_x: 1.0 - self.centre_x, ..self }
    }

    /// Horizontal field of view, degrees.
    pub fn field_of_view_degrees(self) -> f32 {
        let half = |width: f32| (width / self.focal_x).atan();
        (half(self.centre_x) + half(1.0 - self.centre_x)).to_degrees()
    }

    /// Warnings about intrinsics that are unusual for a camera of a car, each a clause; empty for a usual camera.
    /// `aspect` is width / height of the images as they were taken.
    pub fn warnings(self, aspect: f32) -> Vec<String> {
        let mut warnings = Vec::new();
        let degrees = self.field_of_view_degrees();
        if !USUAL_FIELDS_OF_VIEW.contains(&degrees) {
            warnings.push(format!(
                "it sees {degrees:.0}° across, where {:.0}° to {:.0}° is usual: are the focal length and the \
                 pictures of one size?",
                USUAL_FIELDS_OF_VIEW.start(),
                USUAL_FIELDS_OF_VIEW.end()
            ));
        }
        let stretch = self.focal_x * aspect / self.focal_y;
        if (stretch - 1.0).abs() > USUAL_STRETCH {
            warnings.push(format!(
                "its pixels are {stretch:.2} times as high as wide, where squares are usual: were the pictures \
                 cropped or stretched after the calibration?"
            ));
        }
        let off_centre = (self.centre_x - 0.5).abs().max((self.centre_y - 0.5).abs());
        if off_centre > USUAL_OFF_CENTRE {
            warnings.push(format!(
                "its axis meets the picture {:.0} % of a side from the middle, where less than {:.0} % is usual: \
                 were the pictures cropped after the calibration?",
                100.0 * off_centre,
                100.0 * USUAL_OFF_CENTRE
            ));
        }
        warnings
    }

    /// Intrinsics `[focal_x, focal_y, centre_x, centre_y]` in pixels of an image of this width and height.
    pub fn in_pixels(self, width: usize, height: usize) -> [f32; 4] {
        let (width, height) = (width as f32, height as f32);
        [self.focal_x * width, self.focal_y * height, self.centre_x * width, self.centre_y * height]
    }

    /// Ray through pixel (x, y) of an image of this width and height, with z = 1 (x right, y down, z forward):
    /// multiplied by a depth it is the pixel's point. Whole coordinates are pixel centres, as in the objective.
    pub fn ray(self, x: usize, y: usize, width: usize, height: usize) -> Vec3 {
        let [focal_x, focal_y, centre_x, centre_y] = self.in_pixels(width, height);
        Vec3::new((x as f32 - centre_x) / focal_x, (y as f32 - centre_y) / focal_y, 1.0)
    }
}
