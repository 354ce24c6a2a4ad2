//! Metrics of a step, computed in a few launches into one small array, so that they are read together and later.

mod cube;
mod predictions;

pub use predictions::PredictionStatisticsInputs;

use burn::tensor::{Device, Tensor};

impl PredictionStatisticsInputs {
    /// Mean and standard deviation of the disparity over an image, length of the predicted translation (0 if none is
    /// predicted), and share of the coarse pixels that are projected outside a source's image: `[4]`, each averaged
    /// over the samples. Three launches; `None` on the CPU backend, or if the adapter binds too few buffers at once.
    pub fn measure(&self) -> Option<Tensor<1>> {
        (self.disparity.device() != Device::flex()).then(|| cube::measure(self)).flatten()
    }
}

/// `sums + share · parts`, where the sums are laid out as the concatenated parts (vectors of any length); without
/// sums, `share · parts`. One launch on the GPU backend, if its adapter binds as many buffers.
pub fn add_metrics(sums: Option<Tensor<1>>, parts: Vec<Tensor<1>>, share: f32) -> Tensor<1> {
    if parts[0].device() != Device::flex()
        && let Some(sums) = cube::add(sums.as_ref(), &parts, share)
    {
        return sums;
    }
    reference_add_metrics(sums, parts, share)
}

/// Reference implementation of [`add_metrics`], composed of burn's operations.
pub fn reference_add_metrics(sums: Option<Tensor<1>>, parts: Vec<Tensor<1>>, share: f32) -> Tensor<1> {
    let parts = Tensor::cat(parts, 0).mul_scalar(share);
    match sums {
        Some(sums) => sums + parts,
        None => parts,
    }
}
