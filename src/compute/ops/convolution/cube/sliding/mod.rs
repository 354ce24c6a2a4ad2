//! Convolutions with 3 × 3 taps and stride 1, and the gradients of their input: a matrix product of filters and blocks of
//! pixels, summed over channels and taps.
//!
//! A thread computes a block of 4 × 4 pixels of four filters, or 2 × 4 pixels of eight, from a patch of 6 × 6 or 4 × 6
//! pixels. The patch is loaded once for all nine taps, and the window slides over it in registers. Compared with unfolded
//! columns, this takes a quarter or a third of the reads of pixels from global memory, and 0.6 or 0.7 of the reads from
//! shared memory.

mod kernel;
mod shape;
pub(super) mod weight_gradient;
mod weights;

pub use shape::SlidingTile;
pub(super) use shape::{KERNEL, PATCH_COLUMNS, SlidingWindow, TAPS, source_of};

use super::{arguments::ForwardArguments, few_filters, window::ConvolutionWindow};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;
use shape::BLOCK_COLUMNS;

/// Tells if this kernel serves a result of `rows` rows and maps `[batch, height, width]`: vectors of the weight must
/// begin at multiples of four values (`aligned`), and blocks must fit the maps.
fn serves(window: ConvolutionWindow, rows: usize, aligned: usize, maps: [usize; 3]) -> bool {
    window.kernel == KERNEL
        && window.stride == 1
        && aligned.is_multiple_of(4)
        && rows > few_filters::MAX_FILTERS
        && SlidingTile::of(rows, maps[1]).blocks.fit(maps)
}

/// Writes the output if this kernel serves it; false if it does not.
pub(super) fn forward(arguments: ForwardArguments<'_>) -> bool {
    let ForwardArguments { input, weight, bias, output, window, activation } = arguments;
    let [batch, filters, height, width]: [usize; 4] = output.shape().dims();
    let [_, channels, _, _]: [usize; 4] = input.shape().dims();
    if !serves(window, filters, channels, [batch, height, width]) {
        return false;
    }
    launch(
        input,
        input,
        weight,
        bias,
        output,
        SlidingWindow::forward(window),
        [Activation::None, activation],
    );
    true
}

/// Writes the gradient of the input `[batch, channels, height, width]` if this kernel serves it; false if it does not.
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
    // Folding needs the pixels next to the outermost to be inside a block.
    let is_whole = height.is_multiple_of(2) && width.is_multiple_of(BLOCK_COLUMNS);
    if window.margin >= KERNEL
        || folds && !is_whole
        || !serves(window, channels, channels, [batch, height, width])
    {
        return false;
    }
    let sliding =
        SlidingWindow { margin: KERNEL - 1 - window.margin, reflects: false, folds, is_transposed: true };
    launch(gradient, output, weight, None, result, sliding, [activation, Activation::None]);
    true
}

#[allow(unsafe_code)]
fn launch(
    image: &CubeTensor,
    activations: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    result: &CubeTensor,
    sliding: SlidingWindow,
    [before, after]: [Activation; 2],
) {
    let [batch, rows, height, width]: [usize; 4] = result.shape().dims();
    let tile = SlidingTile::of(rows, height);
    let columns = tile.blocks.steps([batch, height, width]);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        kernel::sliding_kernel::launch_unchecked(
            &result.client,
            CubeCount::new_2d(columns as u32, rows.div_ceil(tile.rows) as u32),
            CubeDim::new_1d(tile.threads() as u32),
            if sliding.is_transposed { 4 } else { tile.channels },
            argument(image),
            argument(activations),
            argument(weight),
            argument(bias.unwrap_or(weight)),
            argument(result),
            tile,
            sliding,
            bias.is_some(),
            before,
            after,
        );
    }
}
