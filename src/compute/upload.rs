//! Upload of values to a device, with a count of their bytes.

use burn::tensor::{Device, Tensor, TensorData, kind::Basic};
use std::cell::Cell;

thread_local! {
    /// Bytes that this thread has uploaded.
    static UPLOADED: Cell<u64> = const { Cell::new(0) };
}

/// Uploads values in their own data type, and counts their bytes.
pub fn upload<const D: usize, K: Basic>(values: TensorData, device: &Device) -> Tensor<D, K> {
    UPLOADED.set(UPLOADED.get() + values.as_bytes().len() as u64);
    let data_type = values.dtype();
    Tensor::from_data(values, (device, data_type))
}

/// Runs `work` and counts the bytes that it uploads from this thread. Uploads of other threads, such as those of
/// other sessions, do not count.
pub fn count_uploads<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = UPLOADED.get();
    let result = work();
    (result, UPLOADED.get() - before)
}

/// Tells if tensors of this device are on the GPU backend.
pub fn is_gpu(device: &Device) -> bool {
    device.clone().without_autodiff() != Device::flex()
}
