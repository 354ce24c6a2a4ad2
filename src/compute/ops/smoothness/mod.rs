//! Edge-aware smoothness of a disparity as a single operation, with its gradient taken on the way
//! forward, for it is one number.
//!
//! The loss is Σ |nᵢ − nⱼ|·wᵢⱼ over neighbours i, j along x and along y, where n = d / (mean(d) + ε)
//! and wᵢⱼ is exp(−|difference of their colours|) by the number of such pairs. With gᵢ the slope with
//! respect to nᵢ, the one with respect to dᵢ is (gᵢ − mean(g·n)) / (mean(d) + ε); as the loss doubles
//! with n, Σ g·n over an item is that item's loss.

mod autodiff;
mod cube;
mod flex;

use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};

/// The operation as it is dispatched to a backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait FusedSmoothness: Backend {
    /// See [`smoothness`]; `[1]`.
    fn smoothness(disparity: FloatTensor<Self>, image: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// [`FusedSmoothness`] with its gradient.
pub trait FusedSmoothnessGradient: Backend + FusedSmoothness {
    /// The loss, then its gradient with respect to the disparity, in its shape.
    fn smoothness_with_gradient(
        disparity: FloatTensor<Self>,
        image: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];
}

/// Edge-aware smoothness of disparity `[B, 1, h, w]` under its image `[B, 3, h, w]`, a constant: the
/// mean of |∂d|·exp(−|∂image|) along x plus that along y, with the disparity divided by its mean.
pub fn smoothness(disparity: Tensor<4>, image: Tensor<4>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as FusedSmoothness>::smoothness(
        disparity.into_dispatch(),
        image.into_dispatch(),
    ))
}
