//! The sandbox's changes: depth, camera and motion changed by hand, to see their effect on the losses.

use super::Inputs;
use crate::{
    config::FrameId,
    geometry::{DepthRange, Intrinsics},
};
use burn::tensor::{Tensor, TensorData};
use glam::{EulerRot, Mat4, Quat, Vec3};
use serde::{Deserialize, Serialize};

/// Changes by hand to the input of the objective.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// Factor of all depths.
    pub depth: f32,
    /// Factors of the focal lengths along x and y.
    pub focal: [f32; 2],
    /// Shift of the principal point, as a fraction of width and height.
    pub centre: [f32; 2],
    /// The source whose motion from the target is changed; `None` for all sources.
    pub source: Option<FrameId>,
    /// Shift of the points in that source's camera, in units of depth.
    pub translation: Vec3,
    /// Rotation before the shift, in degrees about x (downwards), y (to the right) and z (clockwise).
    pub rotation_degrees: Vec3,
}

impl Default for Adjustment {
    fn default() -> Self {
        Self {
            depth: 1.0,
            focal: [1.0; 2],
            centre: [0.0; 2],
            source: None,
            translation: Vec3::ZERO,
            rotation_degrees: Vec3::ZERO,
        }
    }
}

impl Adjustment {
    /// True if nothing is changed.
    pub fn is_none(&self) -> bool {
        Self { source: None, ..*self } == Self::default()
    }

    /// The camera with these changes.
    pub fn camera(&self, camera: Intrinsics) -> Intrinsics {
        Intrinsics {
            focal_x: camera.focal_x * self.focal[0],
            focal_y: camera.focal_y * self.focal[1],
            centre_x: camera.centre_x + self.centre[0],
            centre_y: camera.centre_y + self.centre[1],
        }
    }

    /// Applies the changes to disparities, cameras and motions.
    pub fn apply(&self, mut inputs: Inputs, range: DepthRange) -> Inputs {
        if self.is_none() {
            return inputs;
        }
        let (offset, slope) = range.coefficients();
        // The factor divides 1 / depth = offset + slope · disparity. A depth beyond the range gives a disparity
        // outside (0, 1), where the formula still holds.
        let shift = offset * (1.0 / self.depth - 1.0) / slope;
        for disparity in inputs.disparities.values_mut() {
            *disparity = disparity.clone() / self.depth + shift;
        }
        for camera in &mut inputs.intrinsics {
            *camera = self.camera(*camera);
        }
        let motion = self.motion().transpose().to_cols_array();
        for motions in inputs.source_from_target.values_mut() {
            for (id, source_from_target) in motions {
                if self.source.is_none_or(|source| source == *id) {
                    let data = TensorData::new(motion.to_vec(), [1, 4, 4]);
                    let motion = Tensor::<3>::from_data(data, &source_from_target.device());
                    let batch = source_from_target.dims()[0];
                    *source_from_target = motion.repeat_dim(0, batch).matmul(source_from_target.clone());
                }
            }
        }
        inputs
    }

    /// Transform of points in the source's camera.
    fn motion(&self) -> Mat4 {
        let [x, y, z] = self.rotation_degrees.to_array().map(f32::to_radians);
        Mat4::from_rotation_translation(Quat::from_euler(EulerRot::ZYX, z, y, x), self.translation)
    }
}
