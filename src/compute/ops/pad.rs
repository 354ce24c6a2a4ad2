//! Padding of image batches.

use burn::tensor::Tensor;

/// Adds one pixel on each side of `[batch, channels, height, width]`, mirrored about the border
/// pixel: `b a b c … x y z y`. Both sides must be two pixels at least.
///
/// Slices and concatenations, because burn's own reflection writes into a copy strip by strip.
pub fn reflection_pad(input: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    let rows = vec![input.clone().narrow(2, 1, 1), input.clone(), input.narrow(2, height - 2, 1)];
    let input = Tensor::cat(rows, 2);
    let columns = vec![input.clone().narrow(3, 1, 1), input.clone(), input.narrow(3, width - 2, 1)];
    Tensor::cat(columns, 3)
}
