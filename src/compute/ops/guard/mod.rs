//! The decision whether a step may change anything, made where its numbers are: on the device, so that
//! nobody waits for them.

mod cube;

use super::GroupLimits;
use crate::compute::values;
use burn::tensor::{Device, Tensor, TensorData};

/// Whether the updates so far had finite numbers, and the factor on the gradients of the present one.
///
/// Once a loss or a gradient norm is not finite it stays shut: what was queued after the bad step changes
/// nothing either, until the host, which learns of it later, starts over with an open one.
#[derive(Clone, Debug)]
pub struct Guard {
    /// 1 if open, else 0; then the factor, `[2]`.
    state: Tensor<1>,
}

impl Guard {
    /// An open guard, with this factor on the gradients.
    pub fn open(factor: f32, device: &Device) -> Self {
        Self { state: Tensor::from_data(TensorData::new(vec![1.0, factor], [2]), device) }
    }

    /// The next state: open if it was, and both the first of `metrics` (the loss, `[count]`) and the norm of
    /// the flattened `gradients` together are finite; the factor keeps that norm at `longest`. Also gives the
    /// norm with the metrics after it, `[1 + count]`.
    ///
    /// On the GPU backend a few launches, of which `limits` says how much they take (else the adapter does);
    /// elsewhere burn's operations.
    pub fn judge(
        self,
        gradients: &[Tensor<1>],
        metrics: Tensor<1>,
        longest: Option<f32>,
        limits: Option<GroupLimits>,
    ) -> (Self, Tensor<1>) {
        let longest = longest.unwrap_or(f32::MAX);
        if self.state.device() == Device::flex() {
            return self.composed_judge(gradients, metrics, longest);
        }
        let (state, report) = cube::judge(self.state, gradients, metrics, longest, limits);
        (Self { state }, report)
    }

    /// [`Guard::judge`] composed of burn's operations: the reference implementation that tests compare with.
    pub fn composed_judge(
        self,
        gradients: &[Tensor<1>],
        metrics: Tensor<1>,
        longest: f32,
    ) -> (Self, Tensor<1>) {
        let squares: Vec<Tensor<1>> = gradients.iter().map(|one| one.clone().square().sum()).collect();
        let norm = Tensor::cat(squares, 0).sum().sqrt();
        let is_finite = |values: Tensor<1>| values.is_finite().all().float();
        let was_open = self.state.clone().narrow(0, 0, 1);
        let open = was_open * is_finite(norm.clone()) * is_finite(metrics.clone().narrow(0, 0, 1));
        let factor = norm.clone().recip().mul_scalar(longest).clamp_max(1.0);
        // A norm of zero, infinity or NaN is not divided by.
        let usable = norm.clone().greater_elem(longest);
        let factor = norm.ones_like().mask_where(usable, factor);
        (Self { state: Tensor::cat(vec![open, factor], 0) }, Tensor::cat(vec![norm, metrics], 0))
    }

    /// Whether it is open, and the factor. Waits for the device.
    ///
    /// # Panics
    /// If the device gave up.
    pub fn read(&self) -> (bool, f32) {
        let [open, factor] = values(self.state.clone()).expect("the guard can be read")[..] else {
            unreachable!("a guard is two numbers")
        };
        (open != 0.0, factor)
    }

    /// The state `[2]`, for kernels.
    pub(super) fn state(&self) -> Tensor<1> {
        self.state.clone()
    }
}

/// Of each pair the new values where the guard is open, else the old. A few launches on the GPU backend.
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
