//! The convolution of the CPU backend: sums of shifted lines, in place (see [`geometry`]), where burn's own
//! unfolds, pads and copies.

mod geometry;
mod kernel;
mod line;
mod passes;
mod scratch;

pub use kernel::PixelSums;
pub(in crate::compute) use scratch::release_scratch;

use super::{
    Activation, ConvolutionOptions,
    backend::{ConvolutionGradients, ConvolutionOps, ConvolutionSaved},
};
use burn::{
    backend::{Flex, FlexDevice, TensorMetadata, ops::FloatTensorOps, tensor::FloatTensor},
    tensor::{Shape, TensorData},
};
use geometry::Geometry;

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
        saved: ConvolutionSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let ConvolutionSaved { input, weight, output, options } = saved;
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
