//! Gradient rule of smoothness.

use super::{FusedSmoothness, FusedSmoothnessGradient};
use crate::compute::ops::{autodiff::tracked, precomputed_gradient::PrecomputedGradient};
use burn::backend::{Autodiff, tensor::FloatTensor};
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

impl<B: FusedSmoothnessGradient, C: CheckpointStrategy> FusedSmoothness for Autodiff<B, C> {
    fn smoothness(disparity: FloatTensor<Self>, image: FloatTensor<Self>) -> FloatTensor<Self> {
        let (disparity, node) = disparity.into_parts();
        let [loss, gradient] = B::smoothness_with_gradient(disparity, image.into_primitive());
        tracked::<B, C, _, 1>(PrecomputedGradient, [node], [gradient], loss)
    }
}
