//! The numbers that a step says of itself, in a few launches and one small array, so that they can be read
//! together and later.

mod cube;
mod predictions;

pub use predictions::PredictionStatisticsInputs;

use burn::tensor::{Device, Tensor};

impl PredictionStatisticsInputs {
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
