//! The weights of some channels, written to shared memory as a sliding window takes them: term by term, rows side
//! by side.

use super::{
    super::tile::Four,
    shape::{Sweep, TAPS},
};
use cubecl::prelude::*;

/// Writes the weights `[rows, channels, 3, 3]` of some channels to shared memory.
#[cube]
pub(super) fn load_weight<N: Size>(
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
pub(super) fn load_transposed_weight<N: Size>(
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
