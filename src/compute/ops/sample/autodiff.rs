//! Gradient rule of border sampling.

use super::{BorderSampling, BorderSamplingGradient};
use crate::compute::ops::autodiff::tracked;
use burn::backend::{Autodiff, tensor::FloatTensor};
use burn_autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, unary},
};

#[derive(Debug)]
struct SampleBorder;

impl<B: BorderSamplingGradient> Backward<B, 1> for SampleBorder {
    /// Images and coordinates.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (images, coordinates) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| {
            B::sample_border_gradient(images, coordinates, gradient)
        });
    }
}

impl<B: BorderSamplingGradient, C: CheckpointStrategy> BorderSampling for Autodiff<B, C> {
    fn sample_border(images: FloatTensor<Self>, coordinates: FloatTensor<Self>) -> FloatTensor<Self> {
        let images = images.into_primitive();
        let (coordinates, node) = coordinates.into_parts();
        let output = B::sample_border(images.clone(), coordinates.clone());
        tracked::<B, C, _, 1>(SampleBorder, [node], (images, coordinates), output)
    }
}
