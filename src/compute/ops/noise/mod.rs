//! Tie-break noise: small random numbers as a function of a 64-bit stream and an index. The host and a kernel
//! compute the same numbers, so the GPU backend neither uploads nor stores them: the fused loss
//! (`reprojection/cube/compare.rs`) calls `noise_at` for each pixel. Streams come from
//! [`crate::objective::Noise`].

pub(super) mod cube;
mod distribution;

pub use distribution::splitmix64;

use crate::compute::{is_gpu, upload};
use burn::tensor::{Device, Tensor, TensorData};
use distribution::{STANDARD_DEVIATION, irwin_hall};
use rayon::prelude::*;

/// Noise of a stream, as a map of this shape on this device. Value number `index` in row-major order is a nearly
/// normal number of standard deviation 1e-5, drawn from splitmix64(stream + index).
pub fn tie_break_noise(stream: u64, shape: [usize; 4], device: &Device) -> Tensor<4> {
    if !is_gpu(device) {
        let count = shape.iter().product::<usize>();
        let draw =
            |index: usize| STANDARD_DEVIATION * irwin_hall(splitmix64(stream.wrapping_add(index as u64)));
        let values: Vec<f32> = (0..count).into_par_iter().with_min_len(1 << 14).map(draw).collect();
        return upload(TensorData::new(values, shape), device);
    }
    cube::tie_break_noise(stream, shape, &device.clone().without_autodiff())
}
