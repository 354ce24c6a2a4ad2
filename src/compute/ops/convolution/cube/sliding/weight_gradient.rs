//! The gradients of weight and bias where a window of 3 × 3 taps slides: filters times channels, for all taps at
//! once, summed over blocks of pixels.
//!
//! A thread has all taps of four filters and two channels. Nine taps see a block through one patch, which is
//! loaded once.

#![allow(
    clippy::manual_is_multiple_of,
    clippy::collapsible_if,
    reason = "kernels have the operator, not the method; what is known at compile time has an `if` of its own"
)]

use super::{
    super::{
        activation::through,
        tile::Four,
        window::{ConvolutionWindow, place_of},
    },
    shape::{BLOCK_COLUMNS, KERNEL, PATCH_COLUMNS, Slide, TAPS, source_of},
};
use crate::compute::ops::{convolution::Activation, cube::argument};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Filters of a thread: one vector.
const THREAD_FILTERS: usize = 4;
/// Channels of a thread.
const THREAD_CHANNELS: usize = 2;

/// Shape of what a workgroup sums, and of the blocks of pixels that are in shared memory at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Sheaf {
    /// Filters.
    filters: usize,
    /// Channels, each with all its taps.
    channels: usize,
    /// Rows of a block of pixels.
    block_rows: usize,
    /// Blocks of pixels.
    blocks: usize,
}

/// The shapes for few filters and for many: with blocks of four rows and of two.
const SHEAVES: [[Sheaf; 2]; 2] = [
    [
        Sheaf { filters: 16, channels: 16, block_rows: 4, blocks: 2 },
        Sheaf { filters: 16, channels: 16, block_rows: 2, blocks: 4 },
    ],
    [
        Sheaf { filters: 32, channels: 16, block_rows: 4, blocks: 2 },
        Sheaf { filters: 32, channels: 16, block_rows: 2, blocks: 4 },
    ],
];
const _: () = {
    let mut index = 0;
    while index < 2 * SHEAVES.len() {
        let sheaf = SHEAVES[index / 2][index % 2];
        // All threads load as much, and any adapter of WebGPU runs it.
        assert!(sheaf.gradient_units().is_multiple_of(sheaf.threads()));
        assert!(sheaf.patch_units().is_multiple_of(sheaf.threads()));
        assert!(sheaf.threads() <= 256 && sheaf.shared_bytes() <= 16 << 10);
        index += 1;
    }
};

impl Sheaf {
    /// The shape for gradients of so many filters and channels from such maps, if this kernel is the one for
    /// them: where windows slide, and tiles and blocks leave little over.
    pub fn of(window: ConvolutionWindow, [filters, channels]: [usize; 2], maps: [usize; 3]) -> Option<Self> {
        let [few, many] = SHEAVES;
        let [tall, low] = if filters <= few[0].filters { few } else { many };
        let sheaf = if maps[1].is_multiple_of(tall.block_rows) { tall } else { low };
        let computed = sheaf.steps(maps) * sheaf.pixels();
        let is_ours = window.kernel == KERNEL
            && window.stride == 1
            && 2 * filters >= few[0].filters
            && 2 * channels >= sheaf.channels
            && 2 * computed <= 3 * maps.into_iter().product::<usize>();
        is_ours.then_some(sheaf)
    }

    /// Times that blocks of a batch of maps are loaded.
    pub fn steps(self, [batch, height, width]: [usize; 3]) -> usize {
        (batch * height.div_ceil(self.block_rows) * width.div_ceil(BLOCK_COLUMNS)).div_ceil(self.blocks)
    }

    /// Pixels of a step.
    pub const fn pixels(self) -> usize {
        self.blocks * self.block_rows * BLOCK_COLUMNS
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

    const fn patch_rows(self) -> usize {
        self.block_rows + KERNEL - 1
    }

    /// Vectors of filters of the gradient.
    const fn gradient_units(self) -> usize {
        self.pixels() * self.filters / THREAD_FILTERS
    }

    /// Vectors from one pixel of the gradient to the next: one more than there are, as in a tile.
    const fn gradient_stride(self) -> usize {
        self.filters / THREAD_FILTERS + 1
    }

    /// Rows of patches.
    const fn patch_units(self) -> usize {
        self.blocks * self.patch_rows() * self.channels
    }

    const fn shared_bytes(self) -> usize {
        (self.pixels() * self.gradient_stride() + 2 * self.patch_units()) * 4 * size_of::<f32>()
    }
}

/// The sums of each part of the blocks, `[parts, filters, weights + 1]`; `output` is read only with an activation.
#[cube(launch_unchecked)]
fn sliding_sums_kernel(
    input: &Tensor<f32>,
    gradient: &Tensor<f32>,
    output: &Tensor<f32>,
    sums: &mut Tensor<f32>,
    steps_of_a_part: usize,
    #[comptime] sheaf: Sheaf,
    #[comptime] slide: Slide,
    #[comptime] has_bias: bool,
    #[comptime] activation: Activation,
) {
    let (images, filters) = (gradient.shape(0), gradient.shape(1));
    let (height, width) = (gradient.shape(2), gradient.shape(3));
    let (channels, source_height, source_width) = (input.shape(1), input.shape(2), input.shape(3));
    let block_rows = (height + comptime!(sheaf.block_rows - 1)) / comptime!(sheaf.block_rows);
    let block_columns = (width + comptime!(BLOCK_COLUMNS - 1)) / BLOCK_COLUMNS;
    let all_blocks = images * block_rows * block_columns;
    let first_channel = CUBE_POS_X as usize * comptime!(sheaf.channels);
    let first_filter = CUBE_POS_Y as usize * comptime!(sheaf.filters);
    let part = CUBE_POS_Z as usize;
    let channel_thread = UNIT_POS as usize % comptime!(sheaf.channel_threads());
    let filter_thread = UNIT_POS as usize / comptime!(sheaf.channel_threads());

    let mut gradients = Shared::<[Four]>::new_slice(comptime!(sheaf.pixels() * sheaf.gradient_stride()));
    let mut patches = Shared::<[Four]>::new_slice(comptime!(2 * sheaf.patch_units()));
    let mut totals = Array::<Four>::new(comptime!(THREAD_CHANNELS * TAPS));
    #[unroll]
    for total in 0..comptime!(THREAD_CHANNELS * TAPS) {
        totals[total] = Four::new(0.0);
    }
    let mut of_bias = Four::new(0.0);

    let mut first_block = part * steps_of_a_part * comptime!(sheaf.blocks);
    let end = first_block + steps_of_a_part * comptime!(sheaf.blocks);
    let end = select(end < all_blocks, end, all_blocks);
    while first_block < end {
        #[unroll]
        for load in 0..comptime!(sheaf.gradient_units() / sheaf.threads()) {
            let unit = UNIT_POS as usize + comptime!(load * sheaf.threads());
            let pixel = unit % comptime!(sheaf.pixels());
            let group = unit / comptime!(sheaf.pixels());
            // Neighbouring blocks are beside each other, so pixels of a row of them are counted first.
            let column = pixel % BLOCK_COLUMNS;
            let block = pixel / BLOCK_COLUMNS % sheaf.blocks;
            let row = pixel / comptime!(BLOCK_COLUMNS * sheaf.blocks);
            let place = place_of(first_block + block, images, block_rows, block_columns);
            let image_row = place.row * sheaf.block_rows + row;
            let image_column = place.column * BLOCK_COLUMNS + column;
            let is_inside = first_block + block < all_blocks && image_row < height && image_column < width;
            let mut values = Four::new(0.0);
            #[unroll]
            for lane in 0..THREAD_FILTERS {
                let filter = first_filter + group * THREAD_FILTERS + lane;
                let filter = select(filter < filters, filter, filters - 1);
                let index = ((place.image * filters + filter) * height + image_row) * width + image_column;
                let value = through(gradient, output, select(is_inside, index, 0), activation);
                values.insert(lane, select(is_inside, value, 0.0));
            }
            let line = (block * sheaf.block_rows + row) * BLOCK_COLUMNS + column;
            gradients[line * comptime!(sheaf.gradient_stride()) + group] = values;
        }
        #[unroll]
        for load in 0..comptime!(sheaf.patch_units() / sheaf.threads()) {
            let unit = UNIT_POS as usize + comptime!(load * sheaf.threads());
            let block = unit % comptime!(sheaf.blocks);
            let row = unit / comptime!(sheaf.blocks) % comptime!(sheaf.patch_rows());
            let of_tile = unit / comptime!(sheaf.blocks * sheaf.patch_rows());
            let channel = first_channel + of_tile;
            let channel = select(channel < channels, channel, channels - 1);
            let place = place_of(first_block + block, images, block_rows, block_columns);
            let image_row = source_of(place.row * sheaf.block_rows + row, source_height, slide);
            let line = ((place.image * channels + channel) * source_height + image_row) * source_width;
            let mut low = Four::new(0.0);
            let mut high = Four::new(0.0);
            #[unroll]
            for column in 0..PATCH_COLUMNS {
                let image_column = source_of(place.column * BLOCK_COLUMNS + column, source_width, slide);
                let value = if comptime!(slide.reflects) {
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
            let place = (block * sheaf.patch_rows() + row) * comptime!(2 * sheaf.channels) + of_tile;
            patches[place] = low;
            patches[place + sheaf.channels] = high;
        }
        sync_cube();
        for block in 0..comptime!(sheaf.blocks) {
            let mut patch = Array::<Four>::new(comptime!(2 * THREAD_CHANNELS * sheaf.patch_rows()));
            #[unroll]
            for row in 0..comptime!(sheaf.patch_rows()) {
                #[unroll]
                for vector in 0..comptime!(2 * THREAD_CHANNELS) {
                    let line = (block * sheaf.patch_rows() + row) * comptime!(2 * sheaf.channels);
                    let of_line = comptime!(vector * sheaf.channel_threads()) + channel_thread;
                    patch[comptime!(row * 2 * THREAD_CHANNELS + vector)] = patches[line + of_line];
                }
                if comptime!(row >= KERNEL - 1) {
                    #[unroll]
                    for column in 0..BLOCK_COLUMNS {
                        let of_block = comptime!((row + 1 - KERNEL) * BLOCK_COLUMNS + column);
                        let pixel = block * comptime!(sheaf.block_rows * BLOCK_COLUMNS) + of_block;
                        let slopes = gradients[pixel * comptime!(sheaf.gradient_stride()) + filter_thread];
                        if comptime!(has_bias) {
                            of_bias += slopes;
                        }
                        #[unroll]
                        for total in 0..comptime!(THREAD_CHANNELS * TAPS) {
                            let (channel, tap) = comptime!((total / TAPS, total % TAPS));
                            let seen_row = comptime!(row + 1 - KERNEL + tap / KERNEL);
                            let seen_column = comptime!(column + tap % KERNEL);
                            // The vectors of a row: the first four columns of each channel, then the others.
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
        first_block += comptime!(sheaf.blocks);
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
                    first_channel + comptime!(total / TAPS * sheaf.channel_threads()) + channel_thread;
                if channel < channels {
                    sums[line + channel * TAPS + comptime!(total % TAPS)] = totals[total].extract(lane);
                }
            }
            if comptime!(has_bias) {
                if first_channel + channel_thread == 0 {
                    sums[line + weights] = of_bias.extract(lane);
                }
            }
        }
    }
}

/// Writes the sums of each part, of so many steps.
#[allow(unsafe_code)]
pub(in super::super) fn sliding_sums(
    [input, gradient, output, sums]: [&CubeTensor; 4],
    steps_of_a_part: usize,
    sheaf: Sheaf,
    window: ConvolutionWindow,
    has_bias: bool,
    activation: Activation,
) {
    let [parts, filters, _]: [usize; 3] = sums.shape().dims();
    let [_, channels, _, _]: [usize; 4] = input.shape().dims();
    let [across, down] = sheaf.workgroups(filters, channels);
    // SAFETY: every index is held inside its tensor by the kernel itself.
    unsafe {
        sliding_sums_kernel::launch_unchecked(
            &sums.client,
            CubeCount::new_3d(across as u32, down as u32, parts as u32),
            CubeDim::new_1d(sheaf.threads() as u32),
            argument(input),
            argument(gradient),
            argument(output),
            argument(sums),
            steps_of_a_part,
            sheaf,
            Slide::forward(window),
            has_bias,
            activation,
        );
    }
}
