//! The fused loss under differentiation.

use super::{FusedReprojection, FusedReprojectionGradient, ReprojectionOptions};
use crate::compute::ops::precomputed_gradient::PrecomputedGradient;
use burn::backend::{Autodiff, tensor::FloatTensor};
use burn_autodiff::{
    checkpoint::strategy::CheckpointStrategy,
    ops::{Backward, OpsKind},
};

impl<B: FusedReprojectionGradient, C: CheckpointStrategy> FusedReprojection for Autodiff<B, C> {
    fn photometric(
        images: FloatTensor<Self>,
        target: FloatTensor<Self>,
        use_ssim: bool,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::photometric(images.into_primitive(), target.into_primitive(), use_ssim))
    }

    fn reprojection(
        disparity: FloatTensor<Self>,
        projections: FloatTensor<Self>,
        sources: FloatTensor<Self>,
        target: FloatTensor<Self>,
        identity: FloatTensor<Self>,
        options: ReprojectionOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (disparity, disparity_node) = disparity.into_parts();
        let (projections, projections_node) = projections.into_parts();
        let ((loss, trained_share, maps), gradients) = B::reprojection_with_gradients(
            disparity,
            projections,
            sources.into_primitive(),
            target.into_primitive(),
            identity.into_primitive(),
            options,
        );
        let nodes = [disparity_node, projections_node];
        let loss = match Backward::<B, 2>::prepare::<C>(PrecomputedGradient, nodes).compute_bound().stateful()
        {
            OpsKind::Tracked(prepared) => prepared.finish(gradients, loss),
            OpsKind::UnTracked(prepared) => prepared.finish(loss),
        };
        (loss, FloatTensor::<Self>::new(trained_share), FloatTensor::<Self>::new(maps))
    }
}
