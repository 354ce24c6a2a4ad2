//! Gradients of a convolution's weight and bias: a matrix product of filters and weights, summed over the pixels of a
//! batch.
//!
//! There are far more terms than results, so the pixels are divided among workgroups, whose sums are then added in
//! a fixed order. The bias is treated as one more weight, whose input is 1 everywhere. The sums of [`WORKGROUPS`]
//! tiles take at most 17 MB in addition to one more copy of the gradient, whatever the batch size.

use super::{
    activation::activation_gradient,
    scale::{Operands, is_for_tiles, scale_of},
    sliding::weight_gradient::{GradientTile, sliding_sums},
    tile::{Four, Product, Tile, column_of_tile, row_of_tile},
    window::{ConvolutionWindow, input_at, pixel_at},
};
use crate::compute::ops::{
    convolution::{Activation, ConvolutionOptions},
    cube::{argument, empty, one_thread_each, reshaped},
};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// Workgroups that share the work, if there are enough terms.
const WORKGROUPS: usize = 512;
/// Fewest terms that a workgroup should add.
const MIN_TERMS: usize = 256;

/// Sums over each part of the terms, `[parts, filters, weights + 1]`; `output` is read only with an activation.
#[cube(launch_unchecked)]
fn partial_sums_kernel<E: Float>(
    input: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    largest: &Tensor<f32>,
    sums: &mut Tensor<f32>,
    terms_of_a_part: usize,
    #[comptime] tile: Tile,
    #[comptime] window: ConvolutionWindow,
    #[comptime] activation: Activation,
    #[comptime] scaled: bool,
    #[define(E)] _operand: ElemType,
) {
    let (images, filters) = (gradient.shape(0), gradient.shape(1));
    let (height, width) = (gradient.shape(2), gradient.shape(3));
    let plane = height * width;
    let columns = sums.shape(2);
    let weights = input.shape(1) * comptime!(window.taps());
    let part = CUBE_POS_Z as usize;
    let first_row = CUBE_POS_Y as usize * comptime!(tile.rows);
    let first_column = CUBE_POS_X as usize * comptime!(tile.columns);
    let end = (part + 1) * terms_of_a_part;
    let end = select(end < images * plane, end, images * plane);

    let scale = scale_of(largest, scaled, comptime!(tile.threads()));
    let mut product = Product::<E>::new(tile);
    let mut begin = part * terms_of_a_part;
    while begin < end {
        #[unroll]
        for load in 0..comptime!(tile.left_loads()) {
            let index = UNIT_POS as usize + comptime!(load * tile.threads());
            if comptime!(tile.left_fills_threads()) || index < comptime!(tile.left_vectors()) {
                let term = index % comptime!(tile.depth());
                let vector = index / comptime!(tile.depth());
                let pixel = begin + term;
                let is_term = pixel < end;
                let mut values = Four::<f32>::new(0.0);
                #[unroll]
                for lane in 0..4 {
                    let row = first_row + vector * 4 + lane;
                    let row = select(row < filters, row, filters - 1);
                    let offset = (pixel / plane * filters + row) * plane + pixel % plane;
                    let value = activation_gradient(gradient, output, select(is_term, offset, 0), activation);
                    values.insert(lane, select(is_term, value, 0.0));
                }
                if comptime!(scaled) {
                    values *= Four::<f32>::new(scale.factor);
                }
                product.load_left(term, vector, values, tile);
            }
        }
        #[unroll]
        for load in 0..comptime!(tile.right_loads()) {
            let index = UNIT_POS as usize + comptime!(load * tile.threads());
            let term = index % comptime!(tile.depth());
            let vector = index / comptime!(tile.depth());
            // Terms beyond the last have zero gradients.
            let position = pixel_at(begin + term, images, height, width);
            let mut values = Four::<f32>::new(0.0);
            #[unroll]
            for lane in 0..4 {
                let column = first_column + vector * 4 + lane;
                let weight = select(column < weights, column, weights - 1);
                let channel = weight / comptime!(window.taps());
                let tap = weight % comptime!(window.taps());
                let value = input_at(input, &position, channel, tap, window);
                values.insert(lane, select(column < weights, value, 1.0));
            }
            product.load_right(term, vector, values, tile);
        }
        product.accumulate(tile);
        begin += comptime!(tile.depth());
    }

    #[unroll]
    for row in 0..comptime!(tile.thread_rows()) {
        let filter = first_row + row_of_tile(row, tile);
        #[unroll]
        for column in 0..comptime!(4 * tile.thread_vectors()) {
            let weight = first_column + column_of_tile(column, tile);
            if filter < filters && weight < columns {
                sums[(part * filters + filter) * columns + weight] =
                    product.sum(row, column, tile) * scale.inverse;
            }
        }
    }
}

/// Adds the parts up: to the gradient of the weight, `[filters, ..]`, and with `has_bias` that of the bias.
#[cube(launch_unchecked)]
fn total_kernel(
    sums: &Tensor<f32>,
    weight_gradient: &mut Tensor<f32>,
    bias_gradient: &mut Tensor<f32>,
    #[comptime] has_bias: bool,
) {
    let (parts, filters, columns) = (sums.shape(0), sums.shape(1), sums.shape(2));
    if ABSOLUTE_POS >= filters * columns {
        terminate!();
    }
    let mut total = f32::new(0.0);
    for part in 0..parts {
        total += sums[part * filters * columns + ABSOLUTE_POS];
    }
    if comptime!(has_bias) {
        let filter = ABSOLUTE_POS / columns;
        let weight = ABSOLUTE_POS % columns;
        if weight + 1 == columns {
            bias_gradient[filter] = total;
        } else {
            weight_gradient[filter * (columns - 1) + weight] = total;
        }
    } else {
        weight_gradient[ABSOLUTE_POS] = total;
    }
}

/// Number of parts that `terms` are divided into, for a product of `workgroups` workgroups.
fn parts(workgroups: usize, terms: usize) -> usize {
    WORKGROUPS.div_ceil(workgroups).clamp(1, terms.div_ceil(MIN_TERMS))
}

/// Writes the sums over each part of `terms_of_a_part` terms.
#[allow(unsafe_code)]
fn tiled_sums(
    [input, gradient, output, sums]: [&CubeTensor; 4],
    operands: &Operands,
    terms_of_a_part: usize,
    tile: Tile,
    window: ConvolutionWindow,
    activation: Activation,
) {
    let [parts, filters, columns]: [usize; 3] = sums.shape().dims();
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        partial_sums_kernel::launch_unchecked(
            &sums.client,
            CubeCount::new_3d(
                columns.div_ceil(tile.columns) as u32,
                filters.div_ceil(tile.rows) as u32,
                parts as u32,
            ),
            CubeDim::new_1d(tile.threads() as u32),
            argument(input),
            argument(gradient),
            argument(output),
            argument(operands.largest.as_ref().unwrap_or(gradient)),
            argument(sums),
            terms_of_a_part,
            tile,
            window,
            activation,
            operands.largest.is_some(),
            operands.kind,
        );
    }
}

/// Gradients of the weight, of this shape, and with `has_bias` of the bias, from contiguous tensors.
#[allow(unsafe_code)]
pub(super) fn weight_gradient(
    input: &CubeTensor,
    gradient: &CubeTensor,
    output: &CubeTensor,
    operands: &Operands,
    shape: [usize; 4],
    has_bias: bool,
    options: ConvolutionOptions,
) -> (CubeTensor, Option<CubeTensor>) {
    let [filters, channels, kernel, _] = shape;
    let window = ConvolutionWindow::new(kernel, options);
    let columns = channels * window.taps() + usize::from(has_bias);
    let [batch, _, height, width]: [usize; 4] = gradient.shape().dims();
    let maps = [batch, height, width];
    let terms = batch * height * width;
    let sliding_tile =
        if is_for_tiles(operands.kind) { None } else { GradientTile::of(window, [filters, channels], maps) };
    let tile = Tile::of(filters, columns);
    let (workgroups, step, steps) = match sliding_tile {
        Some(tile) => {
            let workgroups = tile.workgroups(filters, channels);
            (workgroups.into_iter().product(), tile.blocks.pixels(), tile.blocks.steps(maps))
        }
        None => (tile.workgroups(filters, columns), tile.depth(), terms.div_ceil(tile.depth())),
    };
    let steps_of_a_part = steps.div_ceil(parts(workgroups, steps * step));
    let parts = steps.div_ceil(steps_of_a_part);

    let weight_gradient = empty(input, shape);
    let is_whole = parts == 1 && !has_bias;
    let sums = if is_whole { weight_gradient.clone() } else { empty(input, [1, parts, filters, columns]) };
    let sums = reshaped(&sums, [parts, filters, columns]);
    let tensors = [input, gradient, output, &sums];
    if let Some(tile) = sliding_tile {
        sliding_sums(tensors, steps_of_a_part, tile, window, has_bias, options.activation);
    } else {
        tiled_sums(tensors, operands, steps_of_a_part * tile.depth(), tile, window, options.activation);
    }
    if is_whole {
        return (weight_gradient, None);
    }
    let bias_gradient = reshaped(&empty(input, [1, 1, 1, filters]), [filters]);
    let (cubes, threads) = one_thread_each(&sums, filters * columns);
    // SAFETY: threads beyond the last result return; the index of every other is inside both tensors.
    unsafe {
        total_kernel::launch_unchecked(
            &sums.client,
            cubes,
            threads,
            argument(&sums),
            argument(&weight_gradient),
            argument(&bias_gradient),
            has_bias,
        );
    }
    (weight_gradient, has_bias.then_some(bias_gradient))
}
