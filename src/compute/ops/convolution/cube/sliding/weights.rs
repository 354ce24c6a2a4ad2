//! Loading the weights of some channels to shared memory in the layout of a sliding window: term by term, rows side by
//! side.

use super::{
    super::tile::Four,
    shape::{SlidingTile, TAPS},
};
use cubecl::prelude::*;

/// Writes the weights `[rows, channels, 3, 3]` of some channels to shared memory.
#[cube]
pub(super) fn load_weight<N: Size>(
    shared: &mut Shared<[Four]>,
    weight: &Tensor<Vector<f32, N>>,
    first_row: usize,
    first_channel: usize,
    #[comptime] tile: SlidingTile,
) {
    let vectors = weight.shape(1) * TAPS / tile.channels;
    let last_row = weight.shape(0) - 1;
    let units = comptime!(tile.rows / 4 * TAPS);
    #[unroll]
    for load in 0..comptime!(units.div_ceil(tile.threads())) {
        let unit = UNIT_POS as usize + comptime!(load * tile.threads());
        if comptime!(units.is_multiple_of(tile.threads())) || unit < units {
            let vector = unit % TAPS;
            let mut rows = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for lane in 0..4 {
                let row = first_row + unit / TAPS * 4 + lane;
                let row = select(row < last_row, row, last_row);
                rows.push(weight[row * vectors + first_channel / tile.channels * TAPS + vector]);
            }
            #[unroll]
            for term in 0..comptime!(tile.channels) {
                let mut values = Four::new(0.0);
                #[unroll]
                for lane in 0..4 {
                    values.insert(lane, rows.index(lane).extract(term));
                }
                shared[(vector * tile.channels + term) * comptime!(tile.weight_stride()) + unit / TAPS] =
                    values;
            }
        }
    }
}

/// Loads as `load_weight`, from weights `[channels, rows, 3, 3]`, with the taps in reverse order; zero beyond the last
/// channel.
#[cube]
pub(super) fn load_transposed_weight<N: Size>(
    shared: &mut Shared<[Four]>,
    weight: &Tensor<Vector<f32, N>>,
    first_row: usize,
    first_channel: usize,
    #[comptime] tile: SlidingTile,
) {
    let (channels, rows) = (weight.shape(0), weight.shape(1));
    let groups = comptime!(tile.rows / 4);
    let units = comptime!(groups * tile.channels);
    #[unroll]
    for load in 0..comptime!(units.div_ceil(tile.threads())) {
        let unit = UNIT_POS as usize + comptime!(load * tile.threads());
        if comptime!(units.is_multiple_of(tile.threads())) || unit < units {
            let row = first_row + unit % groups * 4;
            let channel = first_channel + unit / groups;
            let is_channel = channel < channels;
            let index = channel * rows + select(row < rows, row, rows - 4);
            let index = select(is_channel, index / 4 * TAPS, 0);
            let mut vectors = Sequence::<Vector<f32, N>>::new();
            #[unroll]
            for vector in 0..TAPS {
                vectors.push(weight[index + vector]);
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
                shared[term * comptime!(tile.weight_stride()) + unit % groups] = values;
            }
        }
    }
}
