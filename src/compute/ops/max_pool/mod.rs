//! The maximum over windows of 3×3 pixels, two pixels apart, as residual networks take it after their first
//! convolution.
//!
//! On the GPU burn pools images with their channels last and copies to that layout and back; here each way
//! is one launch.

mod autodiff;
mod cube;

use burn::{
    backend::{
        Backend, Dispatch, backend_extension,
        tensor::{FloatTensor, IntTensor},
    },
    tensor::{Device, Tensor, module::max_pool2d, ops::MaxPoolOptions},
};

/// The pooling on the backends that have their own.
#[backend_extension(Cube, Autodiff)]
pub trait MaxPoolOps: Backend {
    /// See [`max_pool`].
    fn max_pool(input: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// What a backend must compute for [`MaxPoolOps`] to have a gradient on it.
pub trait MaxPoolGradient: Backend + MaxPoolOps {
    /// The result, and which pixel of its window each value comes from, 0 to 8.
    fn max_pool_with_origins(input: FloatTensor<Self>) -> (FloatTensor<Self>, IntTensor<Self>);

    /// The gradient of the input, `height` × `width` pixels, from that of the output.
    fn max_pool_gradient(
        origins: IntTensor<Self>,
        gradient: FloatTensor<Self>,
        size: [usize; 2],
    ) -> FloatTensor<Self>;
}

/// The maximum over windows of 3×3 pixels around every second pixel of every second row of `[batch,
/// channels, height, width]`; height and width are halved, rounded up. Of equal values the first has the
/// gradient.
pub fn max_pool(input: Tensor<4>) -> Tensor<4> {
    if input.device().without_autodiff() == Device::flex() {
        return composed_max_pool(input);
    }
    Tensor::from_dispatch(Dispatch::max_pool(input.into_dispatch()))
}

/// [`max_pool`] by burn's operation.
pub fn composed_max_pool(input: Tensor<4>) -> Tensor<4> {
    max_pool2d(input, MaxPoolOptions::new([3, 3]).with_stride([2, 2]).with_padding([1, 1]))
}
