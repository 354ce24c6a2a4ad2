//! Upsampling on the GPU, one launch each way.

use super::backend::{UpsampleGradients, UpsampleOps};
use crate::compute::ops::cube::{argument, empty, one_thread_each, vector_size};
use burn::backend::{Cube, TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

/// Upsampled coarse map, followed by the channels of the fine map if it `joins` one (else that is not read).
#[cube(launch)]
fn join_kernel<N: Size>(
    coarse: &Tensor<f32>,
    fine: &Tensor<Vector<f32, N>>,
    output: &mut Tensor<Vector<f32, N>>,
    #[comptime] joins: bool,
) {
    let (rows, columns) = (coarse.shape(2), coarse.shape(3));
    let width = 2 * columns / N::value();
    let plane = 2 * rows * width;
    if ABSOLUTE_POS >= output.shape(0) * output.shape(1) * plane {
        terminate!();
    }
    let (item, channel) = (ABSOLUTE_POS / plane / output.shape(1), ABSOLUTE_POS / plane % output.shape(1));
    let index = ABSOLUTE_POS % plane;
    if channel < coarse.shape(1) {
        let row = (item * coarse.shape(1) + channel) * rows + index / width / 2;
        let first = row * columns + index % width * N::value() / 2;
        let mut values = Vector::<f32, N>::empty();
        #[unroll]
        for lane in 0..N::value() {
            values.insert(lane, coarse[first + comptime!(lane / 2)]);
        }
        output[ABSOLUTE_POS] = values;
    } else if joins {
        output[ABSOLUTE_POS] = fine[(item * fine.shape(1) + channel - coarse.shape(1)) * plane + index];
    }
}

/// Gradient of the coarse map: the sum of each square of four values of the first channels of a gradient.
#[cube(launch)]
fn coarse_kernel<N: Size>(gradient: &Tensor<Vector<f32, N>>, coarse_gradient: &mut Tensor<f32>) {
    let (channels, rows, columns) =
        (coarse_gradient.shape(1), coarse_gradient.shape(2), coarse_gradient.shape(3));
    let plane = rows * columns;
    if ABSOLUTE_POS >= coarse_gradient.shape(0) * channels * plane {
        terminate!();
    }
    let (item, channel) = (ABSOLUTE_POS / plane / channels, ABSOLUTE_POS / plane % channels);
    let index = ABSOLUTE_POS % plane;
    // The unit is a pair of values; a row of the gradient has as many pairs as the coarse map has columns.
    let row = (item * gradient.shape(1) + channel) * 2 * rows + index / columns * 2;
    let upper = gradient[row * columns + index % columns];
    let lower = gradient[(row + 1) * columns + index % columns];
    coarse_gradient[ABSOLUTE_POS] =
        (upper.extract(0usize) + upper.extract(1usize)) + (lower.extract(0usize) + lower.extract(1usize));
}

/// Gradient of the fine map: the last channels of a gradient.
#[cube(launch)]
fn fine_kernel<N: Size>(gradient: &Tensor<Vector<f32, N>>, fine_gradient: &mut Tensor<Vector<f32, N>>) {
    let channels = fine_gradient.shape(1);
    let plane = fine_gradient.shape(2) * fine_gradient.shape(3) / N::value();
    if ABSOLUTE_POS >= fine_gradient.shape(0) * channels * plane {
        terminate!();
    }
    let (item, channel) = (ABSOLUTE_POS / plane / channels, ABSOLUTE_POS / plane % channels);
    let source = (item + 1) * gradient.shape(1) - channels + channel;
    fine_gradient[ABSOLUTE_POS] = gradient[source * plane + ABSOLUTE_POS % plane];
}

fn joined(coarse: CubeTensor, fine: Option<CubeTensor>) -> CubeTensor {
    let (coarse, fine) = (into_contiguous(coarse), fine.map(into_contiguous));
    let [batch, channels, rows, columns] = coarse.shape().dims();
    let fine_channels = fine.as_ref().map_or(0, |fine| fine.shape()[1]);
    let output = empty(&coarse, [batch, channels + fine_channels, 2 * rows, 2 * columns]);
    let lanes = vector_size(2 * columns);
    // A kernel must be given some tensor to read.
    let read = fine.clone().unwrap_or_else(|| empty(&coarse, [1, 1, 1, lanes]));
    let (cubes, threads) = one_thread_each(&output, output.shape().num_elements() / lanes);
    join_kernel::launch(
        &output.client,
        cubes,
        threads,
        lanes,
        argument(&coarse),
        argument(&read),
        argument(&output),
        fine.is_some(),
    );
    output
}

impl UpsampleOps for Cube {
    fn upsample(coarse: FloatTensor<Self>) -> FloatTensor<Self> {
        joined(coarse, None)
    }

    fn upsample_and_join(coarse: FloatTensor<Self>, fine: FloatTensor<Self>) -> FloatTensor<Self> {
        joined(coarse, Some(fine))
    }
}

impl UpsampleGradients for Cube {
    fn coarse_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self> {
        let gradient = into_contiguous(gradient);
        let [batch, _, height, width] = gradient.shape().dims();
        let coarse_gradient = empty(&gradient, [batch, channels, height / 2, width / 2]);
        let (cubes, threads) = one_thread_each(&coarse_gradient, coarse_gradient.shape().num_elements());
        coarse_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            2,
            argument(&gradient),
            argument(&coarse_gradient),
        );
        coarse_gradient
    }

    fn fine_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self> {
        let gradient = into_contiguous(gradient);
        let [batch, _, height, width] = gradient.shape().dims();
        let fine_gradient = empty(&gradient, [batch, channels, height, width]);
        let lanes = vector_size(height * width);
        let (cubes, threads) = one_thread_each(&fine_gradient, fine_gradient.shape().num_elements() / lanes);
        fine_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            lanes,
            argument(&gradient),
            argument(&fine_gradient),
        );
        fine_gradient
    }
}
