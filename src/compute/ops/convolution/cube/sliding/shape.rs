//! Shapes of the windows that slide and of the blocks that they slide over.

use super::super::window::{ConvolutionWindow, mirrored};
use cubecl::prelude::*;

/// Taps along each axis.
pub const KERNEL: usize = 3;
pub const TAPS: usize = KERNEL * KERNEL;
/// Columns of a block of pixels: one vector.
pub(super) const BLOCK_COLUMNS: usize = 4;
/// Columns that a block sees.
pub const PATCH_COLUMNS: usize = BLOCK_COLUMNS + KERNEL - 1;
/// Vectors that a thread has of the result.
pub(super) const SUMS: usize = 16;

/// Shape of what a workgroup computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sweep {
    /// Rows of the result: filters, or channels where it is the gradient of the input.
    pub(super) rows: usize,
    /// Rows of a block of pixels.
    pub(super) block_rows: usize,
    /// Blocks of pixels.
    pub(super) blocks: usize,
    /// Channels of the image that are in shared memory at a time, and values of a vector of the weight.
    pub(super) channels: usize,
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
    pub(super) fn blocks_of(self, [batch, height, width]: [usize; 3]) -> usize {
        batch * height.div_ceil(self.block_rows) * width.div_ceil(BLOCK_COLUMNS)
    }

    /// Pixels that are computed for them, with those beyond their borders.
    pub(super) fn computed(self, maps: [usize; 3]) -> usize {
        self.blocks_of(maps).next_multiple_of(self.blocks) * self.block_rows * BLOCK_COLUMNS
    }

    /// Rows of the result that a thread has.
    pub(super) const fn thread_rows(self) -> usize {
        SUMS / self.block_rows
    }

    pub(super) const fn row_threads(self) -> usize {
        self.rows / self.thread_rows()
    }

    pub(super) const fn threads(self) -> usize {
        self.row_threads() * self.blocks
    }

    /// Rows that a block sees.
    pub(super) const fn patch_rows(self) -> usize {
        self.block_rows + KERNEL - 1
    }

    /// Vectors from one term of the weight to the next: one more than there are, so that threads that write
    /// neighbouring terms meet different banks of shared memory.
    pub(super) const fn weight_stride(self) -> usize {
        self.rows / 4 + 1
    }

    /// Vectors of the weight in shared memory.
    pub(super) const fn weight_vectors(self) -> usize {
        self.channels * TAPS * self.weight_stride()
    }

    /// Vectors of the patches in shared memory; a row of a patch is two.
    pub(super) const fn patch_vectors(self) -> usize {
        self.patch_units() * 2 * self.blocks
    }

    pub(super) const fn shared_bytes(self) -> usize {
        (self.weight_vectors() + self.patch_vectors()) * 4 * size_of::<f32>()
    }

    /// Rows of the patches of a block.
    pub(super) const fn patch_units(self) -> usize {
        self.channels * self.patch_rows()
    }

    /// How many of them each thread loads.
    pub(super) const fn patch_loads(self) -> usize {
        self.patch_units().div_ceil(self.row_threads())
    }
}

/// Which image is convolved, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slide {
    /// Pixels beyond the border that the window sees.
    pub(super) margin: usize,
    /// Whether these are mirrored, not zero.
    pub reflects: bool,
    /// Whether the result is the gradient of an image whose margin of one pixel was mirrored: what its margin
    /// gets belongs to the pixels beside the outermost.
    pub(super) folds: bool,
    /// Whether the weight is `[channels, rows, 3, 3]` and its taps are taken from the last to the first.
    pub(super) is_transposed: bool,
}

impl Slide {
    /// How the output of a convolution is computed.
    pub fn forward(window: ConvolutionWindow) -> Self {
        let reflects = window.reflects && window.margin > 0;
        Self { margin: window.margin, reflects, folds: false, is_transposed: false }
    }
}

/// The row or column of an image that is `padded` from the first of the margin; beyond the image where the
/// border is zero.
#[cube]
pub fn source_of(padded: usize, length: usize, #[comptime] slide: Slide) -> usize {
    if comptime!(slide.reflects) {
        let last = length + comptime!(2 * slide.margin - 1);
        mirrored(select(padded < last, padded, last), length, slide.margin)
    } else {
        padded - slide.margin
    }
}
