//! Two-dimensional convolution, fused with padding, bias and activation.
//!
//! burn's convolution unfolds, pads and copies on the CPU, and reads each value many times on the GPU. This one is a
//! backend extension with its own gradients; [`reference_convolution`] is the reference implementation.

mod activation;
mod backend;
mod cube;
mod flex;
mod options;

pub use activation::Activation;
pub use cube::{SlidingTile, Tile};
pub use flex::PixelSums;
pub(in crate::compute) use flex::release_scratch;
pub use options::{ConvolutionOptions, Padding};

use super::{elu, reflection_pad};
use backend::ConvolutionOps;
use burn::{
    backend::Dispatch,
    tensor::{
        Tensor,
        activation::{leaky_relu, relu},
        module::conv2d,
        ops::ConvOptions,
    },
};

/// Convolves `input` `[batch, channels, height, width]` with `weight` `[filters, channels, k, k]` (not flipped: a
/// cross-correlation, as in all networks), adds `bias` `[filters]` and applies the activation. Gives
/// `[batch, filters, output height, output width]`. Differentiable in all three.
///
/// # Panics
/// If the shapes do not fit each other, or a reflected margin is not smaller than the input.
pub fn convolution(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvolutionOptions,
) -> Tensor<4> {
    check(input.dims(), weight.dims(), options);
    let (input, weight) = (input.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(match bias {
        Some(bias) => Dispatch::convolution_with_bias(input, weight, bias.into_dispatch(), options),
        None => Dispatch::convolution(input, weight, options),
    })
}

/// Checks that the shapes fit each other.
fn check(input: [usize; 4], weight: [usize; 4], options: ConvolutionOptions) {
    let ([_, channels, height, width], [_, weight_channels, kernel, kernel_width]) = (input, weight);
    let ConvolutionOptions { stride, padding, .. } = options;
    assert_eq!(channels, weight_channels, "channels of input and weight of a convolution");
    assert_eq!(kernel, kernel_width, "a convolution's kernel must be square");
    let margin = padding.margin();
    if let Padding::Reflect(margin) = padding {
        assert!(margin < height && margin < width, "reflection needs an input larger than its margin");
        assert!(2 * margin <= kernel, "a mirrored margin is at most half as wide as the kernel");
    }
    assert!(
        stride > 0 && kernel <= height + 2 * margin && kernel <= width + 2 * margin,
        "kernel {kernel} does not fit a padded input of {height} x {width}"
    );
}

/// Reference implementation of [`convolution`], composed of burn's operations.
pub fn reference_convolution(
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
