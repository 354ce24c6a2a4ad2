//! The derivatives of the normalisation; `passes` has the formula.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::reduce::{MOST_PARTS, THREADS, lane_sum, own_part, sum_threads};
use cubecl::prelude::*;

/// What of the output's gradient comes through the rectifier, which stops it where the output is zero.
#[cube]
fn gated<N: Size>(
    gradient: Vector<f32, N>,
    output: &Tensor<Vector<f32, N>>,
    place: usize,
    #[comptime] rectify: bool,
) -> Vector<f32, N> {
    if rectify {
        let zero = Vector::<f32, N>::new(0.0);
        select_many(output[place].greater_than(&zero), gradient, zero)
    } else {
        gradient
    }
}

/// Σ g and Σ g·(x − mean) of each part of each channel, `[channels, parts, 2]`. The output is not read
/// unless it was rectified.
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
    let centre = Vector::<f32, N>::new(mean[CUBE_POS_Y as usize]);
    let mut plain = Vector::<f32, N>::new(0.0);
    let mut weighted = Vector::<f32, N>::new(0.0);
    let mut index = part.first;
    while index < part.end {
        let place = part.place(index);
        let slope = gated(gradient[place], output, place, rectify);
        plain += slope;
        weighted += slope * (input[place] - centre);
        index += THREADS;
    }
    let (plain, weighted) = sum_threads(lane_sum(plain), lane_sum(weighted), THREADS);
    if UNIT_POS == 0 {
        partials[2 * CUBE_POS] = plain;
        partials[2 * CUBE_POS + 1] = weighted;
    }
}

/// The gradients of input, shortcut, weight and bias. That of the shortcut is not written unless it is
/// another than the output's.
#[cube(launch)]
pub(super) fn gradients_kernel<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    output: &Tensor<Vector<f32, N>>,
    gradient: &Tensor<Vector<f32, N>>,
    weight: &Tensor<f32>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    partials: &Tensor<f32>,
    of_input: &mut Tensor<Vector<f32, N>>,
    of_shortcut: &mut Tensor<Vector<f32, N>>,
    of_weight: &mut Tensor<f32>,
    of_bias: &mut Tensor<f32>,
    epsilon: f32,
    count: f32,
    #[comptime] rectify: bool,
    #[comptime] writes_shortcut: bool,
) {
    let (channel, parts) = (CUBE_POS_Y as usize, CUBE_COUNT_X as usize);
    let thread = UNIT_POS as usize;
    let mut plain = f32::new(0.0);
    let mut weighted = f32::new(0.0);
    if thread < parts {
        let at = 2 * (channel * parts + thread);
        plain = partials[at];
        weighted = partials[at + 1];
    }
    let (plain, weighted) = sum_threads(plain, weighted, MOST_PARTS);
    let inverse_deviation = f32::new(1.0) / (variance[channel] + epsilon).sqrt();
    if CUBE_POS_X == 0 && UNIT_POS == 0 {
        of_weight[channel] = weighted * inverse_deviation;
        of_bias[channel] = plain;
    }
    let centre = Vector::<f32, N>::new(mean[channel]);
    let scale = Vector::<f32, N>::new(weight[channel] * inverse_deviation);
    let offset = Vector::<f32, N>::new(plain / count);
    let slant = Vector::<f32, N>::new(weighted / count * inverse_deviation * inverse_deviation);
    let part = own_part(input);
    let mut index = part.first;
    while index < part.end {
        let place = part.place(index);
        let slope = gated(gradient[place], output, place, rectify);
        if writes_shortcut {
            of_shortcut[place] = slope;
        }
        of_input[place] = scale * (slope - offset - (input[place] - centre) * slant);
        index += THREADS;
    }
}
