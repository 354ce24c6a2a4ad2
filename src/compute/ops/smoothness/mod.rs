//! Edge-aware smoothness of a disparity as a single operation. The loss is a single number, so its gradient is computed
//! in the forward pass.
//!
//! The loss is Σ |nᵢ − nⱼ|·wᵢⱼ over neighbours i, j along x and along y, where n = d / (mean(d) + ε) is the normalised
//! disparity and wᵢⱼ is exp(−|difference of their colours|) divided by the number of such pairs. With gᵢ the derivative
//! with respect to nᵢ, the derivative with respect to dᵢ is (gᵢ − mean(g·n)) / (mean(d) + ε). As the loss is linear in
//! n, Σ g·n over an item is that item's loss.

mod autodiff;
mod cube;
mod flex;

use burn::{
    backend::{Backend, Dispatch, backend_extension, tensor::FloatTensor},
    tensor::Tensor,
};

/// Smoothness loss, as an operation of the backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait FusedSmoothness: Backend {
    /// See [`smoothness`]; gives `[1]`.
    fn smoothness(disparity: FloatTensor<Self>, image: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Forward pass with gradient that a backend computes for [`FusedSmoothness`].
pub trait FusedSmoothnessGradient: Backend + FusedSmoothness {
    /// Loss `[1]`, then its gradient with respect to the disparity, in the disparity's shape.
    fn smoothness_with_gradient(
        disparity: FloatTensor<Self>,
        image: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];
}

/// Edge-aware smoothness `[1]` of disparity `[B, 1, h, w]` given its image `[B, 3, h, w]`, a constant: the mean of
/// |∂d|·exp(−|∂image|) along x plus that along y, with each item's disparity divided by its mean.
pub fn smoothness(disparity: Tensor<4>, image: Tensor<4>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as FusedSmoothness>::smoothness(
        disparity.into_dispatch(),
        image.into_dispatch(),
    ))
}
