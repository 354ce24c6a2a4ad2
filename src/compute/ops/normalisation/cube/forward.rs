//! Statistics of a batch, and normalisation by them, on the GPU.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::reduce::{MAX_PARTS, MeanAndSquares, THREADS, lane_sum, merge_threads, own_part};
use cubecl::prelude::*;

/// Moments of the values that one thread reads. Sums are those of differences from the first value of each lane. As
/// this is one of the values, the sum of squared differences is at most count + 1 times the sum of squared deviations
/// from the mean. So few digits cancel, however large the mean is.
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
        origin = input[part.index_of(index)];
        count += 1.0;
        index += THREADS;
    }
    while index < part.end {
        let distance = input[part.index_of(index)] - origin;
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
        let first = 3 * CUBE_POS;
        partials[first] = moments.count;
        partials[first + 1] = moments.mean;
        partials[first + 2] = moments.squares;
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
        let first = 3 * (CUBE_POS_Y as usize * parts + thread);
        count = partials[first];
        mean = partials[first + 1];
        squares = partials[first + 2];
    }
    merge_threads(MeanAndSquares { count, mean, squares }, MAX_PARTS)
}

/// Output, statistics of the batch, and new running statistics. `kept` is the weight of the old running statistics
/// in the new ones, `share` that of the batch; `correction` makes the biased variance unbiased. The shortcut is
/// read only if it `adds` one.
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
    let mean_of_batch = Vector::<f32, N>::new(moments.mean);
    let scale = Vector::<f32, N>::new(weight[channel] / (own_variance + epsilon).sqrt());
    let offset = Vector::<f32, N>::new(bias[channel]);
    let part = own_part(input);
    let mut index = part.first;
    while index < part.end {
        let index_of = part.index_of(index);
        // Subtract the mean first: if it is large, scaling first would lose the digits of the difference.
        let mut value = (input[index_of] - mean_of_batch) * scale + offset;
        if adds {
            value += shortcut[index_of];
        }
        output[index_of] = rectified(value, rectify);
        index += THREADS;
    }
}

/// max(value, 0), lane by lane, if `rectify` is set.
#[cube]
pub(super) fn rectified<N: Size>(value: Vector<f32, N>, #[comptime] rectify: bool) -> Vector<f32, N> {
    if rectify {
        // A comparison, because with max some drivers turn NaN into zero.
        let zero = Vector::<f32, N>::new(0.0);
        select_many(value.less_than(&zero), zero, value)
    } else {
        value
    }
}
