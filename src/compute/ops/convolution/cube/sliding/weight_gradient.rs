//! Gradients of weight and bias of convolutions with 3 × 3 taps and stride 1: filters times channels, for all taps at
//! once, summed over blocks of pixels.
//!
//! A thread computes all taps of four filters and two channels. Its patch of a block is loaded once for all nine taps.

#![allow(
    clippy::manual_is_multiple_of,
    clippy::collapsible_if,
    reason = "kernels have the operator, not the method; what is known at compile time has an `if` of its own"
)]

use super::{
    super::{
        activation::activation_gradient,
        tile::Four,
        window::{ConvolutionWindow, pixel_at},
    },
    shape::{BLOCK_COLUMNS, KERNEL, PATCH_COLUMNS, PixelBlocks, SlidingWindow, TAPS, source_of},
};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Filters of a thread: one vector of them.
const THREAD_FILTERS: usize = 4;
/// Channels of a thread.
const THREAD_CHANNELS: usize = 2;

/// Shape of the part of the gradient that a workgroup computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct GradientTile {
    /// Number of filters, the rows of the gradient.
    filters: usize,
    /// Number of channels, each with all its taps: the columns of the gradient.
    channels: usize,
    /// Pixels that are summed over at a time, in shared memory.
    pub blocks: PixelBlocks,
}

/// The tiles for few filters and for many: with blocks of four rows, and with blocks of two.
const TILES: [[GradientTile; 2]; 2] = [
    [
        GradientTile { filters: 16, channels: 16, blocks: PixelBlocks { rows: 4, count: 2 } },
        GradientTile { filters: 16, channels: 16, blocks: PixelBlocks { rows: 2, count: 4 } },
    ],
    [
        GradientTile { filters: 32, channels: 16, blocks: PixelBlocks { rows: 4, count: 2 } },
        GradientTile { filters: 32, channels: 16, blocks: PixelBlocks { rows: 2, count: 4 } },
    ],
];
const _: () = {
    let mut index = 0;
    while index < 2 * TILES.len() {
        let tile = TILES[index / 2][index % 2];
        // All threads load the same number of vectors.
        assert!(tile.gradient_units().is_multiple_of(tile.threads()));
        assert!(tile.patch_units().is_multiple_of(tile.threads()));
        // These are limits that every adapter of WebGPU has.
        assert!(tile.threads() <= 256 && tile.shared_bytes() <= 16 << 10);
        index += 1;
    }
};

impl GradientTile {
    /// Tile for the gradients of `filters` and `channels` from maps `[batch, height, width]`; `None` if this kernel
    /// does not serve them, because the window does not slide, or much of tiles or blocks would be unused.
    pub fn of(window: ConvolutionWindow, [filters, channels]: [usize; 2], maps: [usize; 3]) -> Option<Self> {
        let [few, many] = TILES;
        let [tall, low] = if filters <= few[0].filters { few } else { many };
        let tile = if maps[1].is_multiple_of(tall.blocks.rows) { tall } else { low };
        let serves = window.kernel == KERNEL
            && window.stride == 1
            && 2 * filters >= few[0].filters
            && 2 * channels >= tile.channels
            && tile.blocks.fit(maps);
        serves.then_some(tile)
    }

    /// Workgroups along channels and filters.
    pub fn workgroups(self, filters: usize, channels: usize) -> [usize; 2] {
        [channels.div_ceil(self.channels), filters.div_ceil(self.filters)]
    }

    const fn channel_threads(self) -> usize {
        self.channels / THREAD_CHANNELS
    }

    const fn threads(self) -> usize {
        self.filters / THREAD_FILTERS * self.channel_threads()
    }

    /// Vectors of the output's gradient: for each pixel, groups of filters.
    const fn gradient_units(self) -> usize {
        self.blocks.pixels() * self.filters / THREAD_FILTERS
    }

    /// Vectors from one pixel of the gradient to the next: one more than needed, to avoid bank conflicts.
    const fn gradient_stride(self) -> usize {
        self.filters / THREAD_FILTERS + 1
    }

    /// Rows of patches.
    const fn patch_units(self) -> usize {
        self.blocks.count * self.blocks.patch_rows() * self.channels
    }

    const fn shared_bytes(self) -> usize {
        (self.blocks.pixels() * self.gradient_stride() + 2 * self.patch_units()) * 4 * size_of::<f32>()
    }
}

/// Sums over each part of the blocks, `[parts, filters, weights + 1]`; `output` is read only with an activation.
#[cube(launch_unchecked)]
fn sliding_sums_kernel(
    input: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    sums: &mut Tensor<f32>,
    steps_of_a_part: usize,
    #[comptime] tile: GradientTile,
    #[comptime] sliding: SlidingWindow,
    #[comptime] has_bias: bool,
    #[comptime] activation: Activation,
) {
    let (images, filters) = (gradient.shape(0), gradient.shape(1));
    let (height, width) = (gradient.shape(2), gradient.shape(3));
    let (channels, source_height, source_width) = (input.shape(1), input.shape(2), input.shape(3));
    let block_rows = (height + comptime!(tile.blocks.rows - 1)) / comptime!(tile.blocks.rows);
    let block_columns = (width + comptime!(BLOCK_COLUMNS - 1)) / BLOCK_COLUMNS;
    let all_blocks = images * block_rows * block_columns;
    let first_channel = CUBE_POS_X as usize * comptime!(tile.channels);
    let first_filter = CUBE_POS_Y as usize * comptime!(tile.filters);
    let part = CUBE_POS_Z as usize;
    let channel_thread = UNIT_POS as usize % comptime!(tile.channel_threads());
    let filter_thread = UNIT_POS as usize / comptime!(tile.channel_threads());

    let mut gradients = Shared::<[Four]>::new_slice(comptime!(tile.blocks.pixels() * tile.gradient_stride()));
    let mut patches = Shared::<[Four]>::new_slice(comptime!(2 * tile.patch_units()));
    let mut totals = Array::<Four>::new(comptime!(THREAD_CHANNELS * TAPS));
    #[unroll]
    for total in 0..comptime!(THREAD_CHANNELS * TAPS) {
        totals[total] = Four::new(0.0);
    }
    let mut bias_gradient = Four::new(0.0);

    let mut first_block = part * steps_of_a_part * comptime!(tile.blocks.count);
    let end = first_block + steps_of_a_part * comptime!(tile.blocks.count);
    let end = select(end < all_blocks, end, all_blocks);
    while first_block < end {
        #[unroll]
        for load in 0..comptime!(tile.gradient_units() / tile.threads()) {
            let unit = UNIT_POS as usize + comptime!(load * tile.threads());
            let pixel = unit % comptime!(tile.blocks.pixels());
            let group = unit / comptime!(tile.blocks.pixels());
            // Neighbouring blocks are side by side, so pixels are counted along a row through all of them.
            let column = pixel % BLOCK_COLUMNS;
            let block = pixel / BLOCK_COLUMNS % tile.blocks.count;
            let row = pixel / comptime!(BLOCK_COLUMNS * tile.blocks.count);
            let position = pixel_at(first_block + block, images, block_rows, block_columns);
            let image_row = position.row * tile.blocks.rows + row;
            let image_column = position.column * BLOCK_COLUMNS + column;
            let is_inside = first_block + block < all_blocks && image_row < height && image_column < width;
            let mut values = Four::new(0.0);
            #[unroll]
            for lane in 0..THREAD_FILTERS {
                let filter = first_filter + group * THREAD_FILTERS + lane;
                let filter = select(filter < filters, filter, filters - 1);
                let index = ((position.image * filters + filter) * height + image_row) * width + image_column;
                let value = activation_gradient(gradient, output, select(is_inside, index, 0), activation);
                values.insert(lane, select(is_inside, value, 0.0));
            }
            let line = (block * tile.blocks.rows + row) * BLOCK_COLUMNS + column;
            gradients[line * comptime!(tile.gradient_stride()) + group] = values;
        }
        #[unroll]
        for load in 0..comptime!(tile.patch_units() / tile.threads()) {
            let unit = UNIT_POS as usize + comptime!(load * tile.threads());
            let block = unit % comptime!(tile.blocks.count);
            let row = unit / comptime!(tile.blocks.count) % comptime!(tile.blocks.patch_rows());
            let channel_of_tile = unit / comptime!(tile.blocks.count * tile.blocks.patch_rows());
            let channel = first_channel + channel_of_tile;
            let channel = select(channel < channels, channel, channels - 1);
            let position = pixel_at(first_block + block, images, block_rows, block_columns);
            let image_row = source_of(position.row * tile.blocks.rows + row, source_height, sliding);
            let line = ((position.image * channels + channel) * source_height + image_row) * source_width;
            let mut low = Four::new(0.0);
            let mut high = Four::new(0.0);
            #[unroll]
            for column in 0..PATCH_COLUMNS {
                let image_column = source_of(position.column * BLOCK_COLUMNS + column, source_width, sliding);
                let value = if comptime!(sliding.reflects) {
                    input[line + image_column]
                } else {
                    let is_inside = image_row < source_height && image_column < source_width;
                    select(is_inside, input[select(is_inside, line + image_column, 0)], 0.0)
                };
                if comptime!(column < 4) {
                    low.insert(column, value);
                } else {
                    high.insert(comptime!(column % 4), value);
                }
            }
            let index =
                (block * tile.blocks.patch_rows() + row) * comptime!(2 * tile.channels) + channel_of_tile;
            patches[index] = low;
            patches[index + tile.channels] = high;
        }
        sync_cube();
        for block in 0..comptime!(tile.blocks.count) {
            let mut patch = Array::<Four>::new(comptime!(2 * THREAD_CHANNELS * tile.blocks.patch_rows()));
            #[unroll]
            for row in 0..comptime!(tile.blocks.patch_rows()) {
                #[unroll]
                for vector in 0..comptime!(2 * THREAD_CHANNELS) {
                    let line = (block * tile.blocks.patch_rows() + row) * comptime!(2 * tile.channels);
                    let vector_of_line = comptime!(vector * tile.channel_threads()) + channel_thread;
                    patch[comptime!(row * 2 * THREAD_CHANNELS + vector)] = patches[line + vector_of_line];
                }
                if comptime!(row >= KERNEL - 1) {
                    #[unroll]
                    for column in 0..BLOCK_COLUMNS {
                        let pixel_of_block = comptime!((row + 1 - KERNEL) * BLOCK_COLUMNS + column);
                        let pixel = block * comptime!(tile.blocks.rows * BLOCK_COLUMNS) + pixel_of_block;
                        let slopes = gradients[pixel * comptime!(tile.gradient_stride()) + filter_thread];
                        if comptime!(has_bias) {
                            bias_gradient += slopes;
                        }
                        #[unroll]
                        for total in 0..comptime!(THREAD_CHANNELS * TAPS) {
                            let (channel, tap) = comptime!((total / TAPS, total % TAPS));
                            let seen_row = comptime!(row + 1 - KERNEL + tap / KERNEL);
                            let seen_column = comptime!(column + tap % KERNEL);
                            // Vectors of a row: the first four columns of each channel, then the others of each.
                            let vector = comptime!(seen_column / 4 * THREAD_CHANNELS + channel);
                            let values = patch[comptime!(seen_row * 2 * THREAD_CHANNELS + vector)];
                            let value = Four::new(values.extract(comptime!(seen_column % 4)));
                            totals[total] = fma(value, slopes, totals[total]);
                        }
                    }
                }
            }
        }
        sync_cube();
        first_block += comptime!(tile.blocks.count);
    }

    let weights = channels * TAPS;
    let columns = sums.shape(2);
    #[unroll]
    for lane in 0..THREAD_FILTERS {
        let filter = first_filter + filter_thread * THREAD_FILTERS + lane;
        if filter < filters {
            let line = (part * filters + filter) * columns;
            #[unroll]
            for total in 0..comptime!(THREAD_CHANNELS * TAPS) {
                let channel =
                    first_channel + comptime!(total / TAPS * tile.channel_threads()) + channel_thread;
                if channel < channels {
                    sums[line + channel * TAPS + comptime!(total % TAPS)] = totals[total].extract(lane);
                }
            }
            if comptime!(has_bias) {
                if first_channel + channel_thread == 0 {
                    sums[line + weights] = bias_gradient.extract(lane);
                }
            }
        }
    }
}

/// Writes the sums over each part of `steps_of_a_part` steps.
#[allow(unsafe_code)]
pub(in super::super) fn sliding_sums(
    [input, gradient, output, sums]: [&CubeTensor; 4],
    steps_of_a_part: usize,
    tile: GradientTile,
    window: ConvolutionWindow,
    has_bias: bool,
    activation: Activation,
) {
    let [parts, filters, _]: [usize; 3] = sums.shape().dims();
    let [_, channels, _, _]: [usize; 4] = input.shape().dims();
    let [x, y] = tile.workgroups(filters, channels);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        sliding_sums_kernel::launch_unchecked(
            &sums.client,
            CubeCount::new_3d(x as u32, y as u32, parts as u32),
            CubeDim::new_1d(tile.threads() as u32),
            argument(input),
            argument(gradient),
            argument(output),
            argument(sums),
            steps_of_a_part,
            tile,
            SlidingWindow::forward(window),
            has_bias,
            activation,
        );
    }
}
