//! Max pooling over windows of 3×3 pixels with stride 2, as after the first convolution of residual networks.
//!
//! On the GPU burn copies the images to a layout with channels last, pools them, and copies them back. Here each
//! direction is one launch.

mod autodiff;
mod cube;

use burn::{
    backend::{
        Backend, Dispatch, backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Device, Tensor, module::max_pool2d, ops::MaxPoolOptions},
};

/// Max pooling, as an operation of a backend that has kernels for it.
#[backend_extension(Cube, Autodiff)]
pub trait MaxPoolOps: Backend {
    /// See [`max_pool`].
    fn max_pool(input: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Forward and backward pass that a backend computes for [`MaxPoolOps`] to have a gradient on it.
pub trait MaxPoolGradient: Backend + MaxPoolOps {
    /// Maxima, and the index of each one's pixel in its window, 0 to 8.
    fn max_pool_with_origins(input: FloatTensor<Self>) -> (FloatTensor<Self>, IntTensor<Self>);

    /// Gradient of the input, whose height and width are `size`, from that of the output.
    fn max_pool_gradient(
        origins: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        size: [usize; 2],
    ) -> FloatTensor<Self>;
}

/// Maxima over windows of 3×3 pixels around every second pixel of every second row of
/// `[batch, channels, height, width]`; height and width are halved, rounding up. Of equal values the first gets the
/// gradient.
pub fn max_pool(input: Tensor<4>) -> Tensor<4> {
    if input.device().without_autodiff() == Device::flex() {
        return reference_max_pool(input);
    }
    Tensor::from_dispatch(Dispatch::max_pool(input.into_dispatch()))
}

/// Reference implementation of [`max_pool`], by burn's operation.
pub fn reference_max_pool(input: Tensor<4>) -> Tensor<4> {
    max_pool2d(input, MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]))
}
