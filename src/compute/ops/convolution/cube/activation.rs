//! Activation functions and their gradients in kernels.

use crate::compute::ops::convolution::Activation;
use cubecl::prelude::*;

/// Value of the activation function. NaN stays NaN, so that it reaches the loss.
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

/// Gradient before the activation function, from the `gradient` after it and its `output` at the same index. Without an
/// activation `output` is not read.
#[cube]
pub(super) fn activation_gradient(
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    index: usize,
    #[comptime] activation: Activation,
) -> f32 {
    let slope = gradient[index];
    if comptime!(activation == Activation::Relu) {
        select(output[index] > 0.0, slope, 0.0)
    } else if comptime!(activation == Activation::LeakyRelu) {
        select(output[index] > 0.0, slope, slope * Activation::LEAK)
    } else if comptime!(activation == Activation::Elu) {
        let value = output[index];
        slope * (select(value < 0.0, value, 0.0) + 1.0)
    } else {
        slope
    }
}
