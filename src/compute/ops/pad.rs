//! Padding of image batches.

use burn::tensor::Tensor;

/// Adds a margin on each side of `[batch, channels, height, width]`, mirrored about the border pixel:
/// with a margin of one `b a b c … x y z y`. Both sides must be longer than the margin.
///
/// Slices and concatenations, because burn's own reflection writes into a copy strip by strip.
pub fn reflection_pad(input: Tensor<4>, margin: usize) -> Tensor<4> {
    [2, 3].into_iter().fold(input, |input, side| {
        let length = input.dims()[side];
        let mirrored = |start| input.clone().narrow(side, start, margin).flip([side]);
        let (before, after) = (mirrored(1), mirrored(length - 1 - margin));
        Tensor::cat(vec![before, input, after], side)
    })
}
