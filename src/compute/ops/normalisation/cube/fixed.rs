//! Normalisation by given statistics on the GPU.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::forward::rectified;
use cubecl::prelude::*;

/// Factor of a channel: weight / √(variance + epsilon).
#[cube]
fn scale_of(channel: usize, weight: &Tensor<f32>, variance: &Tensor<f32>, epsilon: f32) -> f32 {
    weight[channel] / (variance[channel] + epsilon).sqrt()
}

/// Filters `[channels, inputs, k, k]` and biases `[channels]` of the convolution that normalises its results.
#[cube(launch)]
pub(super) fn fold_kernel(
    filters: &Tensor<f32>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    folded: &mut Tensor<f32>,
    shift: &mut Tensor<f32>,
    epsilon: f32,
) {
    let channels = filters.shape(0);
    let filter = filters.shape(1) * filters.shape(2) * filters.shape(3);
    if ABSOLUTE_POS >= channels * filter {
        terminate!();
    }
    folded[ABSOLUTE_POS] = filters[ABSOLUTE_POS] * scale_of(ABSOLUTE_POS / filter, weight, variance, epsilon);
    if ABSOLUTE_POS < channels {
        let scale = scale_of(ABSOLUTE_POS, weight, variance, epsilon);
        shift[ABSOLUTE_POS] = bias[ABSOLUTE_POS] - mean[ABSOLUTE_POS] * scale;
    }
}

/// Normalises, adds the shortcut and rectifies. The shortcut is read only if it `adds` one.
#[cube(launch)]
pub(super) fn apply_kernel<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    shortcut: &Tensor<Vector<f32, N>>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    output: &mut Tensor<Vector<f32, N>>,
    epsilon: f32,
    #[comptime] adds: bool,
    #[comptime] rectify: bool,
) {
    let plane = input.shape(2) * input.shape(3) / N::value();
    if ABSOLUTE_POS >= input.shape(0) * input.shape(1) * plane {
        terminate!();
    }
    let channel = ABSOLUTE_POS / plane % input.shape(1);
    let centre = Vector::<f32, N>::new(mean[channel]);
    let scale = Vector::<f32, N>::new(scale_of(channel, weight, variance, epsilon));
    let mut value = (input[ABSOLUTE_POS] - centre) * scale + Vector::new(bias[channel]);
    if adds {
        value += shortcut[ABSOLUTE_POS];
    }
    output[ABSOLUTE_POS] = rectified(value, rectify);
}
