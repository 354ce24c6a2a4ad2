//! Convolutions of 3 × 3 taps one pixel apart, and the gradients of their input: filters times blocks of pixels,
//! summed over channels and taps.
//!
//! A thread has a block of pixels, 4 × 4 of four filters or 2 × 4 of eight, which sees a patch of 6 × 6 or 4 × 6.
//! The patch is loaded once for all nine taps and the window slides over it in registers. That takes a quarter or
//! a third of the reads of pixels from global memory, and 0.6 or 0.7 times the reads from shared memory, that as
//! many results of unfolded columns take.

mod kernel;
mod shape;
pub(super) mod weight_gradient;
mod weights;

pub use shape::Sweep;
pub(super) use shape::{KERNEL, PATCH_COLUMNS, Slide, TAPS, source_of};

use super::{few, window::ConvolutionWindow};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use shape::BLOCK_COLUMNS;

/// Whether the kernel serves a product of so many rows and such maps: it does where vectors of the weight begin
/// at multiples of four values, and where blocks and tiles leave few pixels over.
fn serves(window: ConvolutionWindow, rows: usize, aligned: usize, maps: [usize; 3]) -> bool {
    window.kernel == KERNEL
        && window.stride == 1
        && aligned.is_multiple_of(4)
        && rows > few::MOST_FILTERS
        && 2 * Sweep::of(rows, maps[1]).computed(maps) <= 3 * maps.into_iter().product::<usize>()
}

/// Writes the output `[batch, filters, height, width]` if this kernel is the one for it.
#[allow(unsafe_code)]
pub(super) fn forward(
    input: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    output: &CubeTensor,
    window: ConvolutionWindow,
    activation: Activation,
) -> bool {
    let [batch, filters, height, width]: [usize; 4] = output.shape().dims();
    let [_, channels, _, _]: [usize; 4] = input.shape().dims();
    if !serves(window, filters, channels, [batch, height, width]) {
        return false;
    }
    launch(input, input, weight, bias, output, Slide::forward(window), [Activation::None, activation]);
    true
}

/// Writes the gradient of the input `[batch, channels, height, width]` if this kernel is the one for it.
pub(super) fn input_gradient(
    gradient: &CubeTensor,
    output: &CubeTensor,
    weight: &CubeTensor,
    result: &CubeTensor,
    window: ConvolutionWindow,
    activation: Activation,
) -> bool {
    let [batch, channels, height, width]: [usize; 4] = result.shape().dims();
    let folds = window.reflects && window.margin > 0;
    // Then the pixels beside the outermost must be the inner ones of a block.
    let is_whole = height.is_multiple_of(2) && width.is_multiple_of(BLOCK_COLUMNS);
    if window.margin >= KERNEL
        || folds && !is_whole
        || !serves(window, channels, channels, [batch, height, width])
    {
        return false;
    }
    let slide = Slide { margin: KERNEL - 1 - window.margin, reflects: false, folds, is_transposed: true };
    launch(gradient, output, weight, None, result, slide, [activation, Activation::None]);
    true
}

#[allow(unsafe_code)]
fn launch(
    image: &CubeTensor,
    passed: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    result: &CubeTensor,
    slide: Slide,
    [before, after]: [Activation; 2],
) {
    let [batch, rows, height, width]: [usize; 4] = result.shape().dims();
    let maps = [batch, height, width];
    let sweep = Sweep::of(rows, height);
    let columns = sweep.blocks_of(maps).div_ceil(sweep.blocks);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        kernel::sliding_kernel::launch_unchecked(
            &result.client,
            CubeCount::new_2d(columns as u32, rows.div_ceil(sweep.rows) as u32),
            CubeDim::new_1d(sweep.threads() as u32),
            if slide.is_transposed { 4 } else { sweep.channels },
            argument(image),
            argument(passed),
            argument(weight),
            argument(bias.unwrap_or(weight)),
            argument(result),
            sweep,
            slide,
            bias.is_some(),
            before,
            after,
        );
    }
}
