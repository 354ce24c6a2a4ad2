//! Gradient rule of the fused loss.

use super::{FusedReprojection, FusedReprojectionGradient, ReprojectionInputs, ReprojectionOptions};
use crate::compute::ops::{autodiff::tracked, precomputed_gradient::PrecomputedGradient};
use burn::backend::{Autodiff, tensor::FloatTensor};
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

impl<B: FusedReprojectionGradient, C: CheckpointStrategy> FusedReprojection for Autodiff<B, C> {
    fn photometric(
        images: FloatTensor<Self>,
        target: FloatTensor<Self>,
        use_ssim: bool,
    ) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::photometric(images.into_primitive(), target.into_primitive(), use_ssim))
    }

    fn reprojection(
        inputs: ReprojectionInputs<Self>,
        options: ReprojectionOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (disparity, disparity_node) = inputs.disparity.into_parts();
        let (projections, projections_node) = inputs.projections.into_parts();
        let inputs = ReprojectionInputs::<B> {
            disparity,
            projections,
            sources: inputs.sources.into_primitive(),
            target: inputs.target.into_primitive(),
            identity: inputs.identity.into_primitive(),
        };
        let ((loss, trained_share, maps), gradients) = B::reprojection_with_gradients(inputs, options);
        let nodes = [disparity_node, projections_node];
        let loss = tracked::<B, C, _, 2>(PrecomputedGradient, nodes, gradients, loss);
        (loss, FloatTensor::<Self>::new(trained_share), FloatTensor::<Self>::new(maps))
    }
}
