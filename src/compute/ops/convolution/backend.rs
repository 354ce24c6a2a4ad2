//! The convolution as a backend extension, and its derivatives.

use super::{Activation, ConvolutionOptions, geometry::Geometry, passes};
use burn::{
    backend::{
        Autodiff, Backend, Flex, FlexDevice, TensorMetadata,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, NodeGuard, Ops, OpsKind},
        },
        backend_extension,
        ops::FloatTensorOps,
        tensor::FloatTensor,
    },
    tensor::{Shape, TensorData},
};

/// The convolution on the backends that have their own.
#[backend_extension(Flex, Autodiff)]
pub trait ConvolutionOps: Backend {
    /// See [`super::convolution`].
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self>;

    /// The same with a bias. (An extension cannot take an optional tensor.)
    fn convolution_with_bias(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self>;
}

/// What the derivatives are computed from.
#[derive(Clone, Debug)]
pub struct Saved<T> {
    input: T,
    weight: T,
    output: T,
    options: ConvolutionOptions,
}

/// The derivatives on the backends that have their own.
pub trait ConvolutionGradients: Backend {
    /// The gradients of input, weight and bias, each if wanted, from that of the output.
    fn convolution_gradients(
        saved: Saved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3];
}

impl ConvolutionOps for Flex {
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        forward(&input, &weight, None, options)
    }

    fn convolution_with_bias(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        forward(&input, &weight, Some(&bias.to_contiguous()), options)
    }
}

fn forward(
    input: &FloatTensor<Flex>,
    weight: &FloatTensor<Flex>,
    bias: Option<&FloatTensor<Flex>>,
    options: ConvolutionOptions,
) -> FloatTensor<Flex> {
    let geometry = Geometry::new(input.shape().dims(), weight.shape().dims(), options);
    let (input, weight) = (input.to_contiguous(), weight.to_contiguous());
    let (values_in, weights) = (values(&input), values(&weight));
    let output = passes::output(&geometry, values_in, weights, bias.map(values), options.activation);
    let shape = [geometry.batch, geometry.filters, geometry.output_height, geometry.output_width];
    tensor(output, Shape::from(shape))
}

impl ConvolutionGradients for Flex {
    fn convolution_gradients(
        saved: Saved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let Saved { input, weight, output, options } = saved;
        let (input_shape, weight_shape) = (input.shape(), weight.shape());
        let geometry = Geometry::new(input_shape.dims(), weight_shape.dims(), options);
        let [input, weight, gradient] = [input, weight, gradient].map(|tensor| tensor.to_contiguous());
        let through = (options.activation != Activation::None)
            .then(|| passes::through_activation(options.activation, values(&output), values(&gradient)));
        let gradient = through.as_deref().unwrap_or_else(|| values(&gradient));
        let [of_input, of_weight, of_bias] = wanted;
        [
            of_input
                .then(|| tensor(passes::input_gradient(&geometry, values(&weight), gradient), input_shape)),
            of_weight
                .then(|| tensor(passes::weight_gradient(&geometry, values(&input), gradient), weight_shape)),
            of_bias
                .then(|| tensor(passes::bias_gradient(&geometry, gradient), Shape::from([geometry.filters]))),
        ]
    }
}

/// The values of a contiguous tensor.
fn values(tensor: &FloatTensor<Flex>) -> &[f32] {
    tensor.as_slice().expect("networks compute with contiguous f32 tensors")
}

fn tensor(values: Vec<f32>, shape: Shape) -> FloatTensor<Flex> {
    Flex::float_from_data(TensorData::new(values, shape), &FlexDevice)
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
        track::<B, C, 2>(nodes, Saved { input, weight, output, options })
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
        track::<B, C, 3>(nodes, Saved { input, weight, output, options })
    }
}

fn track<B: ConvolutionGradients, C: CheckpointStrategy, const PARENTS: usize>(
    parents: [NodeGuard; PARENTS],
    saved: Saved<FloatTensor<B>>,
) -> FloatTensor<Autodiff<B, C>> {
    let output = saved.output.clone();
    match Derivative.prepare::<C>(parents).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(saved, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    }
}

/// The backward rule; its parents are input, weight and, if there is one, bias.
#[derive(Debug)]
struct Derivative;

impl<B: ConvolutionGradients, const PARENTS: usize> Backward<B, PARENTS> for Derivative {
    type State = Saved<FloatTensor<B>>;

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
