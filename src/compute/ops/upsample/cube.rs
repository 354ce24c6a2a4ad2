//! The doubling on the GPU, one launch each way.

use super::backend::{UpsampleGradients, UpsampleOps};
use crate::compute::ops::cube::{argument, empty, one_thread_each, vector_size};
use burn::backend::{Cube, TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

/// The doubled map, followed by the channels of the fine map, which is not read if there is none.
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
    let place = ABSOLUTE_POS % plane;
    if channel < coarse.shape(1) {
        let row = (item * coarse.shape(1) + channel) * rows + place / width / 2;
        let first = row * columns + place % width * N::value() / 2;
        let mut values = Vector::<f32, N>::empty();
        #[unroll]
        for lane in 0..N::value() {
            values.insert(lane, coarse[first + comptime!(lane / 2)]);
        }
        output[ABSOLUTE_POS] = values;
    } else if joins {
        output[ABSOLUTE_POS] = fine[(item * fine.shape(1) + channel - coarse.shape(1)) * plane + place];
    }
}

/// The sum of each square of four values of the first channels of a gradient.
#[cube(launch)]
fn coarse_kernel<N: Size>(gradient: &Tensor<Vector<f32, N>>, of_coarse: &mut Tensor<f32>) {
    let (channels, rows, columns) = (of_coarse.shape(1), of_coarse.shape(2), of_coarse.shape(3));
    let plane = rows * columns;
    if ABSOLUTE_POS >= of_coarse.shape(0) * channels * plane {
        terminate!();
    }
    let (item, channel) = (ABSOLUTE_POS / plane / channels, ABSOLUTE_POS / plane % channels);
    let place = ABSOLUTE_POS % plane;
    // In pairs of values, of which a row of the gradient has as many as the coarse map has columns.
    let row = (item * gradient.shape(1) + channel) * 2 * rows + place / columns * 2;
    let upper = gradient[row * columns + place % columns];
    let lower = gradient[(row + 1) * columns + place % columns];
    of_coarse[ABSOLUTE_POS] =
        (upper.extract(0usize) + upper.extract(1usize)) + (lower.extract(0usize) + lower.extract(1usize));
}

/// The last channels of a gradient.
#[cube(launch)]
fn fine_kernel<N: Size>(gradient: &Tensor<Vector<f32, N>>, of_fine: &mut Tensor<Vector<f32, N>>) {
    let channels = of_fine.shape(1);
    let plane = of_fine.shape(2) * of_fine.shape(3) / N::value();
    if ABSOLUTE_POS >= of_fine.shape(0) * channels * plane {
        terminate!();
    }
    let (item, channel) = (ABSOLUTE_POS / plane / channels, ABSOLUTE_POS / plane % channels);
    let source = (item + 1) * gradient.shape(1) - channels + channel;
    of_fine[ABSOLUTE_POS] = gradient[source * plane + ABSOLUTE_POS % plane];
}

fn joined(coarse: CubeTensor, fine: Option<CubeTensor>) -> CubeTensor {
    let (coarse, fine) = (into_contiguous(coarse), fine.map(into_contiguous));
    let [batch, channels, rows, columns] = coarse.shape().dims();
    let fine_channels = fine.as_ref().map_or(0, |fine| fine.shape()[1]);
    let output = empty(&coarse, [batch, channels + fine_channels, 2 * rows, 2 * columns]);
    let lanes = vector_size(2 * columns);
    // A kernel cannot be given nothing to read.
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
        let of_coarse = empty(&gradient, [batch, channels, height / 2, width / 2]);
        let (cubes, threads) = one_thread_each(&of_coarse, of_coarse.shape().num_elements());
        coarse_kernel::launch(&gradient.client, cubes, threads, 2, argument(&gradient), argument(&of_coarse));
        of_coarse
    }

    fn fine_gradient(gradient: FloatTensor<Self>, channels: usize) -> FloatTensor<Self> {
        let gradient = into_contiguous(gradient);
        let [batch, _, height, width] = gradient.shape().dims();
        let of_fine = empty(&gradient, [batch, channels, height, width]);
        let lanes = vector_size(height * width);
        let (cubes, threads) = one_thread_each(&of_fine, of_fine.shape().num_elements() / lanes);
        fine_kernel::launch(&gradient.client, cubes, threads, lanes, argument(&gradient), argument(&of_fine));
        of_fine
    }
}
