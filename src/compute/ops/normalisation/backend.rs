//! The normalisation as a backend extension, and its derivatives.

use super::{NormalisationOptions, passes};
use crate::compute::ops::flex::{Planes, tensor};
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Flex,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
        grads::Gradients,
        ops::{Backward, NodeGuard, Ops, OpsKind},
    },
    backend_extension,
    tensor::FloatTensor,
};

/// The normalisation on the backends that have their own: output, mean, variance.
#[backend_extension(Flex, Autodiff)]
pub trait NormalisationOps: Backend {
    /// See [`normalise_batch`].
    fn normalise_batch(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The same with a shortcut. (An extension cannot take an optional tensor.)
    fn normalise_batch_and_add(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shortcut: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// What the derivatives are computed from.
#[derive(Clone, Debug)]
pub struct Saved<T> {
    input: T,
    weight: T,
    output: T,
    mean: T,
    variance: T,
    options: NormalisationOptions,
}

/// The derivatives on the backends that have their own.
pub trait NormalisationGradients: Backend {
    /// The gradients of input, weight, bias and shortcut.
    fn normalisation_gradients(
        saved: Saved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 4];
}

impl NormalisationOps for Flex {
    fn normalise_batch(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        forward(&input, &weight, &bias, None, options)
    }

    fn normalise_batch_and_add(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shortcut: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        forward(&input, &weight, &bias, Some(&shortcut), options)
    }
}

fn forward(
    input: &FloatTensor<Flex>,
    weight: &FloatTensor<Flex>,
    bias: &FloatTensor<Flex>,
    shortcut: Option<&FloatTensor<Flex>>,
    options: NormalisationOptions,
) -> (FloatTensor<Flex>, FloatTensor<Flex>, FloatTensor<Flex>) {
    let (input, shortcut) = (Planes::new(input.clone()), shortcut.cloned().map(Planes::new));
    let (weight, bias) = (weight.to_contiguous(), bias.to_contiguous());
    let shape = input.shape;
    let shortcut = shortcut.as_ref().map(batch);
    let (output, statistics) =
        passes::normalise(batch(&input), values(&weight), values(&bias), shortcut, options);
    let (mean, variance) = statistics.into_iter().map(|own| (own.mean, own.variance)).unzip();
    (tensor(output, shape), tensor(mean, [shape[1]]), tensor(variance, [shape[1]]))
}

impl NormalisationGradients for Flex {
    fn normalisation_gradients(
        saved: Saved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 4] {
        let Saved { input, weight, output, mean, variance, options } = saved;
        let of_output = gradient.clone();
        let (input, output, gradient) = (Planes::new(input), Planes::new(output), Planes::new(gradient));
        let shape = input.shape;
        let weight = weight.to_contiguous();
        let statistics: Vec<passes::Statistics> = (values(&mean).iter().zip(values(&variance)))
            .map(|(mean, variance)| passes::Statistics { mean: *mean, variance: *variance })
            .collect();
        let gradients = passes::gradients(
            batch(&input),
            values(&weight),
            &statistics,
            batch(&output),
            batch(&gradient),
            options,
        );
        let of_shortcut = match gradients.shortcut {
            Some(values) => tensor(values, shape),
            None => of_output,
        };
        [
            tensor(gradients.input, shape),
            tensor(gradients.weight, [shape[1]]),
            tensor(gradients.bias, [shape[1]]),
            of_shortcut,
        ]
    }
}

fn batch(planes: &Planes) -> passes::Batch<'_> {
    passes::Batch { shape: planes.shape, values: planes.values() }
}

/// The values of a contiguous tensor.
fn values(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("networks compute with contiguous f32 tensors")
}

impl<B, C> NormalisationOps for Autodiff<B, C>
where
    B: NormalisationOps + NormalisationGradients,
    C: CheckpointStrategy,
{
    fn normalise_batch(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [input.node(), weight.node(), bias.node()];
        let (input, weight) = (input.into_primitive(), weight.into_primitive());
        let bias = bias.into_primitive();
        let (output, mean, variance) = B::normalise_batch(input.clone(), weight.clone(), bias, options);
        track::<B, C, 3>(nodes, Saved { input, weight, output, mean, variance, options })
    }

    fn normalise_batch_and_add(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shortcut: FloatTensor<Self>,
        options: NormalisationOptions,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [input.node(), weight.node(), bias.node(), shortcut.node()];
        let (input, weight) = (input.into_primitive(), weight.into_primitive());
        let (bias, shortcut) = (bias.into_primitive(), shortcut.into_primitive());
        let (output, mean, variance) =
            B::normalise_batch_and_add(input.clone(), weight.clone(), bias, shortcut, options);
        track::<B, C, 4>(nodes, Saved { input, weight, output, mean, variance, options })
    }
}

type OutputMeanVariance<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

fn track<B: NormalisationGradients, C: CheckpointStrategy, const PARENTS: usize>(
    parents: [NodeGuard; PARENTS],
    saved: Saved<FloatTensor<B>>,
) -> OutputMeanVariance<Autodiff<B, C>> {
    let output = saved.output.clone();
    let mean = Autodiff::<B, C>::from_inner(saved.mean.clone());
    let variance = Autodiff::<B, C>::from_inner(saved.variance.clone());
    let output = match Derivative.prepare::<C>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(saved, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    (output, mean, variance)
}

/// The backward rule; its parents are input, weight, bias and, if there is one, shortcut.
#[derive(Debug)]
struct Derivative;

impl<B: NormalisationGradients, const PARENTS: usize> Backward<B, PARENTS> for Derivative {
    type State = Saved<FloatTensor<B>>;

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
