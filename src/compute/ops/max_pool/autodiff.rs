//! Gradient rule of max pooling.

use super::{MaxPoolGradient, MaxPoolOps};
use burn::backend::{
    Autodiff, TensorMetadata,
    tensor::{FloatTensor, IntTensor},
};
use burn_autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind, unary},
};

#[derive(Debug)]
struct MaxPool;

impl<B: MaxPoolGradient> Backward<B, 1> for MaxPool {
    /// Origins of the maxima, and the input's height and width.
    type State = (IntTensor<B>, [usize; 2]);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (origins, size) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| B::max_pool_gradient(origins, gradient, size));
    }
}

impl<B: MaxPoolGradient, C: CheckpointStrategy> MaxPoolOps for Autodiff<B, C> {
    fn max_pool(input: FloatTensor<Self>) -> FloatTensor<Self> {
        let [_, _, height, width] = input.shape().dims();
        let (input, node) = input.into_parts();
        match MaxPool.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (output, origins) = B::max_pool_with_origins(input);
                prepared.finish((origins, [height, width]), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::max_pool(input)),
        }
    }
}
