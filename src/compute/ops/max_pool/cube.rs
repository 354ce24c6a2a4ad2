//! Max pooling on the GPU, one thread per result. The gradient is gathered, so that no two threads write to the same
//! value.

use super::{MaxPoolGradient, MaxPoolOps};
use crate::compute::ops::cube::{argument, empty, empty_of, one_thread_each};
use burn::{
    backend::{
        Cube, TensorMetadata,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::DType,
};
use burn_cubecl::{kernel::into_contiguous, tensor::CubeTensor};
use cubecl::prelude::*;

/// Maximum of each window and, `with_origins`, the index of its pixel among the nine. NaN counts as greater than any
/// number.
#[cube(launch)]
fn max_pool_kernel(
    input: &Tensor<f32>,
    output: &mut Tensor<f32>,
    origins: &mut Tensor<u32>,
    #[comptime] with_origins: bool,
) {
    let (height, width) = (input.shape(2), input.shape(3));
    let (rows, columns) = (output.shape(2), output.shape(3));
    if ABSOLUTE_POS >= output.shape(0) * output.shape(1) * rows * columns {
        terminate!();
    }
    let plane = ABSOLUTE_POS / (rows * columns) * height * width;
    let index = ABSOLUTE_POS % (rows * columns);
    let (row, column) = (index / columns * 2, index % columns * 2);
    // The middle of a window is never outside the image.
    let mut best = input[plane + row * width + column];
    let mut origin = u32::new(4);
    #[unroll]
    for pixel in 0..9usize {
        // Counted from one row and one column before the image, so that no index is negative.
        let (y, x) = (row + comptime!(pixel / 3), column + comptime!(pixel % 3));
        if y > 0 && y <= height && x > 0 && x <= width {
            let value = input[plane + (y - 1) * width + x - 1];
            let is_first = value == best && u32::new(comptime!(pixel as i64)) < origin;
            if value > best || is_first || value.is_nan() {
                best = value;
                origin = u32::new(comptime!(pixel as i64));
            }
        }
    }
    output[ABSOLUTE_POS] = best;
    if with_origins {
        origins[ABSOLUTE_POS] = origin;
    }
}

/// Gradient of each input pixel: the sum of the gradients of the windows that it is the maximum of, at most four.
#[cube(launch)]
fn gradient_kernel(origins: &Tensor<u32>, gradient: &Tensor<f32>, input_gradient: &mut Tensor<f32>) {
    let (height, width) = (input_gradient.shape(2), input_gradient.shape(3));
    let (rows, columns) = (gradient.shape(2), gradient.shape(3));
    if ABSOLUTE_POS >= input_gradient.shape(0) * input_gradient.shape(1) * height * width {
        terminate!();
    }
    let plane = ABSOLUTE_POS / (height * width) * rows * columns;
    let index = ABSOLUTE_POS % (height * width);
    let (y, x) = (index / width, index % width);
    let mut sum = f32::new(0.0);
    #[unroll]
    for window in 0..4usize {
        let (dy, dx) = (comptime!(window / 2), comptime!(window % 2));
        let (row, column) = (y / 2 + dy, x / 2 + dx);
        // A pixel of an even row is in windows of one row only, a pixel of an odd row in windows of two rows.
        if dy <= y % 2 && dx <= x % 2 && row < rows && column < columns {
            let pixel = (y + 1 - 2 * row) * 3 + x + 1 - 2 * column;
            let index = plane + row * columns + column;
            if origins[index] as usize == pixel {
                sum += gradient[index];
            }
        }
    }
    input_gradient[ABSOLUTE_POS] = sum;
}

fn pooled(input: CubeTensor, with_origins: bool) -> (CubeTensor, CubeTensor) {
    let input = into_contiguous(input);
    let [batch, channels, height, width] = input.shape().dims();
    let shape = [batch, channels, height.div_ceil(2), width.div_ceil(2)];
    let output = empty(&input, shape);
    // A kernel must be given some tensor to write to.
    let origins = empty_of(&input, if with_origins { shape } else { [1; 4] }, DType::U32);
    let (cubes, threads) = one_thread_each(&output, output.shape().num_elements());
    max_pool_kernel::launch(
        &input.client,
        cubes,
        threads,
        argument(&input),
        argument(&output),
        argument(&origins),
        with_origins,
    );
    (output, origins)
}

impl MaxPoolOps for Cube {
    fn max_pool(input: FloatTensor<Self>) -> FloatTensor<Self> {
        pooled(input, false).0
    }
}

impl MaxPoolGradient for Cube {
    fn max_pool_with_origins(input: FloatTensor<Self>) -> (FloatTensor<Self>, IntTensor<Self>) {
        pooled(input, true)
    }

    fn max_pool_gradient(
        origins: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        [height, width]: [usize; 2],
    ) -> FloatTensor<Self> {
        let gradient = into_contiguous(gradient);
        let [batch, channels, _, _] = gradient.shape().dims();
        let input_gradient = empty(&gradient, [batch, channels, height, width]);
        let (cubes, threads) = one_thread_each(&input_gradient, input_gradient.shape().num_elements());
        gradient_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&origins),
            argument(&gradient),
            argument(&input_gradient),
        );
        input_gradient
    }
}
