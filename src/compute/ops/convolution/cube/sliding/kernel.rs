//! Kernel of a sliding window.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    super::{
        activation::{activated, activation_gradient},
        tile::Four,
        window::pixel_at,
    },
    shape::{BLOCK_COLUMNS, KERNEL, PATCH_COLUMNS, SUMS, SlidingTile, SlidingWindow, TAPS, source_of},
    weights::{load_transposed_weight, load_weight},
};
use crate::compute::ops::convolution::Activation;
use cubecl::prelude::*;

/// 1 where a block lies at an edge of the map, 0 elsewhere.
#[derive(CubeType, Clone, Copy)]
struct Edges {
    top: f32,
    bottom: f32,
    left: f32,
    right: f32,
}

/// Row of a patch, shifted by a column of taps, as a row of the block needs it.
#[cube]
fn shifted_row(
    patch: &Array<Four>,
    #[comptime] row: usize,
    #[comptime] tap: usize,
    edges: &Edges,
    #[comptime] sliding: SlidingWindow,
) -> Four {
    let (low, high) = (patch[comptime!(2 * row)], patch[comptime!(2 * row + 1)]);
    let mut values = low;
    #[unroll]
    for lane in 0..4usize {
        if comptime!(lane + tap < 4) {
            values.insert(lane, low.extract(comptime!((lane + tap) % 4)));
        } else {
            values.insert(lane, high.extract(comptime!((lane + tap) % 4)));
        }
    }
    if comptime!(sliding.folds && tap == 2) {
        let value = values.extract(1usize) + edges.left * low.extract(1usize);
        values.insert(1usize, value);
    } else if comptime!(sliding.folds && tap == 0) {
        let value = values.extract(2usize) + edges.right * high.extract(0usize);
        values.insert(2usize, value);
    }
    values
}

/// Result `[batch, rows, height, width]` of an image `[batch, channels, ..]`. With an activation `before`, the image is a
/// gradient that first goes back through that activation, whose values are `activations`. The bias is read only with
/// `has_bias`.
#[cube(launch_unchecked)]
pub(super) fn sliding_kernel<N: Size>(
    image: &Tensor<f32>,
    activations: &Tensor<f32>,
    weight: &Tensor<Vector<f32, N>>,
    bias: &Tensor<f32>,
    result: &mut Tensor<f32>,
    #[comptime] tile: SlidingTile,
    #[comptime] sliding: SlidingWindow,
    #[comptime] has_bias: bool,
    #[comptime] before: Activation,
    #[comptime] after: Activation,
) {
    let (images, rows) = (result.shape(0), result.shape(1));
    let (height, width) = (result.shape(2), result.shape(3));
    let channels = image.shape(1);
    let (source_height, source_width) = (image.shape(2), image.shape(3));
    let block_rows = (height + comptime!(tile.blocks.rows - 1)) / comptime!(tile.blocks.rows);
    let block_columns = (width + comptime!(BLOCK_COLUMNS - 1)) / comptime!(BLOCK_COLUMNS);
    let first_row = CUBE_POS_Y as usize * comptime!(tile.rows);
    let block = UNIT_POS as usize % comptime!(tile.blocks.count);
    let group = UNIT_POS as usize / comptime!(tile.blocks.count);
    let block_index = CUBE_POS_X as usize * comptime!(tile.blocks.count) + block;
    let position = pixel_at(block_index, images, block_rows, block_columns);
    let top = position.row * comptime!(tile.blocks.rows);
    let left = position.column * comptime!(BLOCK_COLUMNS);

    let edges = Edges {
        top: f32::cast_from(top == 0),
        bottom: f32::cast_from(top + comptime!(tile.blocks.rows) == height),
        left: f32::cast_from(left == 0),
        right: f32::cast_from(left + BLOCK_COLUMNS == width),
    };
    let mut source_columns = Sequence::<usize>::new();
    #[unroll]
    for column in 0..comptime!(PATCH_COLUMNS) {
        source_columns.push(source_of(left + column, source_width, sliding));
    }
    let mut source_rows = Sequence::<usize>::new();
    #[unroll]
    for load in 0..comptime!(tile.patch_loads()) {
        let patch_row = (group + comptime!(load * tile.row_threads())) % comptime!(tile.blocks.patch_rows());
        source_rows.push(source_of(top + patch_row, source_height, sliding));
    }

    let mut weights = Shared::<[Four]>::new_slice(comptime!(tile.weight_vectors()));
    let mut patches = Shared::<[Four]>::new_slice(comptime!(tile.patch_vectors()));
    let mut sums = Array::<Four>::new(SUMS);
    #[unroll]
    for sum in 0..SUMS {
        sums[sum] = Four::new(0.0);
    }

    let mut begin = 0;
    while begin < channels {
        if comptime!(sliding.is_transposed) {
            load_transposed_weight(&mut weights, weight, first_row, begin, tile);
        } else {
            load_weight(&mut weights, weight, first_row, begin, tile);
        }
        #[unroll]
        for load in 0..comptime!(tile.patch_loads()) {
            let unit = group + comptime!(load * tile.row_threads());
            if comptime!(tile.patch_units().is_multiple_of(tile.row_threads())) || unit < tile.patch_units() {
                let channel = begin + unit / comptime!(tile.blocks.patch_rows());
                // Channels beyond the last have zero weights.
                let channel = select(channel < channels, channel, channels - 1);
                let row = *source_rows.index(load);
                let line = ((position.image * channels + channel) * source_height + row) * source_width;
                let mut low = Four::new(0.0);
                let mut high = Four::new(0.0);
                #[unroll]
                for column in 0..PATCH_COLUMNS {
                    let source_column = *source_columns.index(column);
                    let value = if comptime!(sliding.reflects) {
                        activation_gradient(image, activations, line + source_column, before)
                    } else {
                        let is_inside = row < source_height && source_column < source_width;
                        let index = select(is_inside, line + source_column, 0);
                        select(is_inside, activation_gradient(image, activations, index, before), 0.0)
                    };
                    if comptime!(column < 4) {
                        low.insert(column, value);
                    } else {
                        high.insert(comptime!(column % 4), value);
                    }
                }
                let index = unit * comptime!(2 * tile.blocks.count) + block;
                patches[index] = low;
                patches[index + tile.blocks.count] = high;
            }
        }
        sync_cube();
        for channel in 0..comptime!(tile.channels) {
            let mut patch = Array::<Four>::new(comptime!(2 * tile.blocks.patch_rows()));
            #[unroll]
            for vector in 0..comptime!(2 * tile.blocks.patch_rows()) {
                let index =
                    (channel * comptime!(2 * tile.blocks.patch_rows()) + vector) * tile.blocks.count + block;
                patch[vector] = patches[index];
            }
            #[unroll]
            for tap in 0..TAPS {
                let (tap_row, tap_column) = comptime!((tap / KERNEL, tap % KERNEL));
                let mut columns = Array::<Four>::new(comptime!(tile.blocks.rows));
                #[unroll]
                for row in 0..comptime!(tile.blocks.rows) {
                    let through_tap =
                        shifted_row(&patch, comptime!(row + tap_row), tap_column, &edges, sliding);
                    columns[row] = if comptime!(sliding.folds && row == 1 && tap_row == 2) {
                        through_tap
                            + shifted_row(&patch, 1usize, tap_column, &edges, sliding) * Four::new(edges.top)
                    } else if comptime!(sliding.folds && row + 2 == tile.blocks.rows && tap_row == 0) {
                        through_tap
                            + shifted_row(&patch, comptime!(tile.blocks.rows), tap_column, &edges, sliding)
                                * Four::new(edges.bottom)
                    } else {
                        through_tap
                    };
                }
                #[unroll]
                for part in 0..comptime!(tile.thread_rows() / 4) {
                    let index = comptime!(part * tile.row_threads()) + group;
                    let values = weights[(channel * TAPS + tap) * comptime!(tile.weight_stride()) + index];
                    #[unroll]
                    for lane in 0..4 {
                        let value = Four::new(values.extract(lane));
                        #[unroll]
                        for row in 0..comptime!(tile.blocks.rows) {
                            let sum = comptime!((part * 4 + lane) * tile.blocks.rows + row);
                            sums[sum] = fma(value, columns[row], sums[sum]);
                        }
                    }
                }
            }
        }
        sync_cube();
        begin += comptime!(tile.channels);
    }

    let is_block = block_index < images * block_rows * block_columns;
    #[unroll]
    for sum in 0..SUMS {
        let part = comptime!(sum / tile.blocks.rows / 4 * tile.row_threads());
        let row = first_row + (part + group) * 4 + comptime!(sum / tile.blocks.rows % 4);
        let pixel_row = top + comptime!(sum % tile.blocks.rows);
        if is_block && row < rows && pixel_row < height {
            let line = ((position.image * rows + row) * height + pixel_row) * width;
            #[unroll]
            for lane in 0..4 {
                if left + lane < width {
                    let mut value = sums[sum].extract(lane);
                    if comptime!(has_bias) {
                        value += bias[row];
                    }
                    result[line + left + lane] = activated(value, after);
                }
            }
        }
    }
}
