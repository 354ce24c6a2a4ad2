//! One launch over many tensors of the GPU backend: a network has about a hundred weights, most of them so small that a
//! launch of their own would cost more than the work.
//!
//! As many tensors are bound side by side as the adapter can bind, and each workgroup serves a chunk of one of them.

use burn::backend::TensorMetadata;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// Threads per workgroup; a power of two.
pub(super) const THREADS: usize = 256;
/// Values that a workgroup serves.
pub(super) const CHUNK: usize = 4096;
/// Most tensors of one launch: more would only make its pipeline longer.
const MAX_TENSORS: usize = 32;
/// Most values of a tensor that are bound at once, 64 MiB: every adapter binds at least 128 MiB.
const MAX_VALUES: usize = 1 << 24;

/// Limits of one launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLimits {
    /// Most buffers that a kernel binds.
    pub bindings: usize,
    /// Most values of one tensor that are bound at once; a multiple of 64, so that the next piece is aligned.
    pub values: usize,
}

impl GroupLimits {
    /// Limits of an adapter. One binding is left for shapes and scalars.
    fn of(client: &Client) -> Self {
        let bindings = client.properties().hardware.max_bindings as usize;
        Self { bindings: bindings.saturating_sub(1), values: MAX_VALUES }
    }

    /// Tensors of a launch that binds `arrays` buffers for each, and `others` in addition.
    fn tensors(self, arrays: usize, others: usize) -> usize {
        (self.bindings.saturating_sub(others) / arrays).clamp(1, MAX_TENSORS)
    }
}

/// One launch: `N` arrays for each of `count` tensors.
pub(super) struct GroupedLaunch<const N: usize> {
    pub arrays: [SequenceArg<Box<[f32]>>; N],
    /// For each tensor, the first workgroup after those that serve it.
    pub ends: SequenceArg<usize>,
    /// Values of each tensor.
    pub lengths: SequenceArg<usize>,
    pub count: usize,
    /// Workgroups with work to do.
    pub workgroups: usize,
}

/// Values of a tensor that one thread serves: every [`THREADS`]th from `first` on, up to `end`.
#[derive(CubeType)]
pub(super) struct Span {
    pub first: usize,
    pub end: usize,
}

/// Values that this thread serves of a tensor that workgroups `begin` to `end` serve together; none in any other
/// workgroup. (An empty loop costs nothing, even with drivers that execute branches that are not taken.)
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

    /// Workgroups of the launch, and the threads of each.
    pub(super) fn cubes(&self, client: &Client) -> (CubeCount, CubeDim) {
        cubes(client, self.workgroups)
    }
}

/// At least `workgroups` workgroups of [`THREADS`] each.
pub(super) fn cubes(client: &Client, workgroups: usize) -> (CubeCount, CubeDim) {
    super::cube::workgroups(client, workgroups, THREADS)
}

/// Distributes rows of `N` contiguous tensors of equal length over as few launches as the limits allow. Each
/// launch binds `others` buffers in addition.
pub(super) fn groups<const N: usize>(
    rows: &[[CubeTensor; N]],
    others: usize,
    limits: Option<GroupLimits>,
) -> Vec<GroupedLaunch<N>> {
    let Some(first) = rows.first() else { return Vec::new() };
    let limits = limits.unwrap_or_else(|| GroupLimits::of(&first[0].client));
    let pieces: Vec<[CubeTensor; N]> = rows.iter().flat_map(|row| pieces(row, limits.values)).collect();
    pieces.chunks(limits.tensors(N, others)).map(GroupedLaunch::new).collect()
}

/// Cuts the tensors of a row where one binding would become too large.
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
