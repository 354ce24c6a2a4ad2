//! Shapes of sliding windows, of the blocks of pixels that they slide over, and of the tiles of the result.

use super::super::window::{ConvolutionWindow, mirrored};
use cubecl::prelude::*;

/// Taps along each axis.
pub const KERNEL: usize = 3;
/// Taps of the window.
pub const TAPS: usize = KERNEL * KERNEL;
/// Columns of a block of pixels: one vector.
pub(super) const BLOCK_COLUMNS: usize = 4;
/// Columns of the input that a block depends on: its patch.
pub const PATCH_COLUMNS: usize = BLOCK_COLUMNS + KERNEL - 1;
/// Vectors of the result that a thread computes.
pub(super) const SUMS: usize = 16;

/// Blocks of neighbouring pixels that a workgroup works on at a time: each of some rows by [`BLOCK_COLUMNS`] columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelBlocks {
    /// Pixel rows per block.
    pub rows: usize,
    /// Number of blocks.
    pub count: usize,
}

impl PixelBlocks {
    /// Steps of `count` blocks that cover maps `[batch, height, width]`.
    pub fn steps(self, [batch, height, width]: [usize; 3]) -> usize {
        (batch * height.div_ceil(self.rows) * width.div_ceil(BLOCK_COLUMNS)).div_ceil(self.count)
    }

    /// Tells if few of the pixels that are computed for maps `[batch, height, width]` are beyond their borders: at most
    /// half as many as are inside.
    pub fn fit(self, maps: [usize; 3]) -> bool {
        2 * self.steps(maps) * self.pixels() <= 3 * maps.into_iter().product::<usize>()
    }

    /// Pixels of all blocks of a step.
    pub const fn pixels(self) -> usize {
        self.count * self.rows * BLOCK_COLUMNS
    }

    /// Rows of the input that a block depends on: its patch.
    pub const fn patch_rows(self) -> usize {
        self.rows + KERNEL - 1
    }
}

/// Shape of the part of the result that a workgroup computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlidingTile {
    /// Rows of the result: filters, or channels if it is the gradient of the input.
    pub(super) rows: usize,
    /// Columns of the result.
    pub(super) blocks: PixelBlocks,
    /// Channels of the image that are in shared memory at a time, and values of a vector of the weight.
    pub(super) channels: usize,
}

/// The tiles, by the most rows of the result that each serves: with blocks of four rows, and with blocks of two
/// rows for maps whose height is not a multiple of four.
const TILES: [[SlidingTile; 2]; 3] = [
    [
        SlidingTile { rows: 16, blocks: PixelBlocks { rows: 4, count: 16 }, channels: 2 },
        SlidingTile { rows: 16, blocks: PixelBlocks { rows: 2, count: 32 }, channels: 2 },
    ],
    [
        SlidingTile { rows: 32, blocks: PixelBlocks { rows: 4, count: 8 }, channels: 4 },
        SlidingTile { rows: 32, blocks: PixelBlocks { rows: 2, count: 16 }, channels: 4 },
    ],
    [
        SlidingTile { rows: 64, blocks: PixelBlocks { rows: 4, count: 4 }, channels: 4 },
        SlidingTile { rows: 64, blocks: PixelBlocks { rows: 2, count: 8 }, channels: 4 },
    ],
];
const _: () = {
    let mut index = 0;
    while index < 2 * TILES.len() {
        let tile = TILES[index / 2][index % 2];
        // These are limits that every adapter of WebGPU has.
        assert!(tile.threads() <= 256 && tile.shared_bytes() <= 16 << 10);
        index += 1;
    }
};

impl SlidingTile {
    /// Tile for a result of `rows` rows and maps of this height.
    pub fn of(rows: usize, height: usize) -> Self {
        let [.., largest] = TILES;
        let [tall, low] = TILES.into_iter().find(|[tile, _]| rows <= tile.rows).unwrap_or(largest);
        if height.is_multiple_of(tall.blocks.rows) { tall } else { low }
    }

    /// Bytes that are read from global memory for each multiply-add.
    pub fn bytes_per_multiply_add(self) -> f64 {
        let weights = self.rows * TAPS;
        let pixels = self.blocks.pixels();
        let read =
            (weights + self.blocks.count * self.blocks.patch_rows() * PATCH_COLUMNS) * size_of::<f32>();
        read as f64 / (weights * pixels) as f64
    }

    /// Rows of the result that a thread computes.
    pub(super) const fn thread_rows(self) -> usize {
        SUMS / self.blocks.rows
    }

    pub(super) const fn row_threads(self) -> usize {
        self.rows / self.thread_rows()
    }

    pub(super) const fn threads(self) -> usize {
        self.row_threads() * self.blocks.count
    }

    /// Vectors from one term of the weight to the next: one more than needed, so that threads that write neighbouring
    /// terms use different banks of shared memory.
    pub(super) const fn weight_stride(self) -> usize {
        self.rows / 4 + 1
    }

    /// Vectors of the weight in shared memory.
    pub(super) const fn weight_vectors(self) -> usize {
        self.channels * TAPS * self.weight_stride()
    }

    /// Vectors of the patches in shared memory; a row of a patch takes two.
    pub(super) const fn patch_vectors(self) -> usize {
        self.patch_units() * 2 * self.blocks.count
    }

    pub(super) const fn shared_bytes(self) -> usize {
        (self.weight_vectors() + self.patch_vectors()) * 4 * size_of::<f32>()
    }

    /// Rows of all patches of a block, one patch per channel.
    pub(super) const fn patch_units(self) -> usize {
        self.channels * self.blocks.patch_rows()
    }

    /// Rows of patches that each thread loads.
    pub(super) const fn patch_loads(self) -> usize {
        self.patch_units().div_ceil(self.row_threads())
    }
}

/// Padding of the image that a window slides over, and layout of the weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlidingWindow {
    /// Padding on each side, pixels.
    pub(super) margin: usize,
    /// True if the padding is mirrored, false if it is zero.
    pub reflects: bool,
    /// True if the result is the gradient of an image with a mirrored margin of one pixel: the gradient of the margin
    /// is then added to the pixels that it mirrors, those next to the outermost.
    pub(super) folds: bool,
    /// True if the weight is `[channels, rows, 3, 3]`, with the taps in reverse order.
    pub(super) is_transposed: bool,
}

impl SlidingWindow {
    /// Window that computes the output of a convolution.
    pub fn forward(window: ConvolutionWindow) -> Self {
        let reflects = window.reflects && window.margin > 0;
        Self { margin: window.margin, reflects, folds: false, is_transposed: false }
    }
}

/// Row or column of an image; `padded` counts from the first one of the margin. In a margin of zeros the result is
/// outside the image.
#[cube]
pub fn source_of(padded: usize, length: usize, #[comptime] sliding: SlidingWindow) -> usize {
    if comptime!(sliding.reflects) {
        let last = length + comptime!(2 * sliding.margin - 1);
        mirrored(select(padded < last, padded, last), length, sliding.margin)
    } else {
        padded - sliding.margin
    }
}
