//! Guard against NaN and infinity: it decides on the device whether a step may change anything, so that the host
//! need not wait for the step's metrics.

mod cube;

use super::GroupLimits;
use crate::compute::values;
use burn::tensor::{Device, Tensor, TensorData};

/// State of the guard, on the device: open as long as all losses and gradient norms were finite; also the clipping
/// factor of the current gradients.
///
/// After a loss or gradient norm that is not finite the guard stays closed, so the steps that are already queued
/// change nothing either. The host learns of it later and starts again with an open guard.
#[derive(Clone, Debug)]
pub struct Guard {
    /// `[2]`: 1 if open, else 0; then the factor.
    state: Tensor<1>,
}

impl Guard {
    /// Open guard with this factor on the gradients.
    pub fn open(factor: f32, device: &Device) -> Self {
        Self { state: Tensor::from_data(TensorData::new(vec![1.0, factor], [2]), device) }
    }

    /// Next state of the guard: it stays open if both the loss (the first of `metrics`, `[count]`) and the norm of
    /// all flattened `gradients` are finite, and the factor clips that norm to `max_norm` (`None`: no clipping).
    /// Also returns the norm followed by the metrics, `[1 + count]`.
    ///
    /// A few launches on the GPU backend, within `limits` (`None`: those of the adapter); burn's operations on the
    /// CPU backend.
    pub fn check(
        self,
        gradients: &[Tensor<1>],
        metrics: Tensor<1>,
        max_norm: Option<f32>,
        limits: Option<GroupLimits>,
    ) -> (Self, Tensor<1>) {
        let max_norm = max_norm.unwrap_or(f32::MAX);
        if self.state.device() == Device::flex() {
            return self.reference_check(gradients, metrics, max_norm);
        }
        let (state, report) = cube::check(self.state, gradients, metrics, max_norm, limits);
        (Self { state }, report)
    }

    /// Reference implementation of [`Guard::check`], composed of burn's operations.
    pub fn reference_check(
        self,
        gradients: &[Tensor<1>],
        metrics: Tensor<1>,
        max_norm: f32,
    ) -> (Self, Tensor<1>) {
        let squares: Vec<Tensor<1>> = gradients.iter().map(|one| one.clone().square().sum()).collect();
        let norm = Tensor::cat(squares, 0).sum().sqrt();
        let is_finite = |values: Tensor<1>| values.is_finite().all().float();
        let was_open = self.state.clone().narrow(0, 0, 1);
        let open = was_open * is_finite(norm.clone()) * is_finite(metrics.clone().narrow(0, 0, 1));
        let factor = norm.clone().recip().mul_scalar(max_norm).clamp_max(1.0);
        // Do not divide by a norm of zero, infinity or NaN.
        let usable = norm.clone().greater_elem(max_norm);
        let factor = norm.ones_like().mask_where(usable, factor);
        (Self { state: Tensor::cat(vec![open, factor], 0) }, Tensor::cat(vec![norm, metrics], 0))
    }

    /// Reads if the guard is open, and its factor. Waits for the device.
    ///
    /// # Panics
    /// If the device fails or is lost.
    pub fn read(&self) -> (bool, f32) {
        let [open, factor] = values(self.state.clone()).expect("the guard can be read")[..] else {
            unreachable!("a guard is two numbers")
        };
        (open != 0.0, factor)
    }

    /// State for kernels: `[2]`, 1 if open or else 0, then the factor.
    pub(super) fn state(&self) -> Tensor<1> {
        self.state.clone()
    }
}

/// Selects of each pair `[old, new]` the new values if the guard is open, else the old ones. A few launches on the GPU
/// backend, within `limits` (`None`: those of the adapter).
pub fn keep_unless_open(
    pairs: Vec<[Tensor<1>; 2]>,
    guard: &Guard,
    limits: Option<GroupLimits>,
) -> Vec<Tensor<1>> {
    match pairs.first() {
        Some([old, _]) if old.device() != Device::flex() => cube::keep(pairs, guard.state(), limits),
        _ => {
            let (is_open, _) = guard.read();
            pairs.into_iter().map(|[old, new]| if is_open { new } else { old }).collect()
        }
    }
}
