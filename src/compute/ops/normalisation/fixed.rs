//! Normalisation by given statistics, as in networks that predict.

use super::cube;
use burn::tensor::{Device, Tensor, activation::relu};

/// Normalisation x ↦ weight·(x − mean) / √(variance + epsilon) + bias of each channel. All tensors are `[channels]`.
/// Under differentiation it is composed of burn's operations.
#[derive(Clone, Debug)]
pub struct FixedNormalisation {
    /// Scale after normalisation, γ.
    pub weight: Tensor<1>,
    /// Offset after normalisation, β.
    pub bias: Tensor<1>,
    /// Mean that is subtracted.
    pub mean: Tensor<1>,
    /// Variance that is divided by.
    pub variance: Tensor<1>,
    /// Added to the variance before the root is taken.
    pub epsilon: f32,
}

impl FixedNormalisation {
    /// True if [folding](Self::fold) the normalisation into the filters of the preceding convolution is faster
    /// than [applying](Self::apply) it to the results: if there are fewer weights than results. On the GPU a
    /// shortcut decides against folding, because `apply` adds it in the same launch.
    pub fn is_worth_folding(&self, weights: usize, results: usize, has_shortcut: bool) -> bool {
        weights < results && !(has_shortcut && self.has_kernels())
    }

    /// Folds the normalisation into a convolution without bias: new filters and biases `[channels]`, from `filters`
    /// [channels, inputs, k, k]. One launch on the GPU.
    pub fn fold(self, filters: Tensor<4>) -> (Tensor<4>, Tensor<1>) {
        if self.has_kernels() {
            cube::fold(self.parameters(), self.epsilon, filters)
        } else {
            self.reference_fold(filters)
        }
    }

    /// Normalises `input` [batch, channels, height, width], adds a shortcut of the same shape if there is one, and
    /// rectifies if asked to. One launch on the GPU.
    pub fn apply(self, input: Tensor<4>, shortcut: Option<Tensor<4>>, rectify: bool) -> Tensor<4> {
        if self.has_kernels() {
            cube::apply(self.parameters(), self.epsilon, input, shortcut, rectify)
        } else {
            self.reference_apply(input, shortcut, rectify)
        }
    }

    /// Reference implementation of [`Self::fold`], composed of burn's operations.
    pub fn reference_fold(self, filters: Tensor<4>) -> (Tensor<4>, Tensor<1>) {
        let [scale, shift] = self.scale_and_shift();
        (filters * scale.reshape([-1, 1, 1, 1]), shift)
    }

    /// Reference implementation of [`Self::apply`], composed of burn's operations.
    pub fn reference_apply(self, input: Tensor<4>, shortcut: Option<Tensor<4>>, rectify: bool) -> Tensor<4> {
        let [scale, shift] = self.scale_and_shift();
        let output = input * scale.reshape([1, -1, 1, 1]) + shift.reshape([1, -1, 1, 1]);
        let output = shortcut.into_iter().fold(output, |output, shortcut| output + shortcut);
        if rectify { relu(output) } else { output }
    }

    /// Weight, bias, mean and variance, the order in which kernels take them.
    fn parameters(&self) -> [Tensor<1>; 4] {
        [&self.weight, &self.bias, &self.mean, &self.variance].map(Tensor::clone)
    }

    fn scale_and_shift(self) -> [Tensor<1>; 2] {
        let scale = self.weight / (self.variance + self.epsilon).sqrt();
        let shift = self.bias - self.mean * scale.clone();
        [scale, shift]
    }

    /// True if the tensors are on the GPU backend and not under differentiation.
    fn has_kernels(&self) -> bool {
        let device = self.weight.device();
        !device.is_autodiff() && device != Device::flex()
    }
}
