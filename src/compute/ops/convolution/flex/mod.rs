//! Convolution on the CPU backend: sums of shifted lines (see [`geometry`]), where burn's own unfolds, pads and copies.

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
use crate::compute::ops::flex::{tensor, values};
use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
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
    tensor(output, shape)
}

impl ConvolutionGradients for Flex {
    fn convolution_gradients(
        saved: ConvolutionSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let ConvolutionSaved { input, weight, output, options } = saved;
        let (input_shape, weight_shape) = (input.shape().dims::<4>(), weight.shape().dims::<4>());
        let geometry = Geometry::new(input_shape, weight_shape, options);
        let [input, weight, gradient] = [input, weight, gradient].map(|tensor| tensor.to_contiguous());
        let before_activation = (options.activation != Activation::None)
            .then(|| passes::activation_gradient(options.activation, values(&output), values(&gradient)));
        let gradient = before_activation.as_deref().unwrap_or_else(|| values(&gradient));
        let [wants_input, wants_weight, wants_bias] = wanted;
        [
            wants_input
                .then(|| tensor(passes::input_gradient(&geometry, values(&weight), gradient), input_shape)),
            wants_weight
                .then(|| tensor(passes::weight_gradient(&geometry, values(&input), gradient), weight_shape)),
            wants_bias.then(|| tensor(passes::bias_gradient(&geometry, gradient), [geometry.filters])),
        ]
    }
}
