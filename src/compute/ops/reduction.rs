//! Sums over the items of a batch on the GPU, without atomics and always in the same order. One workgroup sums each of
//! a few chunks of an item; threads that need the item's sum add these up.

#![allow(clippy::manual_div_ceil, reason = "kernels have no div_ceil")]

use super::cube::{argument, empty, workgroup_sum};
use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads per workgroup; a power of two.
pub(super) const THREADS: usize = 128;

/// Chunks of an item: enough that a single item keeps a GPU busy, and few enough to be added up by each thread that
/// needs the item's sum.
pub(super) const CHUNKS: usize = 16;

/// Range of indices of one chunk.
#[derive(CubeType)]
pub(super) struct Chunk {
    pub first: usize,
    pub end: usize,
}

/// Range of chunk number `chunk` among the chunks of `count` values.
#[cube]
pub(super) fn chunk_of(chunk: usize, count: usize) -> Chunk {
    let length = (count + CHUNKS - 1) / CHUNKS;
    let first = chunk * length;
    let end = first + length;
    Chunk { first, end: select(end < count, end, count) }
}

/// Sum of a row of `[rows, CHUNKS]`.
#[cube]
pub(super) fn sum_of_chunks(sums: &Tensor<f32>, row: usize) -> f32 {
    let mut sum = f32::new(0.0);
    for chunk in 0..CHUNKS {
        sum += sums[row * CHUNKS + chunk];
    }
    sum
}

#[cube(launch)]
fn chunk_sums_kernel(map: &Tensor<f32>, sums: &mut Tensor<f32>) {
    let pixels = map.shape(2) * map.shape(3);
    if CUBE_POS >= map.shape(0) * CHUNKS {
        terminate!();
    }
    let item = CUBE_POS / CHUNKS;
    let chunk = chunk_of(CUBE_POS % CHUNKS, pixels);
    let mut sum = f32::new(0.0);
    let mut pixel = chunk.first + UNIT_POS as usize;
    while pixel < chunk.end {
        sum += map[item * pixels + pixel];
        pixel += THREADS;
    }
    let sum = workgroup_sum::<f32>(sum, THREADS);
    if UNIT_POS == 0 {
        sums[CUBE_POS] = sum;
    }
}

/// Sums of the chunks of each item of a contiguous `[B, 1, H, W]`: `[B, 1, 1, CHUNKS]`.
pub(super) fn chunk_sums(map: &CubeTensor) -> CubeTensor {
    let [batch, _, _, _] = map.shape().dims();
    let sums = empty(map, [batch, 1, 1, CHUNKS]);
    let (cubes, threads) = workgroups(&sums, batch * CHUNKS);
    chunk_sums_kernel::launch(&sums.client, cubes, threads, argument(map), argument(&sums));
    sums
}

/// `count` workgroups of [`THREADS`]; see [`super::cube::workgroups`].
pub(super) fn workgroups(like: &CubeTensor, count: usize) -> (CubeCount, CubeDim) {
    super::cube::workgroups(&like.client, count, THREADS)
}
