//! Image pyramids by Pillow's Lanczos filter in fixed-point arithmetic. Each level halves the size: horizontally, rounded
//! to 8 bits, then vertically.
//!
//! Output x depends on the twelve inputs 2x − 5 to 2x + 6. Inputs beyond an end of the axis have weight 0 and the weights
//! of the others are normalised, so only the three outputs at either end have weights of their own.

use crate::{
    compute::{
        ops::cube::{argument, empty_of},
        upload,
    },
    data::image::Filter,
};
use burn::{
    backend::{Cube, TensorMetadata},
    tensor::{DType, Device, Int, Tensor as Values, TensorData},
};
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Inputs of each output.
const TAPS: usize = 12;
/// Inputs of output 0 before the beginning of the axis.
const BEFORE: usize = 5;
/// Outputs at each end with weights of their own.
const ENDS: usize = 3;
/// Rows of the table of weights: one for each output at the first end, one for all between, one for each at the last
/// end.
const ROWS: usize = 2 * ENDS + 1;
/// Weights in the table of an axis.
const TABLE: usize = ROWS * TAPS;
/// Fraction bits of a weight.
const FRACTION_BITS: u32 = Filter::FRACTION_BITS;
/// One half in fixed point, added so that truncation rounds.
const HALF: i32 = 1 << (FRACTION_BITS - 1);

/// Columns and rows of outputs of a workgroup.
const TILE_WIDTH: usize = 32;
const TILE_HEIGHT: usize = 8;
/// Rows of inputs that a workgroup's outputs depend on.
const TILE_ROWS: usize = 2 * TILE_HEIGHT + TAPS - 2;

/// Table of weights of an axis of `inputs`. On a short axis each output has a row of its own.
fn weights(inputs: usize) -> [i32; TABLE] {
    let outputs = inputs / 2;
    assert_eq!(inputs, 2 * outputs, "each level of a pyramid is half the one before");
    let filter = Filter::between(inputs, outputs);
    let mut table = [0; TABLE];
    for row in 0..outputs.min(ROWS) {
        let output = if row <= ENDS { row } else { row + outputs.max(ROWS) - ROWS };
        let taps = filter.taps(output);
        let start = row * TAPS + taps.start + BEFORE - 2 * output;
        table[start..start + taps.weights.len()].copy_from_slice(taps.weights);
    }
    table
}

/// Index of an output's first weight in the table of its axis of `outputs`.
#[cube]
fn row_of(output: usize, outputs: usize) -> usize {
    let padded_outputs = select(outputs > ROWS, outputs, ROWS);
    let at_end = select(output + ENDS >= outputs, output + ROWS - padded_outputs, ENDS);
    select(output <= ENDS, output, at_end) * TAPS
}

/// Input `tap` of an output, clamped to the axis.
#[cube]
fn input_of(output: usize, tap: usize, inputs: usize) -> usize {
    let behind = 2 * output + tap;
    let input = select(behind > BEFORE, behind - BEFORE, 0);
    select(input < inputs, input, inputs - 1)
}

/// Level of a sum in fixed point.
#[cube]
fn rounded(sum: i32) -> i32 {
    let level = select(sum > 0, sum, 0i32) >> FRACTION_BITS as i32;
    select(level < 255, level, 255i32)
}

/// One level from the level before. `weights` hold, from `start` on, the table along x, then along y. A workgroup
/// computes a tile of one plane: first rows of inputs, resized along x, in shared memory, then the outputs.
#[cube(launch)]
fn level_kernel(images: &Tensor<f32>, weights: &Tensor<i32>, level: &mut Tensor<f32>, start: u32) {
    let (input_height, input_width) = (images.shape(2), images.shape(3));
    let (height, width) = (level.shape(2), level.shape(3));
    let plane = CUBE_POS_Z as usize;
    let (unit_x, unit_y) = (UNIT_POS_X as usize, UNIT_POS_Y as usize);
    let x_weights = start as usize;
    let y_weights = x_weights + TABLE;
    let x = CUBE_POS_X as usize * TILE_WIDTH + unit_x;
    let top = CUBE_POS_Y as usize * TILE_HEIGHT;

    let mut resized_rows = Shared::<[i32]>::new_slice(TILE_ROWS * TILE_WIDTH);
    if x < width {
        let own_weights = x_weights + row_of(x, width);
        let mut row = unit_y;
        while row < TILE_ROWS {
            let input = (plane * input_height + input_of(top, row, input_height)) * input_width;
            let mut sum = HALF.runtime();
            for tap in 0..TAPS {
                let value = images[input + input_of(x, tap, input_width)];
                sum += weights[own_weights + tap] * i32::cast_from(value * 255.0 + 0.5);
            }
            resized_rows[row * TILE_WIDTH + unit_x] = rounded(sum);
            row += TILE_HEIGHT;
        }
    }
    sync_cube();
    let y = top + unit_y;
    if x < width && y < height {
        let own_weights = y_weights + row_of(y, height);
        let mut sum = HALF.runtime();
        for tap in 0..TAPS {
            sum += weights[own_weights + tap] * resized_rows[(2 * unit_y + tap) * TILE_WIDTH + unit_x];
        }
        level[(plane * height + y) * width + x] = f32::cast_from(rounded(sum)) / 255.0;
    }
}

/// `count` levels of a pyramid below images `[N, 3, H, W]`, each half the size of the one before.
pub(super) fn levels(images: &CubeTensor, count: usize, device: &Device) -> Vec<CubeTensor> {
    let [batch, channels, height, width] = images.shape().dims();
    let axes = (0..count).flat_map(|level| [width >> level, height >> level]);
    let table: Vec<i32> = axes.flat_map(weights).collect();
    let table_length = table.len();
    let table: Values<1, Int> = upload(TensorData::new(table, [table_length]), device);
    let table = table.try_into_primitive::<Cube>().expect("the images are on the GPU backend");
    let mut levels: Vec<CubeTensor> = Vec::with_capacity(count);
    for index in 0..count {
        let before = levels.last().unwrap_or(images);
        let (height, width) = (height >> (index + 1), width >> (index + 1));
        let level = empty_of(before, [batch, channels, height, width], DType::F32);
        level_kernel::launch(
            &level.client,
            CubeCount::Static(
                width.div_ceil(TILE_WIDTH) as u32,
                height.div_ceil(TILE_HEIGHT) as u32,
                (batch * channels) as u32,
            ),
            CubeDim::new_2d(TILE_WIDTH as u32, TILE_HEIGHT as u32),
            argument(before),
            argument(&table),
            argument(&level),
            (index * 2 * TABLE) as u32,
        );
        levels.push(level);
    }
    levels
}
