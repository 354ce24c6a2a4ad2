//! The pooling on the GPU, one thread a result; the gradient is gathered, so that no two threads write to one
//! place.

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

/// The greatest value of each window and, if they are asked for, which of its nine pixels that is. NaN is
/// greater than all.
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
    let place = ABSOLUTE_POS % (rows * columns);
    let (row, column) = (place / columns * 2, place % columns * 2);
    // The middle is never outside.
    let mut best = input[plane + row * width + column];
    let mut origin = u32::new(4);
    #[unroll]
    for pixel in 0..9usize {
        // Rows and columns from one before the image.
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

/// What each pixel has of the gradients of the windows that it is the greatest of, four at most.
#[cube(launch)]
fn gradient_kernel(origins: &Tensor<u32>, gradient: &Tensor<f32>, of_input: &mut Tensor<f32>) {
    let (height, width) = (of_input.shape(2), of_input.shape(3));
    let (rows, columns) = (gradient.shape(2), gradient.shape(3));
    if ABSOLUTE_POS >= of_input.shape(0) * of_input.shape(1) * height * width {
        terminate!();
    }
    let plane = ABSOLUTE_POS / (height * width) * rows * columns;
    let place = ABSOLUTE_POS % (height * width);
    let (y, x) = (place / width, place % width);
    let mut sum = f32::new(0.0);
    #[unroll]
    for window in 0..4usize {
        let (down, across) = (comptime!(window / 2), comptime!(window % 2));
        let (row, column) = (y / 2 + down, x / 2 + across);
        // A pixel of an even row lies in the windows of one row only, one of an odd row in those of two.
        if down <= y % 2 && across <= x % 2 && row < rows && column < columns {
            let pixel = (y + 1 - 2 * row) * 3 + x + 1 - 2 * column;
            let at = plane + row * columns + column;
            if origins[at] as usize == pixel {
                sum += gradient[at];
            }
        }
    }
    of_input[ABSOLUTE_POS] = sum;
}

fn pooled(input: CubeTensor, with_origins: bool) -> (CubeTensor, CubeTensor) {
    let input = into_contiguous(input);
    let [batch, channels, height, width] = input.shape().dims();
    let shape = [batch, channels, height.div_ceil(2), width.div_ceil(2)];
    let output = empty(&input, shape);
    // A kernel cannot be given nothing to write to.
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
        let of_input = empty(&gradient, [batch, channels, height, width]);
        let (cubes, threads) = one_thread_each(&of_input, of_input.shape().num_elements());
        gradient_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&origins),
            argument(&gradient),
            argument(&of_input),
        );
        of_input
    }
}
