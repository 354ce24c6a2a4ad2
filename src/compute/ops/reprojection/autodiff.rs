//! The gradient rule of the fused loss: the gradients taken on the way forward, times what comes in.

use super::{FusedReprojection, FusedReprojectionGradient, ReprojectionOptions};
use burn::backend::{Autodiff, TensorMetadata, tensor::FloatTensor};
use burn_autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};

#[derive(Debug)]
struct Reprojection;

impl<B: FusedReprojectionGradient> Backward<B, 2> for Reprojection {
    /// Gradients of the loss with respect to disparity and projections.
    type State = [FloatTensor<B>; 2];

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let upstream = grads.consume::<B>(&ops.node);
        for (parent, gradient) in ops.parents.into_iter().zip(ops.state) {
            if let Some(parent) = parent {
                let ones = vec![1; gradient.shape().num_dims()];
                let upstream = B::float_reshape(upstream.clone(), ones.into());
                grads.register::<B>(parent.id, B::float_mul(gradient, upstream));
            }
        }
    }
}

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
        let loss = match Reprojection.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(gradients, loss),
            OpsKind::UnTracked(prepared) => prepared.finish(loss),
        };
        (loss, FloatTensor::<Self>::new(trained_share), FloatTensor::<Self>::new(maps))
    }
}
