//! Convolutions of 3 × 3 taps one pixel apart, and the gradients of their input: filters times blocks of pixels,
//! summed over channels and taps.
//!
//! A thread has a block of pixels, 4 × 4 of four filters or 2 × 4 of eight, which sees a patch of 6 × 6 or 4 × 6.
//! The patch is loaded once for all nine taps and the window slides over it in registers. That takes a quarter or
//! a third of the reads of pixels from global memory, and 0.6 or 0.7 times the reads from shared memory, that as
//! many results of unfolded columns take.

mod kernel;
pub(super) mod weight_gradient;
mod weights;

use super::{
    few,
    window::{Window, mirrored},
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
    /// How the output of a convolution is computed.
    pub fn forward(window: Window) -> Self {
        let reflects = window.reflects && window.margin > 0;
        Self { margin: window.margin, reflects, folds: false, is_transposed: false }
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
        kernel::sliding_kernel::launch_unchecked(
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
