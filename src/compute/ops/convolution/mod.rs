//! Two-dimensional convolution with folded padding, bias and activation.
//!
//! burn's convolution for the CPU backend spends its time unfolding, padding and copying. The one here
//! sums shifted lines in place (see [`geometry`]) and is a backend extension of the CPU backend with
//! its own derivatives; every other backend computes [`composed_convolution`], its twin.

mod activation;
mod backend;
mod geometry;
mod kernel;
mod line;
mod passes;
mod scratch;

pub use activation::Activation;

use super::{elu, reflection_pad};
use backend::ConvolutionOps;
use burn::{
    backend::Dispatch,
    tensor::{
        Device, Tensor,
        activation::{leaky_relu, relu},
        module::conv2d,
        ops::ConvOptions,
    },
};

/// What the convolution sees beyond the border, and how far: the margin on each side, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Zeros.
    Zero(usize),
    /// The input mirrored at its outermost pixels, which are not repeated.
    Reflect(usize),
}

impl Padding {
    /// The margin on each side.
    pub fn margin(self) -> usize {
        match self {
            Self::Zero(margin) | Self::Reflect(margin) => margin,
        }
    }
}

/// How to convolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionOptions {
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
    /// The border.
    pub padding: Padding,
    /// What is applied to the result.
    pub activation: Activation,
}

/// Convolves `input` [batch, channels, height, width] with `weight` [filters, channels, k, k] (not
/// flipped, as all networks do), adds `bias` [filters] and applies the activation. Differentiable in
/// all three.
///
/// # Panics
/// If the shapes do not fit each other, or a reflected margin is not smaller than the input.
pub fn convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvolutionOptions,
) -> Tensor<4> {
    if input.device().without_autodiff() != Device::flex() {
        return composed_convolution(input, weight, bias, options);
    }
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::convolution_with_bias(input, weight, bias.into_dispatch(), options),
        None => Dispatch::convolution(input, weight, options),
    })
}

/// [`convolution`] composed of burn's operations.
pub fn composed_convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvolutionOptions,
) -> Tensor<4> {
    let stride = [options.stride; 2];
    let (input, margin) = match options.padding {
        Padding::Zero(margin) => (input, margin),
        Padding::Reflect(margin) => (reflection_pad(input, margin), 0),
    };
    let output = conv2d(input, weight, bias, ConvOptions::new(stride, [margin; 2], [1; 2], 1));
    match options.activation {
        Activation::None => output,
        Activation::Relu => relu(output),
        Activation::LeakyRelu => leaky_relu(output, f64::from(Activation::LEAK)),
        Activation::Elu => elu(output),
    }
}
