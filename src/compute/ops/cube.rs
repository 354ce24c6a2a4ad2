//! Helpers for kernels of the GPU backend: tensors to write to, arguments, numbers of workgroups, and sums.

use burn::{
    backend::{Cube, TensorMetadata},
    tensor::DType,
};
use burn_cubecl::{kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

/// Threads of a workgroup; a power of two.
const THREADS: usize = 128;

/// Sum of one value from each of the `threads` of a workgroup, a power of two. All threads get the sum; it is always
/// added up in the same order. All threads must call this.
#[cube]
pub(super) fn workgroup_sum<N: Numeric>(value: N, #[comptime] threads: usize) -> N {
    let thread = UNIT_POS as usize;
    let mut partial = Shared::<[N]>::new_slice(threads);
    partial[thread] = value;
    sync_cube();
    let mut active = CUBE_DIM / 2;
    while active > 0 {
        if UNIT_POS < active {
            let other = partial[thread + active as usize];
            partial[thread] += other;
        }
        sync_cube();
        active /= 2;
    }
    let sum = partial[0];
    sync_cube();
    sum
}

#[cube(launch)]
fn row_sums_kernel(rows: &Tensor<f32>, sums: &mut Tensor<f32>, factor: f32) {
    let length = rows.shape(1);
    if CUBE_POS >= rows.shape(0) {
        terminate!();
    }
    let thread = UNIT_POS as usize;
    let mut sum = f32::new(0.0);
    let mut index = thread;
    while index < length {
        sum += rows[CUBE_POS * length + index];
        index += THREADS;
    }
    let sum = workgroup_sum::<f32>(sum, THREADS);
    if UNIT_POS == 0 {
        sums[CUBE_POS] = sum * factor;
    }
}

/// Sums of the rows of a contiguous tensor, each of `count` values, times `factor`: `[rows]`. One workgroup per row;
/// values are always added in the same order.
pub(super) fn row_sums(tensor: &CubeTensor, count: usize, factor: f32) -> CubeTensor {
    let rows = tensor.shape().num_elements() / count;
    let sums = empty_of(tensor, [rows], tensor.dtype);
    let (cubes, threads) = workgroups(&sums.client, rows, THREADS);
    let rows = argument(&reshaped(tensor, [rows, count]));
    row_sums_kernel::launch(&sums.client, cubes, threads, rows, argument(&sums), factor);
    sums
}

/// An uninitialised contiguous tensor of this shape, on the device and with the type of `like`.
pub(super) fn empty(like: &CubeTensor, shape: [usize; 4]) -> CubeTensor {
    empty_of(like, shape, like.dtype)
}

/// An uninitialised contiguous tensor of this shape and type, on the device of `like`.
pub(super) fn empty_of<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), dtype)
}

/// View of a contiguous tensor in another shape with as many values.
pub(super) fn reshaped<const D: usize>(tensor: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let CubeTensor { client, device, handle, dtype, .. } = tensor.clone();
    CubeTensor::new_contiguous(client, device, shape.into(), handle, dtype)
}

/// Values of contiguous data that a thread loads at once: 4, 2 or 1, so that rows of `length` are a whole number of
/// vectors. It does not depend on the adapter.
pub(super) fn vector_size(length: usize) -> usize {
    [4, 2].into_iter().find(|size| length.is_multiple_of(*size)).unwrap_or(1)
}

/// An uninitialised vector of `count` values, on the device and with the type of `like`.
pub(super) fn empty_vector(like: &CubeTensor, count: usize) -> CubeTensor {
    empty_of(like, [count], like.dtype)
}

/// Argument of a kernel that is a contiguous tensor.
pub(super) fn argument(tensor: &CubeTensor) -> TensorArg {
    tensor.clone().into_tensor_arg()
}

/// Workgroups, and threads of each, so that there is at least one thread for each of `count` values.
pub(super) fn one_thread_each(tensor: &CubeTensor, count: usize) -> (CubeCount, CubeDim) {
    let threads = CubeDim::new(&tensor.client, count);
    (calculate_cube_count_elemwise(&tensor.client, count, threads), threads)
}

/// `count` workgroups of `threads` each. There may be more of them, so a kernel must check its position.
pub(super) fn workgroups(client: &Client, count: usize, threads: usize) -> (CubeCount, CubeDim) {
    let cube_dim = CubeDim::new_1d(threads as u32);
    (calculate_cube_count_elemwise(client, count * threads, cube_dim), cube_dim)
}

/// The GPU backend's own tensor, contiguous.
///
/// # Panics
/// If the tensor is on another backend.
pub(super) fn primitive<const D: usize>(tensor: burn::tensor::Tensor<D>) -> CubeTensor {
    into_contiguous(tensor.try_into_primitive::<Cube>().expect("the tensor is on the GPU backend"))
}
