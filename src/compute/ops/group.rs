//! One kernel over many tensors of the GPU backend: a network has a hundred weights, and most are so small
//! that a launch costs more than the work.
//!
//! Tensors are bound side by side, as many as the adapter binds at once, and each workgroup serves a chunk
//! of one of them.

use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::{calculate_cube_count_elemwise, prelude::*};

/// Threads of a workgroup; a power of two.
pub(super) const THREADS: usize = 256;
/// Values that a workgroup serves.
pub(super) const CHUNK: usize = 4096;
/// More tensors in one launch would only make its pipeline longer.
const MOST_TENSORS: usize = 32;
/// Values of a tensor that are bound at once, 64 MiB: the least that any adapter binds is 128 MiB.
const MOST_VALUES: usize = 1 << 24;

/// Limits of one launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLimits {
    /// Buffers that a kernel binds.
    pub bindings: usize,
    /// Values of one tensor that are bound at once; a multiple of 64, so that what follows is aligned.
    pub values: usize,
}

impl GroupLimits {
    /// Those of an adapter. One binding is left for shapes and scalars.
    fn of(client: &Client) -> Self {
        let bindings = client.properties().hardware.max_bindings as usize;
        Self { bindings: bindings.saturating_sub(1), values: MOST_VALUES }
    }

    /// Tensors of a launch that binds so many arrays for each, and some besides.
    fn tensors(self, arrays: usize, besides: usize) -> usize {
        (self.bindings.saturating_sub(besides) / arrays).clamp(1, MOST_TENSORS)
    }
}

/// One launch: `N` arrays for each of `count` tensors.
pub(super) struct GroupedLaunch<const N: usize> {
    pub arrays: [SequenceArg<Box<[f32]>>; N],
    /// The first workgroup that no longer serves a tensor, by tensor.
    pub ends: SequenceArg<usize>,
    /// Values of each tensor.
    pub lengths: SequenceArg<usize>,
    pub count: usize,
    /// Workgroups that have work.
    pub workgroups: usize,
}

/// The values of a tensor that a thread serves: every [`THREADS`]th from the first on, before the end.
#[derive(CubeType)]
pub(super) struct Span {
    pub first: usize,
    pub end: usize,
}

/// The values that this thread serves of a tensor whose workgroups are those from `begin` to `end`; none in any
/// other workgroup. (A loop that is not entered costs nothing, also where drivers run branches not taken.)
#[cube]
pub(super) fn span(begin: usize, end: usize, length: usize) -> Span {
    let is_served = CUBE_POS >= begin && CUBE_POS < end;
    let first = (CUBE_POS - begin) * CHUNK;
    let last = select(first + CHUNK < length, first + CHUNK, length);
    Span { first: first + UNIT_POS as usize, end: select(is_served, last, 0) }
}

impl<const N: usize> GroupedLaunch<N> {
    fn new(rows: &[[CubeTensor; N]]) -> Self {
        let (mut ends, mut lengths) = (SequenceArg::new(), SequenceArg::new());
        let mut workgroups = 0;
        for row in rows {
            let length = row[0].shape().num_elements();
            workgroups += length.div_ceil(CHUNK);
            ends.push(workgroups);
            lengths.push(length);
        }
        let arrays = std::array::from_fn(|kind| {
            let mut arrays = SequenceArg::new();
            rows.iter().for_each(|row| arrays.push(row[kind].clone().into_buffer_arg()));
            arrays
        });
        Self { arrays, ends, lengths, count: rows.len(), workgroups }
    }

    /// Workgroups and their threads.
    pub(super) fn cubes(&self, client: &Client) -> (CubeCount, CubeDim) {
        cubes(client, self.workgroups)
    }
}

/// Workgroups of [`THREADS`] each, at least as many as asked for.
pub(super) fn cubes(client: &Client, workgroups: usize) -> (CubeCount, CubeDim) {
    let threads = CubeDim::new_1d(THREADS as u32);
    (calculate_cube_count_elemwise(client, workgroups * THREADS, threads), threads)
}

/// Puts rows of `N` contiguous tensors of one length into as few launches as the limits allow; each launch
/// binds `besides` other tensors.
pub(super) fn groups<const N: usize>(
    rows: &[[CubeTensor; N]],
    besides: usize,
    limits: Option<GroupLimits>,
) -> Vec<GroupedLaunch<N>> {
    let Some(first) = rows.first() else { return Vec::new() };
    let limits = limits.unwrap_or_else(|| GroupLimits::of(&first[0].client));
    let pieces: Vec<[CubeTensor; N]> = rows.iter().flat_map(|row| pieces(row, limits.values)).collect();
    pieces.chunks(limits.tensors(N, besides)).map(GroupedLaunch::new).collect()
}

/// Tensors cut where one binding would become too large.
fn pieces<const N: usize>(row: &[CubeTensor; N], longest: usize) -> Vec<[CubeTensor; N]> {
    let length = row[0].shape().num_elements();
    let cut = |begin: usize| {
        let end = length.min(begin + longest);
        std::array::from_fn(|kind| piece(&row[kind], begin, end))
    };
    (0..length).step_by(longest).map(cut).collect()
}

fn piece(tensor: &CubeTensor, begin: usize, end: usize) -> CubeTensor {
    let length = tensor.shape().num_elements();
    let bytes = |values: usize| (values * size_of::<f32>()) as u64;
    let mut handle = tensor.handle.clone();
    if begin > 0 {
        handle = handle.offset_start(bytes(begin));
    }
    if end < length {
        handle = handle.offset_end(bytes(length - end));
    }
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    CubeTensor::new_contiguous(client, device, [end - begin].into(), handle, tensor.dtype)
}
