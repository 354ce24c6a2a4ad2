//! The motion of the camera along a drive, pair by pair of frames.

use super::image_tensor;
use crate::{
    compute::values,
    config::{ImageSize, ObjectiveConfig},
    data::{FrameKey, FrameSource},
    geometry::DepthRange,
    model::Networks,
};
use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, Tensor};
use glam::{DAffine3, DMat4};

/// A pose network that predicts motions frame by frame along a drive.
pub struct MotionPredictor {
    networks: Networks,
    size: ImageSize,
    range: DepthRange,
    device: Device,
    /// The last frame, which is the first of the next pair.
    seen: Option<(FrameKey, Tensor<4>)>,
}

impl MotionPredictor {
    /// Uses networks in evaluation mode at their input size. The depth range of the objective matters to
    /// PoseCNN alone, whose translations are in units of it.
    ///
    /// # Errors
    /// They have no pose network, or one that takes more than a pair of frames at once.
    pub fn new(
        networks: Networks,
        size: ImageSize,
        objective: &ObjectiveConfig,
        device: &Device,
    ) -> Result<Self> {
        let architecture = networks.architecture();
        let Some(pose) = architecture.pose else {
            bail!(
                "these networks ({architecture}) cannot predict how the camera moves: there is no pose network \
                 among them; train with neighbouring frames (--frame-ids 0 -1 1) or load weights that have \
                 pose files (pose_encoder.pth, pose.pth)"
            );
        };
        ensure!(
            pose.frames == 2,
            "the pose network of these weights ({architecture}) takes {} frames of a sample at once, the target \
             in their middle, and has no motion for a pair of frames; train one with --pose-model-input pairs",
            pose.frames
        );
        let range = DepthRange::from(objective);
        Ok(Self { networks, size, range, device: device.clone(), seen: None })
    }

    /// `next_from_this`, from a frame to the one that was taken after it: the transform of points of this
    /// frame's camera to the next one's, in the network's unit of length.
    ///
    /// # Errors
    /// A frame cannot be read, or the prediction is not finite.
    pub fn motion(&mut self, source: &dyn FrameSource, this: &FrameKey, next: &FrameKey) -> Result<DAffine3> {
        let seen = self.seen.take().filter(|(key, _)| key == this);
        let before = seen.map_or_else(|| self.upload(source, this), |(_, image)| Ok(image))?;
        let after = self.upload(source, next)?;
        let matrix = self
            .networks
            .next_from_this(&before, &after, self.range)
            .context("the pose network has no motion for a pair of frames")?;
        self.seen = Some((next.clone(), after));
        let rows = values(matrix)?;
        ensure!(
            rows.len() == 16 && rows.iter().all(|value| value.is_finite()),
            "the predicted motion from {this} to {next} is NaN or infinite: the networks are damaged"
        );
        let rows: [f64; 16] = std::array::from_fn(|index| f64::from(rows[index]));
        Ok(DAffine3::from_mat4(DMat4::from_cols_array(&rows).transpose()))
    }

    fn upload(&self, source: &dyn FrameSource, key: &FrameKey) -> Result<Tensor<4>> {
        let frame = source.resized(key, self.size)?;
        Ok(image_tensor(std::iter::once(&frame.image), &self.device))
    }
}
