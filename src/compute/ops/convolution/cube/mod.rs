//! Convolution on the GPU backend: an implicit matrix product. Its factors are gathered tile by tile from images
//! and weights in their usual layout, so nothing is unfolded, padded or copied in memory.

mod activation;
mod arguments;
mod few_filters;
mod forward;
mod input_gradient;
mod scale;
mod sliding;
mod tile;
mod weight_gradient;
mod window;

pub use sliding::SlidingTile;
pub use tile::Tile;

use super::{
    ConvolutionOptions,
    backend::{ConvolutionGradients, ConvolutionOps, ConvolutionSaved},
};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use scale::Operands;

impl ConvolutionOps for CubeBackend {
    fn convolution(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        let (input, weight) = (into_contiguous(input), into_contiguous(weight));
        forward::forward(&input, &weight, None, options)
    }

    fn convolution_with_bias(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        let (input, weight, bias) = (into_contiguous(input), into_contiguous(weight), into_contiguous(bias));
        forward::forward(&input, &weight, Some(&bias), options)
    }
}

impl ConvolutionGradients for CubeBackend {
    fn convolution_gradients(
        saved: ConvolutionSaved<FloatTensor<Self>>,
        gradient: FloatTensor<Self>,
        [wants_input, wants_weight, wants_bias]: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        let ConvolutionSaved { input, weight, output, options } = saved;
        let (shape, weight_shape) = (input.shape().dims(), weight.shape().dims());
        let (input, weight) = (into_contiguous(input), into_contiguous(weight));
        let gradient = into_contiguous(gradient);
        let operands = Operands::of(&gradient);
        let of_input = wants_input
            .then(|| input_gradient::input_gradient(&gradient, &output, &weight, &operands, shape, options));
        let of_weights = (wants_weight || wants_bias).then(|| {
            let gradients = weight_gradient::weight_gradient;
            gradients(&input, &gradient, &output, &operands, weight_shape, wants_bias, options)
        });
        match of_weights {
            Some((weight, bias)) => [of_input, wants_weight.then_some(weight), bias],
            None => [of_input, None, None],
        }
    }
}
