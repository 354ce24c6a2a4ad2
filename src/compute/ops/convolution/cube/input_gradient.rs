//! Gradient of a convolution's input: a matrix product of channels and input pixels, summed over filters and taps.
//!
//! With stride s, the taps that read an input pixel depend on its row and column modulo s. So the pixels are
//! processed in s × s phases, each with its own taps, and no product is known to be zero beforehand. With mirrored
//! padding all pixels are a single phase, and every tap is tried.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    activation::activation_gradient,
    scale::{Operands, is_for_tiles, scale_of},
    sliding,
    tile::{Four, Product, Tile, column_of_tile, row_of_tile},
    window::{BatchPixel, ConvolutionWindow, pixel_at},
};
use crate::compute::ops::{
    convolution::{Activation, ConvolutionOptions},
    cube::{argument, empty},
};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{ir::ElemType, prelude::*};

/// A row or column beyond any image.
const BEYOND: usize = 1 << 30;

impl ConvolutionWindow {
    /// Phases along each axis; also the distance between neighbouring pixels of a phase.
    const fn phases(self) -> usize {
        if self.reflects { 1 } else { self.stride }
    }
}

/// Pixels of a phase along an axis, and the taps that read them.
#[derive(CubeType)]
struct StridePhase {
    /// First pixel.
    first: usize,
    /// Number of pixels.
    length: usize,
    /// First tap.
    first_tap: usize,
    /// Number of taps.
    taps: usize,
}

/// Phase of the pixels i with (i + margin) mod phases = `phase`. The taps with that remainder read them.
#[cube]
fn phase_of(phase: usize, length: usize, #[comptime] window: ConvolutionWindow) -> StridePhase {
    let phases = comptime!(window.phases());
    let first = (phase + comptime!(window.margin * (phases - 1))) % phases;
    StridePhase {
        first,
        length: (length + comptime!(phases - 1) - first) / phases,
        first_tap: phase,
        taps: (comptime!(window.kernel + phases - 1) - phase) / phases,
    }
}

/// Filter and tap of a term of the sum; the tap's row and column count among those of a phase.
#[derive(CubeType)]
struct FilterTap {
    filter: usize,
    tap_row: usize,
    tap_column: usize,
}

#[cube]
fn term_of(
    term: usize,
    y_phase: &StridePhase,
    x_phase: &StridePhase,
    #[comptime] window: ConvolutionWindow,
) -> FilterTap {
    if comptime!(window.phases() == 1) {
        // Dividing by a constant is cheap.
        let tap = term % comptime!(window.taps());
        FilterTap {
            filter: term / comptime!(window.taps()),
            tap_row: tap / window.kernel,
            tap_column: tap % window.kernel,
        }
    } else {
        let tap = term % (y_phase.taps * x_phase.taps);
        FilterTap {
            filter: term / (y_phase.taps * x_phase.taps),
            tap_row: tap / x_phase.taps,
            tap_column: tap % x_phase.taps,
        }
    }
}

/// Gradient before the activation at a pixel of a plane; zero outside the image.
#[cube]
fn gradient_at(
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    plane: usize,
    row: usize,
    column: usize,
    #[comptime] activation: Activation,
) -> f32 {
    let (height, width) = (gradient.shape(2), gradient.shape(3));
    let is_inside = row < height && column < width;
    let offset = select(is_inside, (plane * height + row) * width + column, 0);
    select(is_inside, activation_gradient(gradient, output, offset, activation), 0.0)
}

/// Output pixel along an axis whose window begins `distance` input pixels after that of the first; far beyond the
/// last if there is none. A negative distance has wrapped around.
#[cube]
fn output_pixel(distance: usize, #[comptime] window: ConvolutionWindow) -> usize {
    if comptime!(window.stride == 1) {
        distance
    } else {
        select(distance % window.stride == 0, distance / window.stride, BEYOND.runtime())
    }
}

/// Output pixels along an axis that read, through a tap, a pixel and its mirror image in the margin. A tap reads one of
/// the two margins only, because neither is wider than half the kernel.
#[cube]
fn output_pixels(
    pixel: usize,
    tap: usize,
    length: usize,
    #[comptime] window: ConvolutionWindow,
) -> (usize, usize) {
    let margin = comptime!(window.margin).runtime();
    let behind = length * 2 - 2 - pixel;
    let mirror = if tap < margin {
        select(pixel == 0, BEYOND.runtime(), output_pixel(margin - pixel - tap, window))
    } else {
        select(behind < length, BEYOND.runtime(), output_pixel(behind + margin - tap, window))
    };
    (output_pixel(pixel + margin - tap, window), mirror)
}

/// Sum of the gradients of a pixel and its mirror images through one tap.
#[cube]
fn reflected_gradient(
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    plane: usize,
    rows: (usize, usize),
    columns: (usize, usize),
    #[comptime] activation: Activation,
) -> f32 {
    let mut sum = gradient_at(gradient, output, plane, rows.0, columns.0, activation);
    let is_beside = columns.1 < gradient.shape(3);
    if is_beside {
        sum += gradient_at(gradient, output, plane, rows.0, columns.1, activation);
    }
    if rows.1 < gradient.shape(2) {
        sum += gradient_at(gradient, output, plane, rows.1, columns.0, activation);
        if is_beside {
            sum += gradient_at(gradient, output, plane, rows.1, columns.1, activation);
        }
    }
    sum
}

/// Loads terms of the weight `[filters, rows, kernel, kernel]` from `begin` on, of the rows from `first_row` on, into
/// the left factor; zero beyond the last term.
#[cube]
fn load_weight<E: Float>(
    product: &mut Product<E>,
    weight: &Tensor<f32>,
    first_row: usize,
    begin: usize,
    terms: usize,
    y_phase: &StridePhase,
    x_phase: &StridePhase,
    #[comptime] tile: Tile,
    #[comptime] window: ConvolutionWindow,
) {
    let channels = weight.shape(1);
    #[unroll]
    for load in 0..comptime!(tile.left_loads()) {
        let index = UNIT_POS as usize + comptime!(load * tile.threads());
        if comptime!(tile.left_fills_threads()) || index < comptime!(tile.left_vectors()) {
            let term = index % comptime!(tile.depth());
            let vector = index / comptime!(tile.depth());
            let is_term = begin + term < terms;
            let FilterTap { filter, tap_row, tap_column } = term_of(begin + term, y_phase, x_phase, window);
            let tap_row = y_phase.first_tap + tap_row * comptime!(window.phases());
            let tap_column = x_phase.first_tap + tap_column * comptime!(window.phases());
            let tap = tap_row * window.kernel + tap_column;
            let mut values = Four::<f32>::new(0.0);
            #[unroll]
            for lane in 0..4 {
                let row = first_row + vector * 4 + lane;
                let row = select(row < channels, row, channels - 1);
                let offset = (filter * channels + row) * comptime!(window.taps()) + tap;
                let value = weight[select(is_term, offset, 0)];
                values.insert(lane, select(is_term, value, 0.0));
            }
            product.load_left(term, vector, values, tile);
        }
    }
}

/// Gradient of the input, `[batch, channels, height, width]`, from that of the output; `output` is read only with an
/// activation.
#[cube(launch_unchecked)]
fn input_gradient_kernel<E: Float>(
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    weight: &Tensor<f32>,
    largest: &Tensor<f32>,
    input_gradient: &mut Tensor<f32>,
    #[comptime] tile: Tile,
    #[comptime] window: ConvolutionWindow,
    #[comptime] activation: Activation,
    #[comptime] scaled: bool,
    #[define(E)] _operand: ElemType,
) {
    let (images, channels) = (input_gradient.shape(0), input_gradient.shape(1));
    let (height, width) = (input_gradient.shape(2), input_gradient.shape(3));
    let filters = gradient.shape(1);
    let phases = comptime!(window.phases());
    let y_phase = phase_of(CUBE_POS_Z as usize / phases, height, window);
    let x_phase = phase_of(CUBE_POS_Z as usize % phases, width, window);
    let first_row = CUBE_POS_Y as usize * comptime!(tile.rows);
    let first_column = CUBE_POS_X as usize * comptime!(tile.columns);
    if first_column >= images * y_phase.length * x_phase.length {
        terminate!();
    }
    let terms = filters * y_phase.taps * x_phase.taps;

    // The thread loads the same columns of the right factor in each round.
    let vector = UNIT_POS as usize % comptime!(tile.right_width());
    let first_term = UNIT_POS as usize / comptime!(tile.right_width());
    let mut pixels = Sequence::<BatchPixel>::new();
    #[unroll]
    for lane in 0..4 {
        pixels.push(pixel_at(first_column + vector * 4 + lane, images, y_phase.length, x_phase.length));
    }
    // Output pixel that reads the first pixel of a phase through its first tap.
    let row_offset = (y_phase.first + window.margin - y_phase.first_tap) / phases;
    let column_offset = (x_phase.first + window.margin - x_phase.first_tap) / phases;

    let scale = scale_of(largest, scaled, comptime!(tile.threads()));
    let mut product = Product::<E>::new(tile);
    let mut begin = 0;
    while begin < terms {
        load_weight::<E>(&mut product, weight, first_row, begin, terms, &y_phase, &x_phase, tile, window);
        #[unroll]
        for load in 0..comptime!(tile.right_loads()) {
            let term = first_term + comptime!(load * tile.threads() / tile.right_width());
            // Terms beyond the last have zero weights.
            let clamped_term = select(begin + term < terms, begin + term, terms - 1);
            let FilterTap { filter, tap_row, tap_column } = term_of(clamped_term, &y_phase, &x_phase, window);
            let mut values = Four::<f32>::new(0.0);
            #[unroll]
            for lane in 0..4 {
                let pixel = pixels.index(lane);
                let plane = pixel.image * filters + filter;
                let value = if comptime!(window.reflects) {
                    let rows = output_pixels(pixel.row, tap_row, height, window);
                    let columns = output_pixels(pixel.column, tap_column, width, window);
                    reflected_gradient(gradient, output, plane, rows, columns, activation)
                } else {
                    let row = pixel.row + row_offset - tap_row;
                    let column = pixel.column + column_offset - tap_column;
                    gradient_at(gradient, output, plane, row, column, activation)
                };
                values.insert(lane, value);
            }
            if comptime!(scaled) {
                values *= Four::<f32>::new(scale.factor);
            }
            product.load_right(term, vector, values, tile);
        }
        product.accumulate(tile);
        begin += comptime!(tile.depth());
    }

    let plane = y_phase.length * x_phase.length;
    #[unroll]
    for column in 0..comptime!(4 * tile.thread_vectors()) {
        let pixel = first_column + column_of_tile(column, tile);
        let image = pixel / plane;
        let rest = pixel % plane;
        let pixel_row = y_phase.first + rest / x_phase.length * phases;
        let pixel_column = x_phase.first + rest % x_phase.length * phases;
        #[unroll]
        for row in 0..comptime!(tile.thread_rows()) {
            let channel = first_row + row_of_tile(row, tile);
            if image < images && channel < channels {
                let offset = ((image * channels + channel) * height + pixel_row) * width + pixel_column;
                input_gradient[offset] = product.sum(row, column, tile) * scale.inverse;
            }
        }
    }
}

/// Gradient of the input, of this shape, from contiguous tensors, by the kernel that serves it best.
#[allow(unsafe_code)]
pub(super) fn input_gradient(
    gradient: &CubeTensor,
    output: &CubeTensor,
    weight: &CubeTensor,
    operands: &Operands,
    shape: [usize; 4],
    options: ConvolutionOptions,
) -> CubeTensor {
    let [_, _, kernel, _]: [usize; 4] = weight.shape().dims();
    let window = ConvolutionWindow::new(kernel, options);
    let result = empty(gradient, shape);
    if !is_for_tiles(operands.kind)
        && sliding::input_gradient(gradient, output, weight, &result, window, options.activation)
    {
        return result;
    }
    let [batch, channels, height, width] = shape;
    let phases = window.phases();
    let pixels_of_a_phase = batch * height.div_ceil(phases) * width.div_ceil(phases);
    let tile = Tile::of_each(phases * phases, channels, pixels_of_a_phase);
    let columns = pixels_of_a_phase.div_ceil(tile.columns);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        input_gradient_kernel::launch_unchecked(
            &result.client,
            CubeCount::new_3d(columns as u32, channels.div_ceil(tile.rows) as u32, (phases * phases) as u32),
            CubeDim::new_1d(tile.threads() as u32),
            argument(gradient),
            argument(output),
            argument(weight),
            argument(operands.largest.as_ref().unwrap_or(gradient)),
            argument(&result),
            tile,
            window,
            options.activation,
            operands.largest.is_some(),
            operands.kind,
        );
    }
    result
}
