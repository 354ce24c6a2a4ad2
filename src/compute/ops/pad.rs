//! Padding of image batches.

use burn::tensor::Tensor;

/// Pads `[batch, channels, height, width]` by `margin` on each side with its mirror image about the border pixel: with
/// a margin of one `b a b c … x y z y`. Height and width must be larger than the margin.
///
/// Made of slices and concatenations, because burn's own reflection copies the image and writes into it strip by strip.
pub fn reflection_pad(input: Tensor<4>, margin: usize) -> Tensor<4> {
    [2, 3].into_iter().fold(input, |input, side| {
        let length = input.dims()[side];
        let mirrored = |start| input.clone().narrow(side, start, margin).flip([side]);
        let (before, after) = (mirrored(1), mirrored(length - 1 - margin));
        Tensor::cat(vec![before, input, after], side)
    })
}
