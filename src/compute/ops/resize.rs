//! Bilinear resizing with a gradient on every backend.

use crate::config::ImageSize;
use burn::tensor::{Device, Tensor, TensorData};

/// Resizes `[B, C, h, w]` bilinearly with aligned pixel areas (PyTorch's `align_corners = false`): output pixel i is
/// sampled at (i + ½)·in/out − ½ of the input, clamped to it.
///
/// burn's own bilinear interpolation has no gradient on the GPU. So this multiplies by a constant matrix from the left
/// and one from the right, and their transposes give the gradient.
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

/// [`resize_bilinear`] of one plane in host memory, in row-major order.
///
/// # Panics
/// If the number of values is not that of `from`.
pub fn resize_plane(values: &[f32], from: ImageSize, to: ImageSize) -> Vec<f32> {
    assert_eq!(values.len(), from.pixels(), "values of the plane");
    let columns: Vec<_> = taps(from.width, to.width).collect();
    let blend = |a: f32, b: f32, share: f32| a * (1.0 - share) + b * share;
    let row = |index: usize| &values[index * from.width..][..from.width];
    let rows = taps(from.height, to.height).flat_map(|(first, second, share)| {
        let blended: Vec<f32> =
            row(first).iter().zip(row(second)).map(|(above, below)| blend(*above, *below, share)).collect();
        let of_row =
            columns.iter().map(|(left, right, share)| blend(blended[*left], blended[*right], *share));
        of_row.collect::<Vec<f32>>()
    });
    rows.collect()
}

/// Taps of bilinear resizing along one axis, by output pixel: the input pixel before (or at) its position, the next
/// one, and the weight of the next one.
pub fn taps(input: usize, output: usize) -> impl Iterator<Item = (usize, usize, f32)> {
    let ratio = input as f32 / output as f32;
    (0..output).map(move |index| {
        let position = ((index as f32 + 0.5) * ratio - 0.5).max(0.0);
        let first = (position as usize).min(input - 1);
        (first, (first + 1).min(input - 1), position - first as f32)
    })
}

/// Matrix `[output, input]` whose rows hold the weights of [`taps`].
fn interpolation(input: usize, output: usize, device: &Device) -> Tensor<2> {
    let mut weights = vec![0.0; output * input];
    for (row, (first, second, weight)) in taps(input, output).enumerate() {
        weights[row * input + first] += 1.0 - weight;
        weights[row * input + second] += weight;
    }
    Tensor::from_data(TensorData::new(weights, [output, input]), device)
}
