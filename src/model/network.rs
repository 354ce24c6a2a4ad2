//! The two networks that are trained together: depth from one image, motion from two.

use super::{
    depth_decoder::DepthDecoder,
    initial::Initialiser,
    pose_decoder::PoseDecoder,
    resnet::{ResnetArchitecture, ResnetEncoder},
};
use crate::config::ObjectiveConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use std::collections::BTreeMap;

/// What is to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// The encoder of the depth network.
    pub depth: ResnetArchitecture,
    /// The scales that get a disparity, each 0 to 3.
    pub scales: Vec<usize>,
    /// The encoder of the pose network, if there is one.
    pub pose: Option<ResnetArchitecture>,
}

/// Predicts disparity from one image.
#[derive(Module, Debug)]
pub struct DepthNetwork {
    /// Image to feature maps.
    pub encoder: ResnetEncoder,
    /// Feature maps to disparities.
    pub decoder: DepthDecoder,
}

impl DepthNetwork {
    /// Disparity in (0, 1) by scale, `[batch, 1, height / 2^scale, width / 2^scale]`, of images in
    /// 0..1, `[batch, 3, height, width]` with sides that are multiples of 32, 64 at least.
    pub fn disparities(&self, image: Tensor<4>) -> BTreeMap<usize, Tensor<4>> {
        self.decoder.forward(&self.encoder.forward(image))
    }
}

/// Predicts the camera's motion between two images.
#[derive(Module, Debug)]
pub struct PoseNetwork {
    /// Two images to feature maps.
    pub encoder: ResnetEncoder,
    /// Feature maps to motion.
    pub decoder: PoseDecoder,
}

impl PoseNetwork {
    /// Axis-angle and translation, both `[batch, 3]`, of the transform `later_from_earlier` between
    /// two frames in the order of time, each in 0..1, `[batch, 3, height, width]`.
    pub fn motion(&self, earlier: Tensor<4>, later: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        let [_, _, _, _, features] = self.encoder.forward(Tensor::cat(vec![earlier, later], 1));
        let (axis_angle, translation) = self.decoder.forward(features);
        (axis_angle.narrow(1, 0, 1).squeeze_dim(1), translation.narrow(1, 0, 1).squeeze_dim(1))
    }
}

/// Everything that a run trains.
///
/// On an autodiff device the batch normalisations use and record the statistics of each batch;
/// predict with the copy that [`Module::valid`] gives, on the plain device.
#[derive(Module, Debug)]
pub struct Networks {
    /// Disparity from an image.
    pub depth: DepthNetwork,
    /// Motion between images; absent if all sources are stereo.
    pub pose: Option<PoseNetwork>,
}

impl Networks {
    /// Networks to be trained from scratch: ResNet18 encoders, a disparity for each scale of the
    /// objective, a pose network if it has temporal sources. The seed decides all first values,
    /// the same on every device.
    pub fn new(objective: &ObjectiveConfig, seed: u64, device: &Device) -> Self {
        let architecture = Architecture {
            depth: ResnetArchitecture::RESNET_18,
            scales: objective.scales.clone(),
            pose: objective.temporal_sources().next().map(|_| ResnetArchitecture::RESNET_18),
        };
        Self::build(&architecture, &mut Initialiser::seeded(seed), device)
    }

    /// Networks whose convolutions are zeros, to be filled by [`super::weights::map_parameters`].
    pub fn blank(architecture: &Architecture, device: &Device) -> Self {
        Self::build(architecture, &mut Initialiser::Blank, device)
    }

    fn build(architecture: &Architecture, initial: &mut Initialiser, device: &Device) -> Self {
        let Architecture { depth, scales, pose } = architecture;
        Self {
            depth: DepthNetwork {
                encoder: ResnetEncoder::new(*depth, 1, initial, device),
                decoder: DepthDecoder::new(depth.feature_channels(), scales, initial, device),
            },
            pose: pose.map(|pose| PoseNetwork {
                encoder: ResnetEncoder::new(pose, 2, initial, device),
                decoder: PoseDecoder::new(pose.feature_channels()[4], initial, device),
            }),
        }
    }
}
