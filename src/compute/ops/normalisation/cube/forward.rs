//! The statistics of a batch, and the normalisation by them.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::reduce::{MOST_PARTS, MeanAndSquares, THREADS, lane_sum, merge_threads, own_part};
use cubecl::prelude::*;

/// Moments of the values that one thread reads. Sums are taken of distances from the first value of
/// each lane: as that is one of the values, so the sum of squares is at most count + 1 times what remains of
/// it, and little cancels, however large the mean and wherever the first value lies.
#[cube]
fn own_moments<N: Size>(input: &Tensor<Vector<f32, N>>) -> MeanAndSquares {
    let part = own_part(input);
    let lanes = f32::cast_from(N::value());
    let mut origin = Vector::<f32, N>::new(0.0);
    let mut sum = Vector::<f32, N>::new(0.0);
    let mut squares = Vector::<f32, N>::new(0.0);
    let mut count = f32::new(0.0);
    let mut index = part.first;
    if index < part.end {
        origin = input[part.place(index)];
        count += 1.0;
        index += THREADS;
    }
    while index < part.end {
        let distance = input[part.place(index)] - origin;
        sum += distance;
        squares += distance * distance;
        count += 1.0;
        index += THREADS;
    }
    let inverse = select(count > 0.0, f32::new(1.0) / count, 0.0);
    let means = origin + sum * Vector::new(inverse);
    let first = means.extract(0usize);
    let mean = first + lane_sum(means - Vector::new(first)) / lanes;
    let from_mean = means - Vector::new(mean);
    let squares = squares - sum * sum * Vector::new(inverse) + from_mean * from_mean * Vector::new(count);
    MeanAndSquares { count: count * lanes, mean, squares: lane_sum(squares) }
}

/// Moments of each part of each channel, `[channels, parts, 3]`.
#[cube(launch)]
pub(super) fn moments_kernel<N: Size>(input: &Tensor<Vector<f32, N>>, partials: &mut Tensor<f32>) {
    let moments = merge_threads(own_moments(input), THREADS);
    if UNIT_POS == 0 {
        let at = 3 * CUBE_POS;
        partials[at] = moments.count;
        partials[at + 1] = moments.mean;
        partials[at + 2] = moments.squares;
    }
}

/// Moments of this workgroup's channel from those of its parts.
#[cube]
fn channel_moments(partials: &Tensor<f32>) -> MeanAndSquares {
    let (thread, parts) = (UNIT_POS as usize, CUBE_COUNT_X as usize);
    let mut count = f32::new(0.0);
    let mut mean = f32::new(0.0);
    let mut squares = f32::new(0.0);
    if thread < parts {
        let at = 3 * (CUBE_POS_Y as usize * parts + thread);
        count = partials[at];
        mean = partials[at + 1];
        squares = partials[at + 2];
    }
    merge_threads(MeanAndSquares { count, mean, squares }, MOST_PARTS)
}

/// Output, statistics of the batch, and the running statistics that follow from them. `kept` is the
/// share of the old running statistics, `share` that of the batch, `correction` what makes the biased
/// variance unbiased. The shortcut is not read unless it is added.
#[cube(launch)]
pub(super) fn normalise_kernel<N: Size>(
    input: &Tensor<Vector<f32, N>>,
    shortcut: &Tensor<Vector<f32, N>>,
    partials: &Tensor<f32>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    running_mean: &Tensor<f32>,
    running_variance: &Tensor<f32>,
    output: &mut Tensor<Vector<f32, N>>,
    mean: &mut Tensor<f32>,
    variance: &mut Tensor<f32>,
    new_running_mean: &mut Tensor<f32>,
    new_running_variance: &mut Tensor<f32>,
    epsilon: f32,
    kept: f32,
    share: f32,
    correction: f32,
    #[comptime] adds: bool,
    #[comptime] rectify: bool,
) {
    let channel = CUBE_POS_Y as usize;
    let moments = channel_moments(partials);
    let own_variance = moments.squares / moments.count;
    if CUBE_POS_X == 0 && UNIT_POS == 0 {
        mean[channel] = moments.mean;
        variance[channel] = own_variance;
        new_running_mean[channel] = running_mean[channel] * kept + moments.mean * share;
        new_running_variance[channel] = running_variance[channel] * kept + own_variance * correction * share;
    }
    let centre = Vector::<f32, N>::new(moments.mean);
    let scale = Vector::<f32, N>::new(weight[channel] / (own_variance + epsilon).sqrt());
    let offset = Vector::<f32, N>::new(bias[channel]);
    let part = own_part(input);
    let mut index = part.first;
    while index < part.end {
        let place = part.place(index);
        // Less the mean first: with a large mean, scaling first would cost the difference its digits.
        let mut value = (input[place] - centre) * scale + offset;
        if adds {
            value += shortcut[place];
        }
        output[place] = rectified(value, rectify);
        index += THREADS;
    }
}

/// The value, or zero for what is negative.
#[cube]
pub(super) fn rectified<N: Size>(value: Vector<f32, N>, #[comptime] rectify: bool) -> Vector<f32, N> {
    if rectify {
        // A comparison, because maximum lets some drivers turn NaN into zero.
        let zero = Vector::<f32, N>::new(0.0);
        select_many(value.less_than(&zero), zero, value)
    } else {
        value
    }
}
