//! View synthesis and the loss of self-supervised depth; every map it computes has a name.

mod map;
mod mask;
mod noise;
mod photometric;
pub mod pose;
mod smoothness;
mod synthesis;

pub use map::{MapKind, MapName};
pub use mask::Choice;
pub use noise::Noise;
pub use photometric::{photometric_loss, ssim_loss};
pub use smoothness::smoothness_loss;
pub use synthesis::{Projection, depth, warp};

use crate::{
    compute::ops::resize_bilinear,
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::{DepthRange, Intrinsics},
};
use burn::tensor::Tensor;
use std::collections::{BTreeMap, BTreeSet};

/// Weight of the term that keeps a predictive mask from being 0 everywhere.
const MASK_WEIGHT: f32 = 0.2;

/// What the objective judges, for a batch of B samples.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Clean images `[B, 3, H/2^s, W/2^s]` by frame, then scale. The target needs every trained scale;
    /// sources need scale 0, or with `v1_multiscale` every trained scale.
    pub colour: BTreeMap<FrameId, Vec<Tensor<4>>>,
    /// The depth network's output `[B, 1, H/2^s, W/2^s]` by trained scale.
    pub disparities: BTreeMap<usize, Tensor<4>>,
    /// The motion `[B, 4, 4]` that takes points of the target camera to each source's camera.
    pub source_from_target: BTreeMap<FrameId, Tensor<3>>,
    /// The camera of each sample.
    pub intrinsics: Vec<Intrinsics>,
    /// Predicted weights `[B, sources, H/2^s, W/2^s]` of the reprojection losses, by trained scale;
    /// empty unless the ablation of that name runs, which excludes auto-masking.
    pub predictive_masks: BTreeMap<usize, Tensor<4>>,
    /// Noise for the identity losses.
    pub noise: Noise,
}

/// What the objective says.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The number to minimise: the mean of the scales' losses.
    pub loss: Tensor<1>,
    /// Photometric loss plus weighted smoothness, by scale.
    pub scale_losses: BTreeMap<usize, Tensor<1>>,
    /// Smoothness before weighting, by scale.
    pub smoothness: BTreeMap<usize, Tensor<1>>,
    /// Share of pixels that the auto-mask leaves out at the finest trained scale; 0 without auto-mask.
    pub masked_share: Tensor<1>,
    /// The maps that were wanted, as constants, at full resolution unless their name says otherwise.
    pub maps: BTreeMap<MapName, Tensor<4>>,
}

/// The loss of self-supervised depth with its options (paper section 3; ALGORITHM 4).
#[derive(Clone, Debug)]
pub struct Objective {
    config: ObjectiveConfig,
    size: ImageSize,
}

/// The photometric side of one scale.
struct Comparison {
    depth: Tensor<4>,
    warped: Vec<Tensor<4>>,
    reprojection: Tensor<4>,
    choice: Choice,
}

impl Objective {
    /// An objective over images of this size.
    pub fn new(config: &ObjectiveConfig, size: ImageSize) -> Self {
        Self { config: config.clone(), size }
    }

    /// Computes the loss and, of the maps, those in `wanted` that this configuration has
    /// ([`MapName::all`]).
    ///
    /// # Panics
    /// If an input that the configuration needs is missing or has another shape than it should.
    pub fn evaluate(&self, inputs: &Inputs, wanted: &BTreeSet<MapName>) -> Outcome {
        let full_identity = (!self.config.disable_automasking).then(|| self.identity(inputs, 0));
        let mut outcome = Outcome {
            loss: Tensor::zeros([1], &inputs.disparities[&self.config.scales[0]].device()),
            scale_losses: BTreeMap::new(),
            smoothness: BTreeMap::new(),
            masked_share: Tensor::zeros([1], &inputs.disparities[&self.config.scales[0]].device()),
            maps: BTreeMap::new(),
        };
        let finest = self.config.scales.iter().copied().min();
        for scale in self.config.scales.iter().copied() {
            let identity = match &full_identity {
                Some(_) if self.config.v1_multiscale && scale > 0 => Some(self.identity(inputs, scale)),
                identity => identity.clone(),
            };
            let comparison = self.compare(inputs, scale, identity.clone());
            let smoothness = smoothness_loss(
                inputs.disparities[&scale].clone(),
                constant(&inputs.colour[&FrameId::TARGET][scale]),
            );
            let weight = self.config.disparity_smoothness / (1 << scale) as f32;
            let mut loss = comparison.choice.loss.clone().mean() + smoothness.clone() * weight;
            if let Some(mask) = inputs.predictive_masks.get(&scale) {
                loss = loss + self.full_size(mask.clone()).log().clamp_min(-100.0).mean() * -MASK_WEIGHT;
            }
            outcome.loss = outcome.loss + loss.clone();
            outcome.scale_losses.insert(scale, loss);
            outcome.smoothness.insert(scale, smoothness);
            if Some(scale) == finest {
                if !self.config.disable_automasking {
                    outcome.masked_share = -comparison.choice.auto_mask().mean() + 1.0;
                }
                outcome.maps = self.maps(inputs, &comparison, identity, wanted);
            }
        }
        outcome.loss = outcome.loss / self.config.scales.len() as f32;
        outcome
    }

    /// The scale whose images are compared when the disparity of `scale` is judged.
    fn image_scale(&self, scale: usize) -> usize {
        if self.config.v1_multiscale { scale } else { 0 }
    }

    /// A map of some scale at the size at which images are compared.
    fn full_size(&self, map: Tensor<4>) -> Tensor<4> {
        if self.config.v1_multiscale { map } else { resize_bilinear(map, self.size) }
    }

    fn source_image(&self, inputs: &Inputs, source: FrameId, scale: usize) -> Tensor<4> {
        constant(&inputs.colour[&source][self.image_scale(scale)])
    }

    /// The photometric loss of each source as it is, `[B, sources, H, W]`.
    fn identity(&self, inputs: &Inputs, scale: usize) -> Tensor<4> {
        let target = self.source_image(inputs, FrameId::TARGET, scale);
        let losses = self.config.sources().map(|source| {
            photometric_loss(self.source_image(inputs, source, scale), target.clone(), !self.config.no_ssim)
        });
        Tensor::cat(losses.collect(), 1)
    }

    fn compare(&self, inputs: &Inputs, scale: usize, identity: Option<Tensor<4>>) -> Comparison {
        let range = DepthRange { min: self.config.min_depth, max: self.config.max_depth };
        let depth = depth(self.full_size(inputs.disparities[&scale].clone()), range);
        let [_, _, height, width] = depth.dims();
        let size = ImageSize { height, width };
        let warped: Vec<Tensor<4>> = self
            .config
            .sources()
            .map(|source| {
                let motion = inputs.source_from_target[&source].clone();
                let coordinates =
                    Projection::new(motion, &inputs.intrinsics, size).coordinates(depth.clone());
                let image = self.source_image(inputs, source, scale);
                warp(image, coordinates, !self.config.sample_align_corners_false)
            })
            .collect();
        let target = self.source_image(inputs, FrameId::TARGET, scale);
        let losses = warped
            .iter()
            .map(|warped| photometric_loss(warped.clone(), target.clone(), !self.config.no_ssim))
            .collect();
        let reprojection = Tensor::cat(losses, 1);
        let mut weighted = reprojection.clone();
        if let Some(mask) = inputs.predictive_masks.get(&scale) {
            weighted = weighted * self.full_size(mask.clone());
        }
        if self.config.avg_reprojection {
            weighted = weighted.mean_dim(1);
        }
        let identity = identity.map(|identity| {
            let identity = if self.config.avg_reprojection { identity.mean_dim(1) } else { identity };
            match inputs.noise.at_scale(scale, identity.dims(), &identity.device()) {
                Some(noise) => identity + noise,
                None => identity,
            }
        });
        Comparison { depth, warped, reprojection, choice: Choice::new(identity, weighted) }
    }

    fn maps(
        &self,
        inputs: &Inputs,
        comparison: &Comparison,
        identity: Option<Tensor<4>>,
        wanted: &BTreeSet<MapName>,
    ) -> BTreeMap<MapName, Tensor<4>> {
        let channel = |id: FrameId| self.config.sources().position(|source| source == id);
        let map = |name: MapName| {
            Some(match name {
                MapName::Colour(id) => inputs.colour.get(&id)?.first()?.clone(),
                MapName::Disparity(scale) => inputs.disparities.get(&scale)?.clone(),
                MapName::Depth => comparison.depth.clone(),
                MapName::Warped(id) => comparison.warped[channel(id)?].clone(),
                MapName::Reprojection(id) => comparison.reprojection.clone().narrow(1, channel(id)?, 1),
                MapName::Identity(id) => identity.clone()?.narrow(1, channel(id)?, 1),
                MapName::MinimumLoss => comparison.choice.loss.clone(),
                MapName::ChosenSource => comparison.choice.index.clone().float(),
                MapName::AutoMask if !self.config.disable_automasking => comparison.choice.auto_mask(),
                MapName::AutoMask => return None,
            })
        };
        wanted.iter().filter_map(|name| Some((*name, constant(&map(*name)?)))).collect()
    }
}

/// A tensor without its history.
fn constant<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.clone().without_autodiff()
}
