//! Normalisation by given statistics, as networks that are trained do it.

use super::cube;
use burn::tensor::{Device, Tensor, activation::relu};

/// The scaling x ↦ weight·(x − mean) / √(variance + epsilon) + bias of each channel, without gradients
/// on the GPU. All tensors are `[channels]`.
#[derive(Clone, Debug)]
pub struct FixedNormalisation {
    /// γ.
    pub weight: Tensor<1>,
    /// β.
    pub bias: Tensor<1>,
    /// The mean that becomes zero.
    pub mean: Tensor<1>,
    /// The variance that becomes one.
    pub variance: Tensor<1>,
    /// Added to the variance.
    pub epsilon: f32,
}

impl FixedNormalisation {
    /// Whether a convolution should take the scaling over (see [`Self::fold`]), rather than have its results
    /// scaled (see [`Self::apply`]): where a filter has fewer weights than results. On the GPU a shortcut is
    /// added on the way when results are scaled, but takes launches of its own after a convolution.
    pub fn is_worth_folding(&self, weights: usize, results: usize, has_shortcut: bool) -> bool {
        weights < results && !(has_shortcut && self.has_kernels())
    }

    /// Filters and biases of a convolution, which has no bias, that normalises its results: from `filters`
    /// [channels, inputs, k, k]. One launch on the GPU.
    pub fn fold(self, filters: Tensor<4>) -> (Tensor<4>, Tensor<1>) {
        if self.has_kernels() {
            cube::fold(self.parameters(), self.epsilon, filters)
        } else {
            self.composed_fold(filters)
        }
    }

    /// Normalises `input` [batch, channels, height, width], adds a shortcut of the same shape if there is
    /// one, and sets what is negative to zero if asked to. One launch on the GPU.
    pub fn apply(self, input: Tensor<4>, shortcut: Option<Tensor<4>>, rectify: bool) -> Tensor<4> {
        if self.has_kernels() {
            cube::apply(self.parameters(), self.epsilon, input, shortcut, rectify)
        } else {
            self.composed_apply(input, shortcut, rectify)
        }
    }

    /// [`Self::fold`] composed of burn's operations.
    pub fn composed_fold(self, filters: Tensor<4>) -> (Tensor<4>, Tensor<1>) {
        let [scale, shift] = self.scale_and_shift();
        (filters * scale.reshape([-1, 1, 1, 1]), shift)
    }

    /// [`Self::apply`] composed of burn's operations.
    pub fn composed_apply(self, input: Tensor<4>, shortcut: Option<Tensor<4>>, rectify: bool) -> Tensor<4> {
        let [scale, shift] = self.scale_and_shift();
        let output = input * scale.reshape([1, -1, 1, 1]) + shift.reshape([1, -1, 1, 1]);
        let output = shortcut.into_iter().fold(output, |output, shortcut| output + shortcut);
        if rectify { relu(output) } else { output }
    }

    /// Weight, bias, mean and variance, as kernels take them.
    fn parameters(&self) -> [Tensor<1>; 4] {
        [&self.weight, &self.bias, &self.mean, &self.variance].map(Tensor::clone)
    }

    fn scale_and_shift(self) -> [Tensor<1>; 2] {
        let scale = self.weight / (self.variance + self.epsilon).sqrt();
        let shift = self.bias - self.mean * scale.clone();
        [scale, shift]
    }

    /// Whether the tensors are on the GPU and nothing is differentiated.
    fn has_kernels(&self) -> bool {
        let device = self.weight.device();
        !device.is_autodiff() && device != Device::flex()
    }
}
