//! Gradient rule of operations with a single number as output, which compute its gradients in the forward pass.

use burn::backend::{Backend, TensorMetadata, tensor::FloatTensor};
use burn_autodiff::{
    checkpoint::base::Checkpointer,
    grads::Gradients,
    ops::{Backward, Ops},
};

/// Gradient rule that multiplies the precomputed gradient of each parent, which is the state, by the upstream gradient.
#[derive(Debug)]
pub(super) struct PrecomputedGradient;

impl<B: Backend, const N: usize> Backward<B, N> for PrecomputedGradient {
    type State = [FloatTensor<B>; N];

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
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
