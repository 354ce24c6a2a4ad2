//! Convolution as a backend extension, and its gradient rule.

use super::options::ConvolutionOptions;
use crate::compute::ops::autodiff::tracked;
use burn::backend::{
    Autodiff, Backend,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, Ops},
    },
    backend_extension,
    tensor::FloatTensor,
};

/// Convolution, as an operation of the backend.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait ConvolutionOps: Backend {
    /// See [`super::convolution`].
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self>;

    /// Computes [`Self::convolution`] with a bias. (An extension cannot take an optional tensor.)
    fn convolution_with_bias(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self>;
}

/// Tensors that the gradients are computed from.
#[derive(Clone, Debug)]
pub struct ConvolutionSaved<T> {
    pub(super) input: T,
    pub(super) weight: T,
    pub(super) output: T,
    pub(super) options: ConvolutionOptions,
}

/// Gradients that a backend computes for [`ConvolutionOps`].
pub trait ConvolutionGradients: Backend {
    /// Gradients of input, weight and bias, each only if `wanted`, from the gradient of the output.
    fn convolution_gradients(
        saved: ConvolutionSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
}

impl<B: ConvolutionOps + ConvolutionGradients, C: CheckpointStrategy> ConvolutionOps for Autodiff<B, C> {
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        let nodes = [input.node(), weight.node()];
        let (input, weight) = (input.into_primitive(), weight.into_primitive());
        let output = B::convolution(input.clone(), weight.clone(), options);
        let saved = ConvolutionSaved { input, weight, output: output.clone(), options };
        tracked::<B, C, _, 2>(ConvolutionBackward, nodes, saved, output)
    }

    fn convolution_with_bias(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        let nodes = [input.node(), weight.node(), bias.node()];
        let (input, weight) = (input.into_primitive(), weight.into_primitive());
        let bias = bias.into_primitive();
        let output = B::convolution_with_bias(input.clone(), weight.clone(), bias, options);
        let saved = ConvolutionSaved { input, weight, output: output.clone(), options };
        tracked::<B, C, _, 3>(ConvolutionBackward, nodes, saved, output)
    }
}

/// Gradient rule. The parents are input, weight and, if there is one, the bias.
#[derive(Debug)]
struct ConvolutionBackward;

impl<B: ConvolutionGradients, const PARENTS: usize> Backward<B, PARENTS> for ConvolutionBackward {
    type State = ConvolutionSaved<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, PARENTS>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let wanted = std::array::from_fn(|parent| ops.parents.get(parent).is_some_and(Option::is_some));
        let gradients = B::convolution_gradients(ops.state, gradient, wanted);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}
