//! Smoothness under differentiation.

use super::{FusedSmoothness, FusedSmoothnessGradient};
use crate::compute::ops::precomputed_gradient::PrecomputedGradient;
use burn::backend::{Autodiff, tensor::FloatTensor};
use burn_autodiff::{
    checkpoint::strategy::CheckpointStrategy,
    ops::{Backward, OpsKind},
};

impl<B: FusedSmoothnessGradient, C: CheckpointStrategy> FusedSmoothness for Autodiff<B, C> {
    fn smoothness(disparity: FloatTensor<Self>, image: FloatTensor<Self>) -> FloatTensor<Self> {
        let (disparity, node) = disparity.into_parts();
        let [loss, gradient] = B::smoothness_with_gradient(disparity, image.into_primitive());
        match Backward::<B, 1>::prepare::<C>(PrecomputedGradient, [node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish([gradient], loss),
            OpsKind::UnTracked(prepared) => prepared.finish(loss),
        }
    }
}
