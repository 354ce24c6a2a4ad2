//! Making, handing over and summing tensors of the GPU backend, for the kernels of ours.

use burn::{
    backend::{Cube, TensorMetadata},
    tensor::DType,
};
use burn_cubecl::{kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

/// Threads of a workgroup; a power of two.
const THREADS: usize = 128;

/// The sum of what each of the `threads` of a workgroup gives, a power of two; the same for all of them, always
/// added in the same order. All threads must come here.
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

/// The sum of each row of `count` numbers times `factor`, `[rows]`; the tensor is contiguous. One
/// workgroup a row, always in the same order.
pub(super) fn row_sums(tensor: CubeTensor, count: usize, factor: f32) -> CubeTensor {
    let rows = tensor.shape().num_elements() / count;
    let sums = empty_of(&tensor, [rows], tensor.dtype);
    let cube_dim = CubeDim::new_1d(THREADS as u32);
    let rows_of = CubeTensor::new_contiguous(
        tensor.client.clone(),
        tensor.device.clone(),
        [rows, count].into(),
        tensor.handle,
        tensor.dtype,
    );
    row_sums_kernel::launch(
        &sums.client,
        calculate_cube_count_elemwise(&sums.client, rows * THREADS, cube_dim),
        cube_dim,
        rows_of.into_tensor_arg(),
        sums.clone().into_tensor_arg(),
        factor,
    );
    sums
}

/// A contiguous tensor of this shape, not yet filled, where the other is.
pub(super) fn empty(like: &CubeTensor, shape: [usize; 4]) -> CubeTensor {
    empty_of(like, shape, like.dtype)
}

/// The same of any rank and type.
pub(super) fn empty_of<const D: usize>(like: &CubeTensor, shape: [usize; D], dtype: DType) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), dtype)
}

/// A contiguous tensor of as many values as another shape.
pub(super) fn reshaped<const D: usize>(tensor: &CubeTensor, shape: [usize; D]) -> CubeTensor {
    let CubeTensor { client, device, handle, dtype, .. } = tensor.clone();
    CubeTensor::new_contiguous(client, device, shape.into(), handle, dtype)
}

/// Values that a thread loads at once of contiguous data in pieces of `length`: as many as a piece is a
/// multiple of, whatever the adapter.
pub(super) fn vector_size(length: usize) -> usize {
    [4, 2].into_iter().find(|size| length.is_multiple_of(*size)).unwrap_or(1)
}

/// A tensor of one number, `[1]`, not yet filled, where the other is.
pub(super) fn number(like: &CubeTensor) -> CubeTensor {
    empty_of(like, [1], like.dtype)
}

/// A contiguous tensor as a kernel takes it.
pub(super) fn argument(tensor: &CubeTensor) -> TensorArg {
    tensor.clone().into_tensor_arg()
}

/// Workgroups, and threads of each, so that there is a thread for each of `count`.
pub(super) fn one_thread_each(tensor: &CubeTensor, count: usize) -> (CubeCount, CubeDim) {
    let threads = CubeDim::new(&tensor.client, count);
    (calculate_cube_count_elemwise(&tensor.client, count, threads), threads)
}

/// A flattened tensor as the backend has it, contiguous.
///
/// # Panics
/// If it is on another backend.
pub(super) fn flat(tensor: burn::tensor::Tensor<1>) -> CubeTensor {
    into_contiguous(tensor.try_into_primitive::<Cube>().expect("the tensor is on the GPU backend"))
}

/// So many numbers, not yet filled, where the other tensor is.
pub(super) fn like(tensor: &CubeTensor, count: usize) -> CubeTensor {
    let (client, device) = (tensor.client.clone(), tensor.device.clone());
    empty_device_contiguous_dtype(client, device, [count].into(), tensor.dtype)
}
