//! The numbers that a step says of itself, in a few launches and one small array, so that they can be read
//! together and later.

mod cube;

use burn::tensor::{Device, Tensor};

/// Tensors that the figures of a step's predictions are computed from.
#[derive(Clone, Debug)]
pub struct PredictionMetrics {
    /// Of the finest scale, `[B, 1, H, W]`.
    pub disparity: Tensor<4>,
    /// `source_from_target [B, 4, 4]` of the finest scale, by predicted source.
    pub motions: Vec<Tensor<3>>,
    /// Disparity of the coarsest scale, `[B, 1, h, w]`.
    pub coarse_disparity: Tensor<4>,
    /// `source_from_target [B, 4, 4]` of the coarsest scale, by source.
    pub coarse_motions: Vec<Tensor<3>>,
    /// Focal lengths and principal point, x then y, in pixels of the coarsest scale, by sample.
    pub cameras: Vec<[f32; 4]>,
    /// Offset and slope of 1 / depth over disparity.
    pub inverse_depth: (f32, f32),
}

impl PredictionMetrics {
    /// Mean and standard deviation of the disparity over an image, length of the predicted translation (0 if
    /// none is predicted), and share of the coarse pixels whose place in a source is outside its image; each
    /// averaged over the samples, `[4]`. Three launches; `None` where this is not the GPU backend, or its
    /// adapter binds too few arrays at once.
    pub fn measure(&self) -> Option<Tensor<1>> {
        (self.disparity.device() != Device::flex()).then(|| cube::measure(self)).flatten()
    }
}

/// `sums + share · parts`, where the parts `[any]` lie one after the other in the sums; without sums,
/// `share · parts`. One launch on the GPU backend, if its adapter binds as many arrays.
pub fn add_metrics(sums: Option<Tensor<1>>, parts: Vec<Tensor<1>>, share: f32) -> Tensor<1> {
    if parts[0].device() != Device::flex()
        && let Some(sums) = cube::add(sums.as_ref(), &parts, share)
    {
        return sums;
    }
    composed_add_metrics(sums, parts, share)
}

/// [`add_metrics`] composed of burn's operations: the reference implementation that tests compare with.
pub fn composed_add_metrics(sums: Option<Tensor<1>>, parts: Vec<Tensor<1>>, share: f32) -> Tensor<1> {
    let parts = Tensor::cat(parts, 0).mul_scalar(share);
    match sums {
        Some(sums) => sums + parts,
        None => parts,
    }
}
