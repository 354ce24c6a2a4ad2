//! The kernel of a sliding window.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    super::{
        activation::{activated, through},
        tile::Four,
        window::place_of,
    },
    shape::{BLOCK_COLUMNS, KERNEL, PATCH_COLUMNS, SUMS, Slide, Sweep, TAPS, source_of},
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

/// What a row of a block sees in a row of its patch through a column of taps.
#[cube]
fn seen(
    patch: &Array<Four>,
    #[comptime] row: usize,
    #[comptime] tap: usize,
    edges: &Edges,
    #[comptime] slide: Slide,
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
    if comptime!(slide.folds && tap == 2) {
        let value = values.extract(1usize) + edges.left * low.extract(1usize);
        values.insert(1usize, value);
    } else if comptime!(slide.folds && tap == 0) {
        let value = values.extract(2usize) + edges.right * high.extract(0usize);
        values.insert(2usize, value);
    }
    values
}

/// The result `[batch, rows, height, width]` of an image `[batch, channels, ..]`, whose values are gradients
/// that pass through `before` where its values are those of `passed`; the bias is read only with `has_bias`.
#[cube(launch_unchecked)]
pub(super) fn sliding_kernel<N: Size>(
    image: &Tensor<f32>,
    passed: &Tensor<f32>,
    weight: &Tensor<Vector<f32, N>>,
    bias: &Tensor<f32>,
    result: &mut Tensor<f32>,
    #[comptime] sweep: Sweep,
    #[comptime] slide: Slide,
    #[comptime] has_bias: bool,
    #[comptime] before: Activation,
    #[comptime] after: Activation,
) {
    let (images, rows) = (result.shape(0), result.shape(1));
    let (height, width) = (result.shape(2), result.shape(3));
    let channels = image.shape(1);
    let (source_height, source_width) = (image.shape(2), image.shape(3));
    let block_rows = (height + comptime!(sweep.block_rows - 1)) / comptime!(sweep.block_rows);
    let block_columns = (width + comptime!(BLOCK_COLUMNS - 1)) / comptime!(BLOCK_COLUMNS);
    let first_row = CUBE_POS_Y as usize * comptime!(sweep.rows);
    let block = UNIT_POS as usize % comptime!(sweep.blocks);
    let group = UNIT_POS as usize / comptime!(sweep.blocks);
    let index = CUBE_POS_X as usize * comptime!(sweep.blocks) + block;
    let place = place_of(index, images, block_rows, block_columns);
    let top = place.row * comptime!(sweep.block_rows);
    let left = place.column * comptime!(BLOCK_COLUMNS);

    let edges = Edges {
        top: f32::cast_from(top == 0),
        bottom: f32::cast_from(top + comptime!(sweep.block_rows) == height),
        left: f32::cast_from(left == 0),
        right: f32::cast_from(left + BLOCK_COLUMNS == width),
    };
    let mut source_columns = Sequence::<usize>::new();
    #[unroll]
    for column in 0..comptime!(PATCH_COLUMNS) {
        source_columns.push(source_of(left + column, source_width, slide));
    }
    let mut source_rows = Sequence::<usize>::new();
    #[unroll]
    for load in 0..comptime!(sweep.patch_loads()) {
        let patch_row = (group + comptime!(load * sweep.row_threads())) % comptime!(sweep.patch_rows());
        source_rows.push(source_of(top + patch_row, source_height, slide));
    }

    let mut weights = Shared::<[Four]>::new_slice(comptime!(sweep.weight_vectors()));
    let mut patches = Shared::<[Four]>::new_slice(comptime!(sweep.patch_vectors()));
    let mut sums = Array::<Four>::new(SUMS);
    #[unroll]
    for sum in 0..SUMS {
        sums[sum] = Four::new(0.0);
    }

    let mut begin = 0;
    while begin < channels {
        if comptime!(slide.is_transposed) {
            load_transposed_weight(&mut weights, weight, first_row, begin, sweep);
        } else {
            load_weight(&mut weights, weight, first_row, begin, sweep);
        }
        #[unroll]
        for load in 0..comptime!(sweep.patch_loads()) {
            let unit = group + comptime!(load * sweep.row_threads());
            if comptime!(sweep.patch_units().is_multiple_of(sweep.row_threads()))
                || unit < sweep.patch_units()
            {
                let channel = begin + unit / comptime!(sweep.patch_rows());
                // The weights of channels beyond the last are zero.
                let channel = select(channel < channels, channel, channels - 1);
                let row = *source_rows.index(load);
                let line = ((place.image * channels + channel) * source_height + row) * source_width;
                let mut low = Four::new(0.0);
                let mut high = Four::new(0.0);
                #[unroll]
                for column in 0..PATCH_COLUMNS {
                    let source_column = *source_columns.index(column);
                    let value = if comptime!(slide.reflects) {
                        through(image, passed, line + source_column, before)
                    } else {
                        let is_inside = row < source_height && source_column < source_width;
                        let place = select(is_inside, line + source_column, 0);
                        select(is_inside, through(image, passed, place, before), 0.0)
                    };
                    if comptime!(column < 4) {
                        low.insert(column, value);
                    } else {
                        high.insert(comptime!(column % 4), value);
                    }
                }
                let place = unit * comptime!(2 * sweep.blocks) + block;
                patches[place] = low;
                patches[place + sweep.blocks] = high;
            }
        }
        sync_cube();
        for channel in 0..comptime!(sweep.channels) {
            let mut patch = Array::<Four>::new(comptime!(2 * sweep.patch_rows()));
            #[unroll]
            for vector in 0..comptime!(2 * sweep.patch_rows()) {
                let place = (channel * comptime!(2 * sweep.patch_rows()) + vector) * sweep.blocks + block;
                patch[vector] = patches[place];
            }
            #[unroll]
            for tap in 0..TAPS {
                let (tap_row, tap_column) = comptime!((tap / KERNEL, tap % KERNEL));
                let mut columns = Array::<Four>::new(comptime!(sweep.block_rows));
                #[unroll]
                for row in 0..comptime!(sweep.block_rows) {
                    let through_tap = seen(&patch, comptime!(row + tap_row), tap_column, &edges, slide);
                    columns[row] = if comptime!(slide.folds && row == 1 && tap_row == 2) {
                        through_tap + seen(&patch, 1usize, tap_column, &edges, slide) * Four::new(edges.top)
                    } else if comptime!(slide.folds && row + 2 == sweep.block_rows && tap_row == 0) {
                        through_tap
                            + seen(&patch, comptime!(sweep.block_rows), tap_column, &edges, slide)
                                * Four::new(edges.bottom)
                    } else {
                        through_tap
                    };
                }
                #[unroll]
                for part in 0..comptime!(sweep.thread_rows() / 4) {
                    let place = comptime!(part * sweep.row_threads()) + group;
                    let values = weights[(channel * TAPS + tap) * comptime!(sweep.weight_stride()) + place];
                    #[unroll]
                    for lane in 0..4 {
                        let value = Four::new(values.extract(lane));
                        #[unroll]
                        for row in 0..comptime!(sweep.block_rows) {
                            let sum = comptime!((part * 4 + lane) * sweep.block_rows + row);
                            sums[sum] = fma(value, columns[row], sums[sum]);
                        }
                    }
                }
            }
        }
        sync_cube();
        begin += comptime!(sweep.channels);
    }

    let is_block = index < images * block_rows * block_columns;
    #[unroll]
    for sum in 0..SUMS {
        let part = comptime!(sum / sweep.block_rows / 4 * sweep.row_threads());
        let row = first_row + (part + group) * 4 + comptime!(sum / sweep.block_rows % 4);
        let pixel_row = top + comptime!(sum % sweep.block_rows);
        if is_block && row < rows && pixel_row < height {
            let line = ((place.image * rows + row) * height + pixel_row) * width;
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
