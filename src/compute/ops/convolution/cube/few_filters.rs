//! Convolutions with 3 × 3 taps, stride 1 and few filters, such as those that end in a disparity. In a product of tiles
//! most rows would be empty.
//!
//! A thread computes a block of 2 × 4 pixels of all filters from a part of the channels. It reads its patch of a
//! channel once for all taps and filters. The parts are then added in a fixed order.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    activation::activated,
    arguments::ForwardArguments,
    sliding::{KERNEL, PATCH_COLUMNS, SlidingWindow, TAPS, source_of},
    tile::Four,
    window::pixel_at,
};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use cubecl::prelude::*;

/// Most filters that this kernel serves.
pub(super) const MAX_FILTERS: usize = 4;
/// Rows of pixels that a thread computes.
const BLOCK_ROWS: usize = 2;
/// Rows of the input that a block depends on: its patch.
const PATCH_ROWS: usize = BLOCK_ROWS + KERNEL - 1;
/// Columns of a block: one vector.
const BLOCK_COLUMNS: usize = 4;
/// Blocks per workgroup.
const BLOCKS: usize = 32;
/// Parts that the channels are divided into.
const PARTS: usize = 4;

/// Output `[batch, filters, height, width]`; the bias is read only with `has_bias`.
#[cube(launch_unchecked)]
fn few_filters_kernel(
    input: &Tensor<f32>,
    weight: &Tensor<Four>,
    bias: &Tensor<f32>,
    output: &mut Tensor<f32>,
    #[comptime] filters: usize,
    #[comptime] sliding: SlidingWindow,
    #[comptime] has_bias: bool,
    #[comptime] activation: Activation,
) {
    let (images, height, width) = (output.shape(0), output.shape(2), output.shape(3));
    let (channels, source_height, source_width) = (input.shape(1), input.shape(2), input.shape(3));
    let block_rows = (height + comptime!(BLOCK_ROWS - 1)) / BLOCK_ROWS;
    let block_columns = (width + comptime!(BLOCK_COLUMNS - 1)) / BLOCK_COLUMNS;
    let block = UNIT_POS as usize % BLOCKS;
    let part = UNIT_POS as usize / BLOCKS;
    let block_index = CUBE_POS_X as usize * BLOCKS + block;
    let position = pixel_at(block_index, images, block_rows, block_columns);
    let top = position.row * BLOCK_ROWS;
    let left = position.column * BLOCK_COLUMNS;

    let mut rows = Sequence::<usize>::new();
    #[unroll]
    for row in 0..PATCH_ROWS {
        rows.push(source_of(top + row, source_height, sliding));
    }
    let mut columns = Sequence::<usize>::new();
    #[unroll]
    for column in 0..PATCH_COLUMNS {
        columns.push(source_of(left + column, source_width, sliding));
    }

    let mut sums = Array::<f32>::new(comptime!(filters * BLOCK_ROWS * BLOCK_COLUMNS));
    #[unroll]
    for sum in 0..comptime!(filters * BLOCK_ROWS * BLOCK_COLUMNS) {
        sums[sum] = f32::new(0.0);
    }
    let mut quad = part;
    while quad * 4 < channels {
        let mut weights = Array::<Four>::new(comptime!(filters * TAPS));
        #[unroll]
        for filter in 0..filters {
            #[unroll]
            for vector in 0..TAPS {
                let index = (filter * (channels / 4) + quad) * TAPS + vector;
                weights[comptime!(filter * TAPS + vector)] = weight[index];
            }
        }
        #[unroll]
        for channel in 0..4usize {
            let plane = (position.image * channels + quad * 4 + channel) * source_height;
            let mut patch = Array::<f32>::new(comptime!(PATCH_ROWS * PATCH_COLUMNS));
            #[unroll]
            for pixel in 0..comptime!(PATCH_ROWS * PATCH_COLUMNS) {
                let row = *rows.index(comptime!(pixel / PATCH_COLUMNS));
                let column = *columns.index(comptime!(pixel % PATCH_COLUMNS));
                let index = (plane + row) * source_width + column;
                patch[pixel] = if comptime!(sliding.reflects) {
                    input[index]
                } else {
                    let is_inside = row < source_height && column < source_width;
                    select(is_inside, input[select(is_inside, index, 0)], 0.0)
                };
            }
            #[unroll]
            for filter in 0..filters {
                #[unroll]
                for tap in 0..TAPS {
                    let term = comptime!(channel * TAPS + tap);
                    let value = weights[comptime!(filter * TAPS + term / 4)].extract(comptime!(term % 4));
                    #[unroll]
                    for pixel in 0..comptime!(BLOCK_ROWS * BLOCK_COLUMNS) {
                        let row = comptime!(pixel / BLOCK_COLUMNS + tap / KERNEL);
                        let column = comptime!(pixel % BLOCK_COLUMNS + tap % KERNEL);
                        let sum = comptime!(filter * BLOCK_ROWS * BLOCK_COLUMNS + pixel);
                        sums[sum] = fma(value, patch[comptime!(row * PATCH_COLUMNS + column)], sums[sum]);
                    }
                }
            }
        }
        quad += PARTS;
    }

    let lines = comptime!(filters * BLOCK_ROWS);
    let mut partial = Shared::<[Four]>::new_slice(comptime!(PARTS * lines * BLOCKS));
    #[unroll]
    for line in 0..lines {
        let mut values = Four::new(0.0);
        #[unroll]
        for lane in 0..4usize {
            values.insert(lane, sums[comptime!(line * BLOCK_COLUMNS + lane)]);
        }
        partial[(part * lines + line) * BLOCKS + block] = values;
    }
    sync_cube();
    let is_block = block_index < images * block_rows * block_columns;
    #[unroll]
    for load in 0..comptime!(lines.div_ceil(PARTS)) {
        let line = part + comptime!(load * PARTS);
        let row = top + line % BLOCK_ROWS;
        if is_block && line < lines && row < height {
            let filter = line / BLOCK_ROWS;
            let mut total = Four::new(0.0);
            #[unroll]
            for other in 0..PARTS {
                total += partial[(other * lines + line) * BLOCKS + block];
            }
            let index = ((position.image * filters + filter) * height + row) * width + left;
            #[unroll]
            for lane in 0..4usize {
                if left + lane < width {
                    let mut value = total.extract(lane);
                    if comptime!(has_bias) {
                        value += bias[filter];
                    }
                    output[index + lane] = activated(value, activation);
                }
            }
        }
    }
}

/// Writes the output if this kernel serves it; false if it does not.
#[allow(unsafe_code)]
pub(super) fn forward(arguments: ForwardArguments<'_>) -> bool {
    let ForwardArguments { input, weight, bias, output, window, activation } = arguments;
    let [batch, filters, height, width]: [usize; 4] = output.shape().dims();
    let [_, channels, _, _]: [usize; 4] = input.shape().dims();
    let serves = window.kernel == KERNEL && window.stride == 1 && filters <= MAX_FILTERS;
    if !serves || !channels.is_multiple_of(4) {
        return false;
    }
    let blocks = batch * height.div_ceil(BLOCK_ROWS) * width.div_ceil(BLOCK_COLUMNS);
    let sliding = SlidingWindow::forward(window);
    // SAFETY: every block_index is held inside its tensor by the kernel itself.
    unsafe {
        few_filters_kernel::launch_unchecked(
            &output.client,
            CubeCount::new_1d(blocks.div_ceil(BLOCKS) as u32),
            CubeDim::new_1d((BLOCKS * PARTS) as u32),
            argument(input),
            argument(weight),
            argument(bias.unwrap_or(weight)),
            argument(output),
            filters,
            sliding,
            bias.is_some(),
            activation,
        );
    }
    true
}
