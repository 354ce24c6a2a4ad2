//! Convolutions of 3 × 3 taps one pixel apart with few filters, such as those that end in a disparity: too few
//! for a product of tiles, whose rows would be mostly empty.
//!
//! A thread has a block of 2 × 4 pixels of all filters and a part of the channels. What it sees of a channel it
//! reads once, for all taps and filters. The parts are then added in a fixed order.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    activation::activated,
    sliding::{KERNEL, PATCH_COLUMNS, Slide, TAPS, source_of},
    tile::Four,
    window::{ConvolutionWindow, place_of},
};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// The most filters that the kernel serves.
pub(super) const MOST_FILTERS: usize = 4;
/// Rows of a block, and what it sees.
const BLOCK_ROWS: usize = 2;
const PATCH_ROWS: usize = BLOCK_ROWS + KERNEL - 1;
/// Columns of a block: one vector.
const BLOCK_COLUMNS: usize = 4;
/// Blocks of a workgroup.
const BLOCKS: usize = 32;
/// Parts into which the channels are split.
const PARTS: usize = 4;

/// The output `[batch, filters, height, width]`; the bias is read only with `has_bias`.
#[cube(launch_unchecked)]
fn few_filters_kernel(
    input: &Tensor<f32>,
    weight: &Tensor<Four>,
    bias: &Tensor<f32>,
    output: &mut Tensor<f32>,
    #[comptime] filters: usize,
    #[comptime] slide: Slide,
    #[comptime] has_bias: bool,
    #[comptime] activation: Activation,
) {
    let (images, height, width) = (output.shape(0), output.shape(2), output.shape(3));
    let (channels, source_height, source_width) = (input.shape(1), input.shape(2), input.shape(3));
    let block_rows = (height + comptime!(BLOCK_ROWS - 1)) / BLOCK_ROWS;
    let block_columns = (width + comptime!(BLOCK_COLUMNS - 1)) / BLOCK_COLUMNS;
    let block = UNIT_POS as usize % BLOCKS;
    let part = UNIT_POS as usize / BLOCKS;
    let index = CUBE_POS_X as usize * BLOCKS + block;
    let place = place_of(index, images, block_rows, block_columns);
    let top = place.row * BLOCK_ROWS;
    let left = place.column * BLOCK_COLUMNS;

    let mut rows = Sequence::<usize>::new();
    #[unroll]
    for row in 0..PATCH_ROWS {
        rows.push(source_of(top + row, source_height, slide));
    }
    let mut columns = Sequence::<usize>::new();
    #[unroll]
    for column in 0..PATCH_COLUMNS {
        columns.push(source_of(left + column, source_width, slide));
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
                let place = (filter * (channels / 4) + quad) * TAPS + vector;
                weights[comptime!(filter * TAPS + vector)] = weight[place];
            }
        }
        #[unroll]
        for channel in 0..4usize {
            let plane = (place.image * channels + quad * 4 + channel) * source_height;
            let mut patch = Array::<f32>::new(comptime!(PATCH_ROWS * PATCH_COLUMNS));
            #[unroll]
            for pixel in 0..comptime!(PATCH_ROWS * PATCH_COLUMNS) {
                let row = *rows.index(comptime!(pixel / PATCH_COLUMNS));
                let column = *columns.index(comptime!(pixel % PATCH_COLUMNS));
                let place = (plane + row) * source_width + column;
                patch[pixel] = if comptime!(slide.reflects) {
                    input[place]
                } else {
                    let is_inside = row < source_height && column < source_width;
                    select(is_inside, input[select(is_inside, place, 0)], 0.0)
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
    let is_block = index < images * block_rows * block_columns;
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
            let place = ((place.image * filters + filter) * height + row) * width + left;
            #[unroll]
            for lane in 0..4usize {
                if left + lane < width {
                    let mut value = total.extract(lane);
                    if comptime!(has_bias) {
                        value += bias[filter];
                    }
                    output[place + lane] = activated(value, activation);
                }
            }
        }
    }
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
    let is_ours = window.kernel == KERNEL && window.stride == 1 && filters <= MOST_FILTERS;
    if !is_ours || !channels.is_multiple_of(4) {
        return false;
    }
    let blocks = batch * height.div_ceil(BLOCK_ROWS) * width.div_ceil(BLOCK_COLUMNS);
    let slide = Slide::forward(window);
    // SAFETY: every index is held inside its tensor by the kernel itself.
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
            slide,
            bias.is_some(),
            activation,
        );
    }
    true
}
