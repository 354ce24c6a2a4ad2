//! The gradient of a convolution's input: channels times input pixels, summed over filters and taps.
//!
//! With stride s, which taps see an input pixel depends on the remainders of its row and column by s. So the
//! pixels are treated in s × s phases, each with taps of its own, and nothing is multiplied by a zero that is
//! known beforehand. Where the border is mirrored all pixels are one phase and every tap is tried.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    activation::through,
    scale::{Operands, is_for_tiles, scale_of},
    sliding,
    tile::{Four, Product, Tile, column_of_tile, row_of_tile},
    window::{BatchPixel, ConvolutionWindow, place_of},
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
    /// Phases along each axis, and pixels from one of a phase to the next.
    const fn phases(self) -> usize {
        if self.reflects { 1 } else { self.stride }
    }
}

/// Some pixels along an axis, and the taps that see them.
#[derive(CubeType)]
struct StridePhase {
    /// The first pixel.
    first: usize,
    /// Pixels.
    length: usize,
    /// The first tap.
    first_tap: usize,
    /// Taps.
    taps: usize,
}

/// The pixels i with (i + margin) mod phases = `phase`, which are seen through the taps of that remainder.
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

/// A filter and a tap of those of a phase.
#[derive(CubeType)]
struct Term {
    filter: usize,
    down: usize,
    across: usize,
}

#[cube]
fn term_of(
    term: usize,
    down: &StridePhase,
    across: &StridePhase,
    #[comptime] window: ConvolutionWindow,
) -> Term {
    if comptime!(window.phases() == 1) {
        // Division by a constant is cheap.
        let tap = term % comptime!(window.taps());
        Term {
            filter: term / comptime!(window.taps()),
            down: tap / window.kernel,
            across: tap % window.kernel,
        }
    } else {
        let tap = term % (down.taps * across.taps);
        Term { filter: term / (down.taps * across.taps), down: tap / across.taps, across: tap % across.taps }
    }
}

/// The gradient at a pixel of a plane, before the activation; zero beyond the borders.
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
    let place = select(is_inside, (plane * height + row) * width + column, 0);
    select(is_inside, through(gradient, output, place, activation), 0.0)
}

/// The output pixel along an axis whose window begins `distance` before what it sees; far beyond the last if
/// there is none. A negative distance has wrapped.
#[cube]
fn viewer(distance: usize, #[comptime] window: ConvolutionWindow) -> usize {
    if comptime!(window.stride == 1) {
        distance
    } else {
        select(distance % window.stride == 0, distance / window.stride, BEYOND.runtime())
    }
}

/// The output pixels along an axis that see, through a tap, a pixel and its mirror image in the margin: of the
/// two margins a tap sees one only, because neither is wider than half the kernel.
#[cube]
fn viewers(pixel: usize, tap: usize, length: usize, #[comptime] window: ConvolutionWindow) -> (usize, usize) {
    let margin = comptime!(window.margin).runtime();
    let behind = length * 2 - 2 - pixel;
    let mirror = if tap < margin {
        select(pixel == 0, BEYOND.runtime(), viewer(margin - pixel - tap, window))
    } else {
        select(behind < length, BEYOND.runtime(), viewer(behind + margin - tap, window))
    };
    (viewer(pixel + margin - tap, window), mirror)
}

/// The sum of the gradients that come through a tap to a pixel and its mirror images.
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

/// Writes terms of the weight `[filters, rows, kernel, kernel]` from `begin` on to the left factor: of the rows
/// from `first_row` on; zero beyond the last term.
#[cube]
fn load_weight<E: Float>(
    product: &mut Product<E>,
    weight: &Tensor<f32>,
    first_row: usize,
    begin: usize,
    terms: usize,
    down: &StridePhase,
    across: &StridePhase,
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
            let Term { filter, down: tap_row, across: tap_column } =
                term_of(begin + term, down, across, window);
            let tap_row = down.first_tap + tap_row * comptime!(window.phases());
            let tap_column = across.first_tap + tap_column * comptime!(window.phases());
            let tap = tap_row * window.kernel + tap_column;
            let mut values = Four::<f32>::new(0.0);
            #[unroll]
            for lane in 0..4 {
                let row = first_row + vector * 4 + lane;
                let row = select(row < channels, row, channels - 1);
                let place = (filter * channels + row) * comptime!(window.taps()) + tap;
                let value = weight[select(is_term, place, 0)];
                values.insert(lane, select(is_term, value, 0.0));
            }
            product.load_left(term, vector, values, tile);
        }
    }
}

/// The gradient of the input `[batch, channels, height, width]` from that of the output; `output` is read only
/// with an activation.
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
    let down = phase_of(CUBE_POS_Z as usize / phases, height, window);
    let across = phase_of(CUBE_POS_Z as usize % phases, width, window);
    let first_row = CUBE_POS_Y as usize * comptime!(tile.rows);
    let first_column = CUBE_POS_X as usize * comptime!(tile.columns);
    if first_column >= images * down.length * across.length {
        terminate!();
    }
    let terms = filters * down.taps * across.taps;

    // The thread loads the same columns of the right factor each time.
    let vector = UNIT_POS as usize % comptime!(tile.right_width());
    let first_term = UNIT_POS as usize / comptime!(tile.right_width());
    let mut places = Sequence::<BatchPixel>::new();
    #[unroll]
    for lane in 0..4 {
        places.push(place_of(first_column + vector * 4 + lane, images, down.length, across.length));
    }
    // What the first tap of a phase sees of its first pixel.
    let row_offset = (down.first + window.margin - down.first_tap) / phases;
    let column_offset = (across.first + window.margin - across.first_tap) / phases;

    let scale = scale_of(largest, scaled, comptime!(tile.threads()));
    let mut product = Product::<E>::new(tile);
    let mut begin = 0;
    while begin < terms {
        load_weight::<E>(&mut product, weight, first_row, begin, terms, &down, &across, tile, window);
        #[unroll]
        for load in 0..comptime!(tile.right_loads()) {
            let term = first_term + comptime!(load * tile.threads() / tile.right_width());
            // The weights of terms beyond the last are zero.
            let of_all = select(begin + term < terms, begin + term, terms - 1);
            let Term { filter, down: tap_row, across: tap_column } = term_of(of_all, &down, &across, window);
            let mut values = Four::<f32>::new(0.0);
            #[unroll]
            for lane in 0..4 {
                let place = places.index(lane);
                let plane = place.image * filters + filter;
                let value = if comptime!(window.reflects) {
                    let rows = viewers(place.row, tap_row, height, window);
                    let columns = viewers(place.column, tap_column, width, window);
                    reflected_gradient(gradient, output, plane, rows, columns, activation)
                } else {
                    let row = place.row + row_offset - tap_row;
                    let column = place.column + column_offset - tap_column;
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

    let plane = down.length * across.length;
    #[unroll]
    for column in 0..comptime!(4 * tile.thread_vectors()) {
        let pixel = first_column + column_of_tile(column, tile);
        let image = pixel / plane;
        let rest = pixel % plane;
        let pixel_row = down.first + rest / across.length * phases;
        let pixel_column = across.first + rest % across.length * phases;
        #[unroll]
        for row in 0..comptime!(tile.thread_rows()) {
            let channel = first_row + row_of_tile(row, tile);
            if image < images && channel < channels {
                let place = ((image * channels + channel) * height + pixel_row) * width + pixel_column;
                input_gradient[place] = product.sum(row, column, tile) * scale.inverse;
            }
        }
    }
}

/// The gradient of the input, of this shape, from contiguous tensors.
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
