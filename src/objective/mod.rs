//! View synthesis and the loss of self-supervised depth, with named maps of everything that it computes. The
//! formulas of the whole pipeline, from samples to metrics, are in [`method`].

mod adjustment;
mod image_pair;
mod inputs;
mod map;
mod map_kind;
mod map_values;
mod minimum;
mod noise;
mod photometric;
mod smoothness;
mod synthesis;

#[doc = include_str!("method.md")]
pub mod method {}

pub use adjustment::Adjustment;
pub use inputs::Inputs;
pub use map::MapName;
pub use map_kind::{Categories, MapGroup, MapKind, MapOrigin, ScalarStyle, UsualRange};
pub use map_values::prediction_maps;
pub use minimum::MinimumLoss;
pub use noise::Noise;
pub use photometric::{PhotometricTerm, photometric_loss, ssim_loss};
pub use smoothness::{smoothness_loss, smoothness_map};
pub use synthesis::{Projection, depth, warp};

use crate::{
    compute::{
        is_gpu,
        ops::{self, resize_bilinear},
    },
    config::{FrameId, ImageSize, ObjectiveConfig},
};
use burn::tensor::Tensor;
use image_pair::ImagePair;
use inputs::detached;
use map_values::MapContext;
use std::collections::{BTreeMap, BTreeSet};

/// Weight of the term that keeps a predictive mask from being 0 everywhere.
const MASK_WEIGHT: f32 = 0.2;

/// Losses and maps of a batch.
#[derive(Clone, Debug)]
pub struct ObjectiveOutput {
    /// The number to minimise: the mean of the scales' losses.
    pub loss: Tensor<1>,
    /// Photometric loss plus weighted smoothness, by scale.
    pub scale_losses: BTreeMap<usize, Tensor<1>>,
    /// Smoothness before weighting, by scale.
    pub smoothness: BTreeMap<usize, Tensor<1>>,
    /// Share of pixels that the auto-mask leaves out at the finest trained scale; 0 without auto-mask.
    pub masked_share: Tensor<1>,
    /// The requested maps, detached, at full resolution unless [`MapName`] says otherwise.
    pub maps: BTreeMap<MapName, Tensor<4>>,
    /// The input that it was computed from, detached.
    pub inputs: Inputs,
}

/// The loss of self-supervised depth with its options (paper section 3;
/// [Objective](method#objective) of the method).
#[derive(Clone, Debug)]
pub struct Objective {
    config: ObjectiveConfig,
    size: ImageSize,
    is_reference: bool,
}

impl Objective {
    /// An objective over images of this size.
    pub fn new(config: &ObjectiveConfig, size: ImageSize) -> Self {
        Self { config: config.clone(), size, is_reference: false }
    }

    /// The reference implementation of an objective, composed of burn's own operations: slower, for tests to
    /// compare with.
    pub fn reference(self) -> Self {
        Self { is_reference: true, ..self }
    }

    /// The options of the loss.
    pub fn config(&self) -> &ObjectiveConfig {
        &self.config
    }

    /// Computes the loss and, of the maps, those in `wanted` that this configuration has
    /// ([`MapName::of_objective`]).
    ///
    /// # Panics
    /// If an input that the configuration needs is missing or has another shape than it should.
    pub fn evaluate(&self, inputs: &Inputs, wanted: &BTreeSet<MapName>) -> ObjectiveOutput {
        let config = &self.config;
        let pair = |scale| ImagePair::new(config, inputs, scale, self.is_reference);
        let full_size = (!config.v1_multiscale).then(|| pair(0));
        let finest = config.finest_scale();
        let (mut scale_losses, mut smoothness) = (BTreeMap::new(), BTreeMap::new());
        let (mut masked_share, mut maps) = (None, BTreeMap::new());
        for scale in config.scales.iter().copied() {
            let pair = full_size.clone().unwrap_or_else(|| pair(scale));
            let computed =
                scale == finest && wanted.iter().any(|name| name.origin() == MapOrigin::Reprojection);
            let comparison = pair.compare(config, inputs, scale, computed);
            let image = detached(&inputs.colour[&FrameId::TARGET][scale]);
            let disparity = inputs.disparities[&scale].clone();
            let smooth = if self.is_reference {
                smoothness_loss(disparity, &image)
            } else {
                ops::smoothness(disparity, image)
            };
            let mut loss = comparison.loss + smooth.clone() * config.smoothness_weight(scale);
            if let Some(mask) = inputs.predictive_masks.get(&scale) {
                loss = loss + self.mask_penalty(mask.clone());
            }
            scale_losses.insert(scale, loss);
            smoothness.insert(scale, smooth);
            if scale == finest {
                masked_share = Some(-comparison.trained_share + 1.0);
                let reprojection = comparison.maps.as_ref();
                let context = MapContext { config, size: self.size, inputs, pair: &pair, reprojection };
                maps = context.maps(wanted);
            }
        }
        ObjectiveOutput {
            loss: mean(scale_losses.values().cloned().collect()),
            scale_losses,
            smoothness,
            masked_share: masked_share.expect("a configuration has at least one scale"),
            maps,
            inputs: inputs.detached(),
        }
    }

    /// Cross-entropy of a predictive mask against 1, which keeps it from being 0 everywhere.
    fn mask_penalty(&self, mask: Tensor<4>) -> Tensor<1> {
        let mask = if self.config.v1_multiscale { mask } else { resize_bilinear(mask, self.size) };
        mask.log().clamp_min(-100.0).mean() * -MASK_WEIGHT
    }
}

/// The mean of several one-element tensors. They are added one by one, which on the GPU backend takes fewer
/// kernels than concatenating them.
fn mean(numbers: Vec<Tensor<1>>) -> Tensor<1> {
    if !is_gpu(&numbers[0].device()) {
        return Tensor::cat(numbers, 0).mean();
    }
    let count = numbers.len() as f32;
    let sum = numbers.into_iter().reduce(|sum, number| sum + number);
    sum.expect("there is a number") / count
}
