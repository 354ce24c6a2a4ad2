//! Upsampling of a feature map by two and concatenation with another one, as in decoders with skip connections, in one
//! pass over memory each way: on the GPU one launch forward, and one for the gradient of either map.
//!
//! With burn's operations this takes a strided copy and a concatenation, each on a single thread on the CPU.

mod backend;
mod cube;

use backend::UpsampleOps;
use burn::{backend::Dispatch, tensor::Tensor};

/// Doubles height and width of `[batch, channels, height, width]` by repeating each pixel. Differentiable.
///
/// Exact at every size, forward and backward, because no coordinate is computed.
pub fn upsample_nearest(coarse: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::upsample(coarse.into_dispatch()))
}

/// Upsamples `coarse` [batch, channels, height, width] as [`upsample_nearest`] does, and appends the channels of
/// `fine`, which is twice as high and wide. Differentiable in both.
///
/// # Panics
/// If `fine` is of another size or batch.
pub fn upsample_and_join(coarse: Tensor<4>, fine: Tensor<4>) -> Tensor<4> {
    let [batch, _, height, width] = coarse.dims();
    let [fine_batch, _, fine_height, fine_width] = fine.dims();
    assert_eq!(
        [batch, 2 * height, 2 * width],
        [fine_batch, fine_height, fine_width],
        "a map joins one of half its size"
    );
    Tensor::from_dispatch(Dispatch::upsample_and_join(coarse.into_dispatch(), fine.into_dispatch()))
}

/// Reference implementation of [`upsample_nearest`], composed of burn's operations.
pub fn reference_upsample_nearest(coarse: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = coarse.dims();
    coarse
        .reshape([batch, channels, height, 1, width, 1])
        .expand([batch, channels, height, 2, width, 2])
        .reshape([batch, channels, 2 * height, 2 * width])
}

/// Reference implementation of [`upsample_and_join`], composed of burn's operations.
pub fn reference_upsample_and_join(coarse: Tensor<4>, fine: Tensor<4>) -> Tensor<4> {
    Tensor::cat(vec![reference_upsample_nearest(coarse), fine], 1)
}
