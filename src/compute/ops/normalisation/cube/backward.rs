//! Gradients of batch normalisation; see `passes` for the formula.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::reduce::{MAX_PARTS, THREADS, lane_sum, own_part, sum_threads};
use cubecl::prelude::*;

/// Gradient that passes back through the rectifier, which blocks it where the output is zero.
#[cube]
fn gated<N: Size>(
    gradient: Vector<f32, N>,
    output: &Tensor<Vector<f32, N>>,
    index_of: usize,
    #[comptime] rectify: bool,
) -> Vector<f32, N> {
    if rectify {
        let zero = Vector::<f32, N>::new(0.0);
        select_many(output[index_of].greater_than(&zero), gradient, zero)
    } else {
        gradient
    }
}

/// Σ g and Σ g·(x − mean) of each part of each channel, `[channels, parts, 2]`. The output is read only with
/// `rectify`.
#[cube(launch)]
pub(super) fn sums_kernel<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    output: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    mean: &Tensor<f32>,
    partials: &mut Tensor<f32>,
    #[comptime] rectify: bool,
) {
    let part = own_part(input);
    let mean_of_channel = Vector::<f32, N>::new(mean[CUBE_POS_Y as usize]);
    let mut sum = Vector::<f32, N>::new(0.0);
    let mut weighted_sum = Vector::<f32, N>::new(0.0);
    let mut index = part.first;
    while index < part.end {
        let index_of = part.index_of(index);
        let slope = gated(gradient[index_of], output, index_of, rectify);
        sum += slope;
        weighted_sum += slope * (input[index_of] - mean_of_channel);
        index += THREADS;
    }
    let (sum, weighted_sum) = sum_threads(lane_sum(sum), lane_sum(weighted_sum), THREADS);
    if UNIT_POS == 0 {
        partials[2 * CUBE_POS] = sum;
        partials[2 * CUBE_POS + 1] = weighted_sum;
    }
}

/// Gradients of input, shortcut, weight and bias. The shortcut's is written only with `writes_shortcut`: without a
/// rectifier it is the output's gradient itself.
#[cube(launch)]
pub(super) fn gradients_kernel<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    output: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    weight: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    partials: &Tensor<f32>,
    input_gradient: &mut Tensor<Vector<f32, N>>,
    shortcut_gradient: &mut Tensor<Vector<f32, N>>,
    weight_gradient: &mut Tensor<f32>,
    bias_gradient: &mut Tensor<f32>,
    epsilon: f32,
    count: f32,
    #[comptime] rectify: bool,
    #[comptime] writes_shortcut: bool,
) {
    let (channel, parts) = (CUBE_POS_Y as usize, CUBE_COUNT_X as usize);
    let thread = UNIT_POS as usize;
    let mut sum = f32::new(0.0);
    let mut weighted_sum = f32::new(0.0);
    if thread < parts {
        let first = 2 * (channel * parts + thread);
        sum = partials[first];
        weighted_sum = partials[first + 1];
    }
    let (sum, weighted_sum) = sum_threads(sum, weighted_sum, MAX_PARTS);
    let inverse_standard_deviation = f32::new(1.0) / (variance[channel] + epsilon).sqrt();
    if CUBE_POS_X == 0 && UNIT_POS == 0 {
        weight_gradient[channel] = weighted_sum * inverse_standard_deviation;
        bias_gradient[channel] = sum;
    }
    let mean_of_channel = Vector::<f32, N>::new(mean[channel]);
    let scale = Vector::<f32, N>::new(weight[channel] * inverse_standard_deviation);
    let offset = Vector::<f32, N>::new(sum / count);
    let slant =
        Vector::<f32, N>::new(weighted_sum / count * inverse_standard_deviation * inverse_standard_deviation);
    let part = own_part(input);
    let mut index = part.first;
    while index < part.end {
        let index_of = part.index_of(index);
        let slope = gated(gradient[index_of], output, index_of, rectify);
        if writes_shortcut {
            shortcut_gradient[index_of] = slope;
        }
        input_gradient[index_of] = scale * (slope - offset - (input[index_of] - mean_of_channel) * slant);
        index += THREADS;
    }
}
