//! Batch normalisation as a backend extension, and its gradient rule.

use super::options::NormalisationOptions;
use crate::compute::ops::autodiff::tracked;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, ExtensionType,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, NodeGuard, Ops},
    },
    backend_extension,
    tensor::FloatTensor,
};

/// Tensors that a normalisation takes.
#[derive(ExtensionType)]
pub struct NormalisationInputs<B: Backend> {
    pub(super) input: FloatTensor<B>,
    pub(super) weight: FloatTensor<B>,
    pub(super) bias: FloatTensor<B>,
    pub(super) running_mean: FloatTensor<B>,
    pub(super) running_variance: FloatTensor<B>,
}

/// Batch normalisation, as an operation of the backend. It returns the output, then the new running mean and variance.
#[backend_extension(Flex, Cube, Autodiff)]
pub trait NormalisationOps: Backend {
    /// See [`super::normalise_batch`].
    fn normalise_batch(
        #[extension_type] inputs: NormalisationInputs<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Computes [`Self::normalise_batch`] with a shortcut. (An extension cannot take an optional tensor.)
    fn normalise_batch_and_add(
        #[extension_type] inputs: NormalisationInputs<Self>,
        shortcut: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Results of the forward pass.
pub struct NormalisationOutputs<T> {
    pub(super) output: T,
    /// Mean of the batch.
    pub(super) mean: T,
    /// Biased variance of the batch.
    pub(super) variance: T,
    pub(super) running_mean: T,
    pub(super) running_variance: T,
}

impl<T> NormalisationOutputs<T> {
    /// Results in the order of [`NormalisationOps`].
    pub(super) fn dispatched(self) -> (T, T, T) {
        (self.output, self.running_mean, self.running_variance)
    }
}

/// Tensors that the gradients are computed from.
#[derive(Clone, Debug)]
pub struct NormalisationSaved<T> {
    pub(super) input: T,
    pub(super) weight: T,
    /// Output of the forward pass if it was rectified; else any tensor of its shape.
    pub(super) output: T,
    pub(super) mean: T,
    pub(super) variance: T,
    pub(super) has_shortcut: bool,
    pub(super) options: NormalisationOptions,
}

/// Passes that a backend computes for [`NormalisationOps`] to have gradients on it.
pub trait NormalisationPasses: Backend {
    /// Normalises, adds the shortcut and rectifies.
    fn normalise(
        inputs: NormalisationInputs<Self>,
        shortcut: Option<FloatTensor<Self>>,
        options: NormalisationOptions,
    ) -> NormalisationOutputs<FloatTensor<Self>>;

    /// Gradients of input, weight, bias and shortcut; the last is unspecified if there was no shortcut.
    fn normalisation_gradients(
        saved: NormalisationSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 4];
}

impl<B, C> NormalisationOps for Autodiff<B, C>
where
    B: NormalisationOps + NormalisationPasses,
    C: CheckpointStrategy,
{
    fn normalise_batch(
        inputs: NormalisationInputs<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [inputs.input.node(), inputs.weight.node(), inputs.bias.node()];
        track::<B, C, 3>(nodes, inputs, None, options)
    }

    fn normalise_batch_and_add(
        inputs: NormalisationInputs<Self>,
        shortcut: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [inputs.input.node(), inputs.weight.node(), inputs.bias.node(), shortcut.node()];
        track::<B, C, 4>(nodes, inputs, Some(shortcut.into_primitive()), options)
    }
}

type Dispatched<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

fn track<B: NormalisationPasses, C: CheckpointStrategy, const PARENTS: usize>(
    parents: [NodeGuard; PARENTS],
    inputs: NormalisationInputs<Autodiff<B, C>>,
    shortcut: Option<FloatTensor<B>>,
    options: NormalisationOptions,
) -> Dispatched<Autodiff<B, C>> {
    let inputs = NormalisationInputs::<B> {
        input: inputs.input.into_primitive(),
        weight: inputs.weight.into_primitive(),
        bias: inputs.bias.into_primitive(),
        running_mean: inputs.running_mean.into_primitive(),
        running_variance: inputs.running_variance.into_primitive(),
    };
    let (input, weight, has_shortcut) = (inputs.input.clone(), inputs.weight.clone(), shortcut.is_some());
    let outputs = B::normalise(inputs, shortcut, options);
    let [mean, variance] = [outputs.mean, outputs.variance];
    // Only the gradient of the rectifier needs the output. Otherwise it can be freed sooner.
    let output = if options.rectify { outputs.output.clone() } else { input.clone() };
    let saved = NormalisationSaved { input, weight, output, mean, variance, has_shortcut, options };
    let output = tracked::<B, C, _, PARENTS>(NormalisationBackward, parents, saved, outputs.output);
    let [mean, variance] = [outputs.running_mean, outputs.running_variance].map(Autodiff::<B, C>::from_inner);
    (output, mean, variance)
}

/// Gradient rule. The parents are input, weight, bias and, if there is one, the shortcut.
#[derive(Debug)]
struct NormalisationBackward;

impl<B: NormalisationPasses, const PARENTS: usize> Backward<B, PARENTS> for NormalisationBackward {
    type State = NormalisationSaved<FloatTensor<B>>;

    fn backward(self, ops: Ops<Self::State, PARENTS>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let gradients = B::normalisation_gradients(ops.state, gradient);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}
