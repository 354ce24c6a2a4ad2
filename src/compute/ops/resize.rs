//! Bilinear resizing that has a gradient on every backend.

use crate::config::ImageSize;
use burn::tensor::{Device, Tensor, TensorData};

/// Resizes `[B, C, h, w]` bilinearly, pixel areas aligned (what PyTorch calls `align_corners = false`):
/// output pixel i lies at (i + ½)·in/out − ½ of the input, held within it.
///
/// As burn's own bilinear interpolation has no gradient on the GPU, this multiplies by one constant
/// matrix from the left and one from the right: the transposed matrices are the gradient.
pub fn resize_bilinear(images: Tensor<4>, size: ImageSize) -> Tensor<4> {
    let [_, _, height, width] = images.dims();
    let device = images.device();
    let mut images = images;
    if height != size.height {
        images = interpolation(height, size.height, &device).unsqueeze::<4>().matmul(images);
    }
    if width != size.width {
        images = images.matmul(interpolation(width, size.width, &device).transpose().unsqueeze::<4>());
    }
    images
}

/// For each output position the input position left of it (or at it), the next one, and the weight
/// of the next one.
pub fn taps(input: usize, output: usize) -> impl Iterator<Item = (usize, usize, f32)> {
    let ratio = input as f32 / output as f32;
    (0..output).map(move |index| {
        let position = ((index as f32 + 0.5) * ratio - 0.5).max(0.0);
        let first = (position as usize).min(input - 1);
        (first, (first + 1).min(input - 1), position - first as f32)
    })
}

/// The `[output, input]` matrix whose rows hold the weights of [`taps`].
fn interpolation(input: usize, output: usize, device: &Device) -> Tensor<2> {
    let mut weights = vec![0.0; output * input];
    for (row, (first, second, weight)) in taps(input, output).enumerate() {
        weights[row * input + first] += 1.0 - weight;
        weights[row * input + second] += weight;
    }
    Tensor::from_data(TensorData::new(weights, [output, input]), device)
}
