//! Output of a convolution: a matrix product of filters and pixels, summed over channels and taps.

use super::{
    activation::activated,
    arguments::ForwardArguments,
    few_filters,
    scale::is_for_tiles,
    sliding,
    tile::{Four, Product, Tile, column_of_tile, row_of_tile},
    window::{BatchPixel, ConvolutionWindow, input_at, pixel_at},
};
use crate::compute::{
    ops::{
        convolution::{Activation, ConvolutionOptions},
        cube::{argument, empty, vector_size},
    },
    precision::operand_type,
};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// Loads terms of the weight `[rows, terms]` from `begin` on, of the rows from `first_row` on, into the left factor, a
/// vector at a time; zero beyond the last term.
#[cube]
fn load_weight<E: Float, N: Size>(
    product: &mut Product<E>,
    weight: &Tensor<Vector<f32, N>>,
    first_row: usize,
    begin: usize,
    terms: usize,
    #[comptime] tile: Tile,
    #[comptime] lanes: usize,
) {
    let last_row = weight.shape(0) - 1;
    let vectors = comptime!(tile.depth() / lanes);
    let loads = comptime!(tile.left_vectors() / lanes);
    #[unroll]
    for load in 0..comptime!(loads.div_ceil(tile.threads())) {
        let index = UNIT_POS as usize + comptime!(load * tile.threads());
        if comptime!(loads.is_multiple_of(tile.threads())) || index < loads {
            let first_term = begin + index % vectors * lanes;
            let is_term = first_term < terms;
            let mut rows = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for lane in 0..4 {
                let row = first_row + index / vectors * 4 + lane;
                let row = select(row < last_row, row, last_row);
                rows.push(weight[select(is_term, (row * terms + first_term) / lanes, 0)]);
            }
            #[unroll]
            for term in 0..lanes {
                let mut values = Four::<f32>::new(0.0);
                #[unroll]
                for lane in 0..4 {
                    values.insert(lane, select(is_term, rows.index(lane).extract(term), 0.0));
                }
                product.load_left(index % vectors * lanes + term, index / vectors, values, tile);
            }
        }
    }
}

/// Output `[batch, filters, height, width]`; the bias is read only with `has_bias`.
#[cube(launch_unchecked)]
fn forward_kernel<E: Float, N: Size>(
    input: &Tensor<f32>,
    weight: &Tensor<Vector<f32, N>>,
    bias: &Tensor<f32>,
    output: &mut Tensor<f32>,
    #[comptime] tile: Tile,
    #[comptime] window: ConvolutionWindow,
    #[comptime] lanes: usize,
    #[comptime] has_bias: bool,
    #[comptime] activation: Activation,
    #[define(E)] _operand: ElemType,
) {
    let first_row = CUBE_POS_Y as usize * comptime!(tile.rows);
    let first_column = CUBE_POS_X as usize * comptime!(tile.columns);
    let terms = input.shape(1) * comptime!(window.taps());
    let (images, filters) = (output.shape(0), output.shape(1));
    let (height, width) = (output.shape(2), output.shape(3));

    // The thread loads the same columns of the right factor in each round.
    let vector = UNIT_POS as usize % comptime!(tile.right_width());
    let first_term = UNIT_POS as usize / comptime!(tile.right_width());
    let mut pixels = Sequence::<BatchPixel>::new();
    #[unroll]
    for lane in 0..4 {
        pixels.push(pixel_at(first_column + vector * 4 + lane, images, height, width));
    }

    let mut product = Product::<E>::new(tile);
    let mut begin = 0;
    while begin < terms {
        load_weight::<E, N>(&mut product, weight, first_row, begin, terms, tile, lanes);
        #[unroll]
        for load in 0..comptime!(tile.right_loads()) {
            let term = first_term + comptime!(load * tile.threads() / tile.right_width());
            // Terms beyond the last have zero weights.
            let clamped_term = select(begin + term < terms, begin + term, terms - 1);
            let channel = clamped_term / comptime!(window.taps());
            let tap = clamped_term % comptime!(window.taps());
            let mut values = Four::<f32>::new(0.0);
            #[unroll]
            for lane in 0..4 {
                values.insert(lane, input_at(input, pixels.index(lane), channel, tap, window));
            }
            product.load_right(term, vector, values, tile);
        }
        product.accumulate(tile);
        begin += comptime!(tile.depth());
    }

    let plane = height * width;
    #[unroll]
    for column in 0..comptime!(4 * tile.thread_vectors()) {
        let pixel = first_column + column_of_tile(column, tile);
        let image = pixel / plane;
        #[unroll]
        for row in 0..comptime!(tile.thread_rows()) {
            let filter = first_row + row_of_tile(row, tile);
            if image < images && filter < filters {
                let mut value = product.sum(row, column, tile);
                if has_bias {
                    value += bias[filter];
                }
                output[(image * filters + filter) * plane + pixel % plane] = activated(value, activation);
            }
        }
    }
}

/// Output of a convolution of contiguous tensors, by the kernel that serves it best.
#[allow(unsafe_code)]
pub(super) fn forward(
    input: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    options: ConvolutionOptions,
) -> CubeTensor {
    let [batch, channels, height, width]: [usize; 4] = input.shape().dims();
    let [filters, _, kernel, _]: [usize; 4] = weight.shape().dims();
    let window = ConvolutionWindow::new(kernel, options);
    let [height, width] = window.output_size([height, width]);
    let output = empty(input, [batch, filters, height, width]);
    let (activation, operand) = (options.activation, operand_type(input));
    let arguments = ForwardArguments { input, weight, bias, output: &output, window, activation };
    if !is_for_tiles(operand) && (few_filters::forward(arguments) || sliding::forward(arguments)) {
        return output;
    }
    let pixels = batch * height * width;
    let tile = Tile::of(filters, pixels);
    let lanes = vector_size(channels * window.taps());
    let cubes = CubeCount::new_2d(pixels.div_ceil(tile.columns) as u32, filters.div_ceil(tile.rows) as u32);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        forward_kernel::launch_unchecked(
            &output.client,
            cubes,
            CubeDim::new_1d(tile.threads() as u32),
            lanes,
            argument(input),
            argument(weight),
            argument(bias.unwrap_or(weight)),
            argument(&output),
            tile,
            window,
            lanes,
            bias.is_some(),
            activation,
            operand,
        );
    }
    output
}
