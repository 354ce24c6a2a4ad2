//! Activations and their derivatives in kernels.

use crate::compute::ops::convolution::Activation;
use cubecl::prelude::*;

/// The function's value; NaN stays NaN, so that the loss shows it.
#[cube]
pub(super) fn activated(value: f32, #[comptime] activation: Activation) -> f32 {
    if comptime!(activation == Activation::Relu) {
        select(value < 0.0, 0.0, value)
    } else if comptime!(activation == Activation::LeakyRelu) {
        select(value < 0.0, value * Activation::LEAK, value)
    } else if comptime!(activation == Activation::Elu) {
        select(value < 0.0, value.exp() - 1.0, value)
    } else {
        value
    }
}

/// The gradient of what the function was applied to, at a place where its value is that of `output`; without a
/// function `output` is not read.
#[cube]
pub(super) fn through(
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    place: usize,
    #[comptime] activation: Activation,
) -> f32 {
    let slope = gradient[place];
    if comptime!(activation == Activation::Relu) {
        select(output[place] > 0.0, slope, 0.0)
    } else if comptime!(activation == Activation::LeakyRelu) {
        select(output[place] > 0.0, slope, slope * Activation::LEAK)
    } else if comptime!(activation == Activation::Elu) {
        let value = output[place];
        slope * (select(value < 0.0, value, 0.0) + 1.0)
    } else {
        slope
    }
}
