//! Division of a batch among workgroups, and reduction of their threads' results.

#![allow(
    clippy::manual_div_ceil,
    clippy::needless_pass_by_value,
    reason = "kernels have the operators, not the method, and hand registers to each other"
)]

use cubecl::prelude::*;

/// Threads per workgroup; a power of two.
pub(super) const THREADS: usize = 256;

/// Most parts that a channel is divided into; a power of two, at most [`THREADS`].
pub(super) const MAX_PARTS: usize = 32;

/// Vectors that a part should have at least.
const PART_VECTORS: usize = 1024;

/// Number of parts of a channel of `vectors`. Rounding of sums depends on it, so it must depend on nothing else.
pub(super) fn parts_of(vectors: usize) -> usize {
    vectors.div_ceil(PART_VECTORS).clamp(1, MAX_PARTS)
}

/// Vectors of one channel that a workgroup reads, counted through all images of the batch. The workgroups of a launch
/// are `[channels, parts]`.
#[derive(CubeType)]
pub(super) struct ChannelSlice {
    channel: usize,
    /// Number of channels of the batch.
    channels: usize,
    /// Vectors of a plane.
    plane: usize,
    /// First vector that this thread reads.
    pub first: usize,
    /// End of the part.
    pub end: usize,
}

#[cube]
impl ChannelSlice {
    /// Index in the batch of a vector of the channel.
    pub fn index_of(&self, index: usize) -> usize {
        (index / self.plane * self.channels + self.channel) * self.plane + index % self.plane
    }
}

/// This workgroup's part of a batch `[batch, channels, height, width]`.
#[cube]
pub(super) fn own_part<N: Size>(input: &Tensor<Vector<f32, N>>) -> ChannelSlice {
    let plane = input.shape(2) * input.shape(3) / N::value();
    let vectors = input.shape(0) * plane;
    let parts = CUBE_COUNT_X as usize;
    let length = (vectors + parts - 1) / parts;
    let start = CUBE_POS_X as usize * length;
    let after = start + length;
    ChannelSlice {
        channel: CUBE_POS_Y as usize,
        channels: input.shape(1),
        plane,
        first: start + UNIT_POS as usize,
        end: select(after < vectors, after, vectors),
    }
}

/// Sum over a vector's lanes.
#[cube]
pub(super) fn lane_sum<N: Size>(values: Vector<f32, N>) -> f32 {
    let mut sum = f32::new(0.0);
    #[unroll]
    for lane in 0..N::value() {
        sum += values.extract(lane);
    }
    sum
}

/// Mean of `count` values, and the sum of their squared deviations from it.
#[derive(CubeType)]
pub(super) struct MeanAndSquares {
    pub count: f32,
    pub mean: f32,
    pub squares: f32,
}

/// Moments of the union of two sets of values (Chan, Golub and LeVeque 1979). Either may be empty.
#[cube]
fn merged(first: &MeanAndSquares, second: &MeanAndSquares) -> MeanAndSquares {
    let count = first.count + second.count;
    let share = select(count > 0.0, second.count / count, 0.0);
    let distance = second.mean - first.mean;
    MeanAndSquares {
        count,
        mean: first.mean + distance * share,
        squares: first.squares + second.squares + distance * distance * first.count * share,
    }
}

#[cube]
fn store(shared: &mut Shared<[f32]>, index: usize, moments: &MeanAndSquares) {
    shared[3 * index] = moments.count;
    shared[3 * index + 1] = moments.mean;
    shared[3 * index + 2] = moments.squares;
}

#[cube]
fn load(shared: &Shared<[f32]>, index: usize) -> MeanAndSquares {
    MeanAndSquares { count: shared[3 * index], mean: shared[3 * index + 1], squares: shared[3 * index + 2] }
}

/// Moments of the values of the first `threads` threads, a power of two; always merged in the same order.
#[cube]
pub(super) fn merge_threads(own: MeanAndSquares, #[comptime] threads: usize) -> MeanAndSquares {
    let thread = UNIT_POS as usize;
    let mut shared = Shared::<[f32]>::new_slice(comptime!(3 * threads));
    if thread < threads {
        store(&mut shared, thread, &own);
    }
    sync_cube();
    #[unroll]
    for level in 1..comptime!(threads.ilog2() as usize + 1) {
        let active = comptime!(threads >> level);
        if thread < active {
            let both = merged(&load(&shared, thread), &load(&shared, thread + active));
            store(&mut shared, thread, &both);
        }
        sync_cube();
    }
    load(&shared, 0)
}

/// Sums of two numbers over the first `threads` threads, a power of two; always added in the same order.
#[cube]
pub(super) fn sum_threads(first: f32, second: f32, #[comptime] threads: usize) -> (f32, f32) {
    let thread = UNIT_POS as usize;
    let mut shared = Shared::<[f32]>::new_slice(comptime!(2 * threads));
    if thread < threads {
        shared[2 * thread] = first;
        shared[2 * thread + 1] = second;
    }
    sync_cube();
    #[unroll]
    for level in 1..comptime!(threads.ilog2() as usize + 1) {
        let active = comptime!(threads >> level);
        if thread < active {
            let (other_first, other_second) =
                (shared[2 * (thread + active)], shared[2 * (thread + active) + 1]);
            shared[2 * thread] += other_first;
            shared[2 * thread + 1] += other_second;
        }
        sync_cube();
    }
    (shared[0], shared[1])
}
