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

/// [`resize_bilinear`] of one plane of numbers that is not on a device, row by row.
///
/// # Panics
/// If there are not as many values as the size says.
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
