//! Batch normalisation in training, with the shortcut and rectifier that follow it in residual
//! networks, in one pass over memory each way.
//!
//! burn composes it of a dozen passes; each pass moves the whole map. Here a channel is read once,
//! its statistics are taken while it is in the core's cache, and the result is written.

mod backend;
mod passes;

use backend::NormalisationOps;
use burn::{
    backend::Dispatch,
    tensor::{Device, Tensor, activation::relu, module::batch_norm_train},
};

/// A normalised batch with the statistics that it was normalised by.
#[derive(Clone, Debug)]
pub struct Normalised {
    /// `[batch, channels, height, width]`.
    pub output: Tensor<4>,
    /// `[channels]`, not differentiable.
    pub mean: Tensor<1>,
    /// Biased, `[channels]`, not differentiable.
    pub variance: Tensor<1>,
}

/// What follows the normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisationOptions {
    /// Added to the variance.
    pub epsilon: f32,
    /// Whether negative results become zero, after the shortcut is added.
    pub rectify: bool,
}

/// Normalises each channel of `input` [batch, channels, height, width] to the mean `bias` and the
/// deviation `weight` [channels], adds `shortcut` of the same shape if there is one, and rectifies if
/// asked to. Differentiable in all four.
pub fn normalise_batch(
    input: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    shortcut: Option<Tensor<4>>,
    options: NormalisationOptions,
) -> Normalised {
    if input.device().without_autodiff() != Device::flex() {
        return composed_normalise_batch(input, weight, bias, shortcut, options);
    }
    let (input, weight, bias) = (input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    let (output, mean, variance) = match shortcut {
        Some(shortcut) => {
            Dispatch::normalise_batch_and_add(input, weight, bias, shortcut.into_dispatch(), options)
        }
        None => Dispatch::normalise_batch(input, weight, bias, options),
    };
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// [`normalise_batch`] composed of burn's operations.
pub fn composed_normalise_batch(
    input: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    shortcut: Option<Tensor<4>>,
    options: NormalisationOptions,
) -> Normalised {
    let normalised = batch_norm_train(input, weight, bias, f64::from(options.epsilon));
    let mut output = normalised.output;
    if let Some(shortcut) = shortcut {
        output = output + shortcut;
    }
    if options.rectify {
        output = relu(output);
    }
    Normalised { output, mean: normalised.mean.detach(), variance: normalised.variance.detach() }
}
