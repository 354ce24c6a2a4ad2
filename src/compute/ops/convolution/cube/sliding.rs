//! Convolutions of 3 × 3 taps one pixel apart, and the gradients of their input: filters times blocks of pixels,
//! summed over channels and taps.
//!
//! A thread has a block of 2 × 4 pixels, which sees a patch of 4 × 6. The patch is loaded once for all nine taps
//! and the window slides over it in registers: that is a third of the reads from global memory, and fewer than
//! half of those from shared memory, that unfolded columns take.

#![allow(clippy::manual_is_multiple_of, reason = "kernels have the operator, not the method")]

use super::{
    activation::{activated, through},
    few,
    tile::Four,
    window::{Window, mirrored, place_of},
};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Taps along each axis.
pub(super) const KERNEL: usize = 3;
pub(super) const TAPS: usize = KERNEL * KERNEL;
/// Columns of a block of pixels: one vector.
const BLOCK_COLUMNS: usize = 4;
/// Columns that a block sees.
pub(super) const PATCH_COLUMNS: usize = BLOCK_COLUMNS + KERNEL - 1;
/// Vectors that a thread has of the result.
const SUMS: usize = 16;

/// Shape of what a workgroup computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sweep {
    /// Rows of the result: filters, or channels where it is the gradient of the input.
    rows: usize,
    /// Rows of a block of pixels.
    block_rows: usize,
    /// Blocks of pixels.
    blocks: usize,
    /// Channels of the image that are in shared memory at a time, and values of a vector of the weight.
    channels: usize,
}

/// The shapes, by the most rows of the result that each serves: with blocks of four rows and of two, for maps
/// whose height is no multiple of four.
const SWEEPS: [[Sweep; 2]; 3] = [
    [
        Sweep { rows: 16, block_rows: 4, blocks: 16, channels: 2 },
        Sweep { rows: 16, block_rows: 2, blocks: 32, channels: 2 },
    ],
    [
        Sweep { rows: 32, block_rows: 4, blocks: 8, channels: 4 },
        Sweep { rows: 32, block_rows: 2, blocks: 16, channels: 4 },
    ],
    [
        Sweep { rows: 64, block_rows: 4, blocks: 4, channels: 4 },
        Sweep { rows: 64, block_rows: 2, blocks: 8, channels: 4 },
    ],
];
const _: () = {
    let mut index = 0;
    while index < 2 * SWEEPS.len() {
        let sweep = SWEEPS[index / 2][index % 2];
        // Any adapter of WebGPU runs it.
        assert!(sweep.threads() <= 256 && sweep.shared_bytes() <= 16 << 10);
        index += 1;
    }
};

impl Sweep {
    /// The shape for so many rows of the result and maps of this height.
    pub fn of(rows: usize, height: usize) -> Self {
        let [.., widest] = SWEEPS;
        let [tall, low] = SWEEPS.into_iter().find(|[sweep, _]| rows <= sweep.rows).unwrap_or(widest);
        if height.is_multiple_of(tall.block_rows) { tall } else { low }
    }

    /// Bytes that are read from global memory for each multiply-add.
    pub fn bytes_per_multiply_add(self) -> f64 {
        let weights = self.rows * TAPS;
        let pixels = self.blocks * self.block_rows * BLOCK_COLUMNS;
        let read = (weights + self.blocks * self.patch_rows() * PATCH_COLUMNS) * size_of::<f32>();
        read as f64 / (weights * pixels) as f64
    }

    /// Blocks of a batch of maps of so many rows and columns.
    fn blocks_of(self, [batch, height, width]: [usize; 3]) -> usize {
        batch * height.div_ceil(self.block_rows) * width.div_ceil(BLOCK_COLUMNS)
    }

    /// Pixels that are computed for them, with those beyond their borders.
    fn computed(self, maps: [usize; 3]) -> usize {
        self.blocks_of(maps).next_multiple_of(self.blocks) * self.block_rows * BLOCK_COLUMNS
    }

    /// Rows of the result that a thread has.
    const fn thread_rows(self) -> usize {
        SUMS / self.block_rows
    }

    const fn row_threads(self) -> usize {
        self.rows / self.thread_rows()
    }

    const fn threads(self) -> usize {
        self.row_threads() * self.blocks
    }

    /// Rows that a block sees.
    const fn patch_rows(self) -> usize {
        self.block_rows + KERNEL - 1
    }

    /// Vectors from one term of the weight to the next: one more than there are, so that threads that write
    /// neighbouring terms meet different banks of shared memory.
    const fn weight_stride(self) -> usize {
        self.rows / 4 + 1
    }

    /// Vectors of the weight in shared memory.
    const fn weight_vectors(self) -> usize {
        self.channels * TAPS * self.weight_stride()
    }

    /// Vectors of the patches in shared memory; a row of a patch is two.
    const fn patch_vectors(self) -> usize {
        self.patch_units() * 2 * self.blocks
    }

    const fn shared_bytes(self) -> usize {
        (self.weight_vectors() + self.patch_vectors()) * 4 * size_of::<f32>()
    }

    /// Rows of the patches of a block.
    const fn patch_units(self) -> usize {
        self.channels * self.patch_rows()
    }

    /// How many of them each thread loads.
    const fn patch_loads(self) -> usize {
        self.patch_units().div_ceil(self.row_threads())
    }
}

/// Which image is convolved, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slide {
    /// Pixels beyond the border that the window sees.
    margin: usize,
    /// Whether these are mirrored, not zero.
    pub reflects: bool,
    /// Whether the result is the gradient of an image whose margin of one pixel was mirrored: what its margin
    /// gets belongs to the pixels beside the outermost.
    folds: bool,
    /// Whether the weight is `[channels, rows, 3, 3]` and its taps are taken from the last to the first.
    is_transposed: bool,
}

impl Slide {
    /// That of the output.
    pub fn forward(window: Window) -> Self {
        Self { margin: window.margin, reflects: window.reflects, folds: false, is_transposed: false }
    }
}

/// The row or column of an image that is `padded` from the first of the margin; beyond the image where the
/// border is zero.
#[cube]
pub(super) fn source_of(padded: usize, length: usize, #[comptime] slide: Slide) -> usize {
    if comptime!(slide.reflects) {
        let last = length + comptime!(2 * slide.margin - 1);
        mirrored(select(padded < last, padded, last), length, slide.margin)
    } else {
        padded - slide.margin
    }
}

/// Writes the weights `[rows, channels, 3, 3]` of some channels to shared memory.
#[cube]
fn load_weight<N: Size>(
    shared: &mut Shared<[Four]>,
    weight: &Tensor<Vector<f32, N>>,
    first_row: usize,
    first_channel: usize,
    #[comptime] sweep: Sweep,
) {
    let vectors = weight.shape(1) * TAPS / sweep.channels;
    let last_row = weight.shape(0) - 1;
    let units = comptime!(sweep.rows / 4 * TAPS);
    #[unroll]
    for load in 0..comptime!(units.div_ceil(sweep.threads())) {
        let unit = UNIT_POS as usize + comptime!(load * sweep.threads());
        if comptime!(units.is_multiple_of(sweep.threads())) || unit < units {
            let vector = unit % TAPS;
            let mut rows = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for lane in 0..4 {
                let row = first_row + unit / TAPS * 4 + lane;
                let row = select(row < last_row, row, last_row);
                rows.push(weight[row * vectors + first_channel / sweep.channels * TAPS + vector]);
            }
            #[unroll]
            for term in 0..comptime!(sweep.channels) {
                let mut values = Four::new(0.0);
                #[unroll]
                for lane in 0..4 {
                    values.insert(lane, rows.index(lane).extract(term));
                }
                shared[(vector * sweep.channels + term) * comptime!(sweep.weight_stride()) + unit / TAPS] =
                    values;
            }
        }
    }
}

/// The same of the weights `[channels, rows, 3, 3]`, from the last tap to the first; zero beyond the last channel.
#[cube]
fn load_transposed_weight<N: Size>(
    shared: &mut Shared<[Four]>,
    weight: &Tensor<Vector<f32, N>>,
    first_row: usize,
    first_channel: usize,
    #[comptime] sweep: Sweep,
) {
    let (channels, rows) = (weight.shape(0), weight.shape(1));
    let groups = comptime!(sweep.rows / 4);
    let units = comptime!(groups * sweep.channels);
    #[unroll]
    for load in 0..comptime!(units.div_ceil(sweep.threads())) {
        let unit = UNIT_POS as usize + comptime!(load * sweep.threads());
        if comptime!(units.is_multiple_of(sweep.threads())) || unit < units {
            let row = first_row + unit % groups * 4;
            let channel = first_channel + unit / groups;
            let is_channel = channel < channels;
            let place = channel * rows + select(row < rows, row, rows - 4);
            let place = select(is_channel, place / 4 * TAPS, 0);
            let mut vectors = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for vector in 0..TAPS {
                vectors.push(weight[place + vector]);
            }
            #[unroll]
            for tap in 0..TAPS {
                let mut values = Four::new(0.0);
                #[unroll]
                for lane in 0..4 {
                    let value = vectors
                        .index(comptime!((lane * TAPS + tap) / 4))
                        .extract(comptime!((lane * TAPS + tap) % 4));
                    values.insert(lane, select(is_channel, value, 0.0));
                }
                let term = unit / groups * TAPS + comptime!(TAPS - 1 - tap);
                shared[term * comptime!(sweep.weight_stride()) + unit % groups] = values;
            }
        }
    }
}

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
fn sliding_kernel<N: Size>(
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

/// Whether the kernel serves a product of so many rows and such maps: it does where vectors of the weight begin
/// at multiples of four values, and where blocks and tiles leave few pixels over.
fn serves(window: Window, rows: usize, aligned: usize, maps: [usize; 3]) -> bool {
    window.kernel == KERNEL
        && window.stride == 1
        && aligned.is_multiple_of(4)
        && rows > few::MOST_FILTERS
        && 2 * Sweep::of(rows, maps[1]).computed(maps) <= 3 * maps.into_iter().product::<usize>()
}

/// Writes the output `[batch, filters, height, width]` if this kernel is the one for it.
#[allow(unsafe_code)]
pub(super) fn forward(
    input: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    output: &CubeTensor,
    window: Window,
    activation: Activation,
) -> bool {
    let [batch, filters, height, width]: [usize; 4] = output.shape().dims();
    let [_, channels, _, _]: [usize; 4] = input.shape().dims();
    if !serves(window, filters, channels, [batch, height, width]) {
        return false;
    }
    launch(input, input, weight, bias, output, Slide::forward(window), [Activation::None, activation]);
    true
}

/// Writes the gradient of the input `[batch, channels, height, width]` if this kernel is the one for it.
pub(super) fn input_gradient(
    gradient: &CubeTensor,
    output: &CubeTensor,
    weight: &CubeTensor,
    result: &CubeTensor,
    window: Window,
    activation: Activation,
) -> bool {
    let [batch, channels, height, width]: [usize; 4] = result.shape().dims();
    let folds = window.reflects && window.margin > 0;
    // Then the pixels beside the outermost must be the inner ones of a block.
    let is_whole = height.is_multiple_of(2) && width.is_multiple_of(BLOCK_COLUMNS);
    if window.margin >= KERNEL
        || folds && !is_whole
        || !serves(window, channels, channels, [batch, height, width])
    {
        return false;
    }
    let slide = Slide { margin: KERNEL - 1 - window.margin, reflects: false, folds, is_transposed: true };
    launch(gradient, output, weight, None, result, slide, [activation, Activation::None]);
    true
}

#[allow(unsafe_code)]
fn launch(
    image: &CubeTensor,
    passed: &CubeTensor,
    weight: &CubeTensor,
    bias: Option<&CubeTensor>,
    result: &CubeTensor,
    slide: Slide,
    [before, after]: [Activation; 2],
) {
    let [batch, rows, height, width]: [usize; 4] = result.shape().dims();
    let maps = [batch, height, width];
    let sweep = Sweep::of(rows, height);
    let columns = sweep.blocks_of(maps).div_ceil(sweep.blocks);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        sliding_kernel::launch_unchecked(
            &result.client,
            CubeCount::new_2d(columns as u32, rows.div_ceil(sweep.rows) as u32),
            CubeDim::new_1d(sweep.threads() as u32),
            if slide.is_transposed { 4 } else { sweep.channels },
            argument(image),
            argument(passed),
            argument(weight),
            argument(bias.unwrap_or(weight)),
            argument(result),
            sweep,
            slide,
            bias.is_some(),
            before,
            after,
        );
    }
}
