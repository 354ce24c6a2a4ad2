//! Input of the objective: images, predictions and cameras of a batch.

use super::Noise;
use crate::{config::FrameId, geometry::Intrinsics, model::Motions};
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// Images, predictions and cameras of a batch of B samples.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// Clean images `[B, 3, H/2^s, W/2^s]` by frame, then scale. The target needs every trained scale;
    /// sources need scale 0, or with `v1_multiscale` every trained scale.
    pub colour: BTreeMap<FrameId, Vec<Tensor<4>>>,
    /// The depth network's output `[B, 1, H/2^s, W/2^s]` by trained scale.
    pub disparities: BTreeMap<usize, Tensor<4>>,
    /// The motion `[B, 4, 4]` that takes points of the target camera to each source's camera.
    pub source_from_target: Motions,
    /// The camera of each sample.
    pub intrinsics: Vec<Intrinsics>,
    /// Predicted weights `[B, sources, H/2^s, W/2^s]` of the reprojection losses, by trained scale; empty without
    /// the ablation `predictive_mask`, which excludes auto-masking.
    pub predictive_masks: BTreeMap<usize, Tensor<4>>,
    /// Noise for the identity losses.
    pub noise: Noise,
}

impl Inputs {
    /// Copy whose tensors are detached from the autodiff graph.
    pub(super) fn detached(&self) -> Self {
        let maps = |maps: &BTreeMap<usize, Tensor<4>>| {
            maps.iter().map(|(scale, map)| (*scale, detached(map))).collect()
        };
        Self {
            colour: self
                .colour
                .iter()
                .map(|(id, pyramid)| (*id, pyramid.iter().map(detached).collect()))
                .collect(),
            disparities: maps(&self.disparities),
            source_from_target: self.source_from_target.clone().map(Tensor::without_autodiff),
            intrinsics: self.intrinsics.clone(),
            predictive_masks: maps(&self.predictive_masks),
            noise: self.noise.clone(),
        }
    }
}

/// Copy of a tensor, detached from the autodiff graph.
pub(super) fn detached<const D: usize>(tensor: &Tensor<D>) -> Tensor<D> {
    tensor.clone().without_autodiff()
}
