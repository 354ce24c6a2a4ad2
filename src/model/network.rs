//! The networks that are trained together, and their forward pass over a sample.

use super::{
    architecture::Architecture,
    decoder::{Decoder, DecoderOutputs},
    depth::{DepthNetwork, Encoder},
    initial::Initialiser,
    motion::Motions,
    pose::PoseNetwork,
    resnet::ResnetEncoder,
};
use crate::{
    config::{FrameId, NetworkFile},
    geometry::DepthRange,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use std::collections::BTreeMap;

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
    /// Weights of the sources' losses, from the depth encoder's feature maps; only in the ablation
    /// `predictive_mask`.
    pub predictive_mask: Option<Decoder>,
}

/// Output of the networks for a batch of samples.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Disparity in (0, 1) by scale, `[B, 1, H/2^s, W/2^s]`.
    pub disparities: BTreeMap<usize, Tensor<4>>,
    /// Weights in (0, 1) of the sources' losses by scale, `[B, sources, H/2^s, W/2^s]`; empty without
    /// a predictive mask.
    pub predictive_masks: BTreeMap<usize, Tensor<4>>,
    /// `source_from_target`, `[B, 4, 4]`, of the temporal sources.
    pub motions: Motions,
}

impl Networks {
    /// Networks with random initial values, determined by the seed alone, on every device.
    pub fn new(architecture: &Architecture, seed: u64, device: &Device) -> Self {
        Self::build(architecture, &mut Initialiser::seeded(seed, device))
    }

    /// Networks whose convolutions are zeros, to be filled by [`super::weights::map_parameters`].
    pub fn blank(architecture: &Architecture, device: &Device) -> Self {
        Self::build(architecture, &mut Initialiser::blank(device))
    }

    fn build(architecture: &Architecture, initial: &mut Initialiser) -> Self {
        let Architecture { depth, scales, masked_sources, pose } = architecture;
        let layout = depth.spec().decoder;
        let outputs = |channels| DecoderOutputs { channels, scales: scales.clone() };
        Self {
            depth: DepthNetwork {
                encoder: Encoder::new(*depth, initial),
                decoder: Decoder::new(&layout, &outputs(1), initial),
            },
            pose: pose.map(|pose| PoseNetwork::new(pose, &layout, initial)),
            predictive_mask: masked_sources.map(|sources| Decoder::new(&layout, &outputs(sources), initial)),
        }
    }

    /// Type and size of these networks.
    pub fn architecture(&self) -> Architecture {
        Architecture {
            depth: self.depth.encoder.architecture(),
            scales: self.depth.scales().to_vec(),
            masked_sources: self.predictive_mask.as_ref().map(Decoder::channels),
            pose: self.pose.as_ref().map(PoseNetwork::architecture),
        }
    }

    /// The residual encoders, each with its weights file.
    pub fn residual_encoders(&self) -> Vec<(NetworkFile, &ResnetEncoder)> {
        let depth = self.depth.encoder.residual().map(|encoder| (NetworkFile::Encoder, encoder));
        let pose = self.pose.as_ref().and_then(PoseNetwork::residual);
        depth.into_iter().chain(pose.map(|encoder| (NetworkFile::PoseEncoder, encoder))).collect()
    }

    /// Forward pass of all networks over a batch of samples; training, prediction and inspection all use it.
    ///
    /// `frame_ids` are the frames in the order of the objective, the target first; `images` has each of them in
    /// 0..1, `[B, 3, H, W]`. Motions are given to those temporal sources that [`Self::reachable`] names. PoseCNN's
    /// translations are multiplied by the mean of 1 / depth at each scale; gradients pass through that mean, as in
    /// the reference.
    pub fn predict(
        &self,
        frame_ids: &[FrameId],
        images: &BTreeMap<FrameId, Tensor<4>>,
        range: DepthRange,
    ) -> Prediction {
        let spec = self.pose.as_ref().map(|pose| pose.architecture().model.spec());
        let (features, seen) = if spec.as_ref().is_some_and(|spec| spec.sees_features) {
            self.encode_all(frame_ids, images)
        } else {
            (self.depth.encoder.forward(images[&FrameId::TARGET].clone()), images.clone())
        };
        let disparities = self.depth.decoder.forward(&features);
        let decode = |decoder: &Decoder| decoder.forward(&features);
        let predictive_masks = self.predictive_mask.as_ref().map(decode).unwrap_or_default();
        let pose = self.pose.as_ref().map(|pose| pose.motions(frame_ids, &seen)).unwrap_or_default();
        let motions = if spec.is_some_and(|spec| spec.is_scaled_by_depth) {
            let parts: Vec<_> = pose.iter().map(|(id, motion)| (*id, motion.parts())).collect();
            let at_scale = |map| {
                let unit = mean_inverse_depth(map, range);
                parts.iter().map(|(id, parts)| (*id, parts.times(unit.clone()))).collect()
            };
            Motions::ByScale(disparities.iter().map(|(scale, map)| (*scale, at_scale(map))).collect())
        } else {
            Motions::Shared(pose.iter().map(|(id, motion)| (*id, motion.source_from_target())).collect())
        };
        Prediction { disparities, predictive_masks, motions }
    }

    /// The motion from a frame to the one taken after it, as a pair: `next_from_this`, `[B, 4, 4]`, of images in
    /// 0..1, `[B, 3, H, W]`. `None` without a pose network of pairs. PoseCNN's translation is multiplied by the
    /// mean of 1 / depth at the finest scale, as in training.
    pub fn next_from_this(&self, this: &Tensor<4>, next: &Tensor<4>, range: DepthRange) -> Option<Tensor<3>> {
        let pose = self.pose.as_ref().filter(|pose| pose.architecture().frames == 2)?;
        let spec = pose.architecture().model.spec();
        let ids = [FrameId::TARGET, FrameId::NEXT];
        let images = BTreeMap::from([(FrameId::TARGET, this.clone()), (FrameId::NEXT, next.clone())]);
        let seen = if spec.sees_features { self.encode_all(&ids, &images).1 } else { images };
        let factor = if spec.is_scaled_by_depth {
            let disparities = self.depth.disparities(this.clone());
            disparities.first_key_value().map(|(_, finest)| mean_inverse_depth(finest, range))
        } else {
            None
        };
        let motion = pose.motions(&ids, &seen).remove(&FrameId::NEXT)?;
        Some(match factor {
            Some(factor) => motion.parts().times(factor),
            None => motion.source_from_target(),
        })
    }

    /// Runs all frames through the depth encoder as one batch, with common batch statistics. Returns the target's
    /// feature maps, and the coarsest one of every frame.
    fn encode_all(
        &self,
        frame_ids: &[FrameId],
        images: &BTreeMap<FrameId, Tensor<4>>,
    ) -> (Vec<Tensor<4>>, BTreeMap<FrameId, Tensor<4>>) {
        let batch = frame_ids.iter().map(|id| images[id].clone()).collect();
        let features = self.depth.encoder.forward(Tensor::cat(batch, 0));
        let [count, ..] = images[&FrameId::TARGET].dims();
        let part = |map: &Tensor<4>, index: usize| map.clone().narrow(0, index * count, count);
        let coarsest = features.last().expect("an encoder gives feature maps");
        let seen = frame_ids.iter().enumerate().map(|(index, id)| (*id, part(coarsest, index))).collect();
        (features.iter().map(|map| part(map, 0)).collect(), seen)
    }

    /// The target and those frames that can be warped into it, because their motion is known or can be predicted.
    /// A pose network that takes all frames of a sample at once needs all of them.
    pub fn reachable(&self, frame_ids: &[FrameId]) -> Vec<FrameId> {
        let has_motion = self.pose.as_ref().is_some_and(|pose| pose.can_follow(frame_ids));
        let is_reachable = |id: &FrameId| has_motion || matches!(*id, FrameId::TARGET | FrameId::Stereo);
        frame_ids.iter().copied().filter(is_reachable).collect()
    }
}

/// The mean of 1 / depth over a disparity `[B, 1, h, w]`, `[B, 1]`. (The mean over a bilinearly
/// upsampled disparity is the same.)
fn mean_inverse_depth(disparity: &Tensor<4>, range: DepthRange) -> Tensor<2> {
    let (offset, slope) = range.coefficients();
    disparity.clone().mean_dims(&[2, 3]).reshape([0, 1]) * slope + offset
}
