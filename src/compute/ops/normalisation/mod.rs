//! Batch normalisation, with the shortcut and rectifier that follow it in residual networks: by the statistics of the
//! batch in training, by given statistics in prediction.
//!
//! With burn's operations this takes a dozen passes over memory. Here, on the CPU, a channel is normalised while it is
//! still in the core's cache from computing its statistics. On the GPU it takes two launches each way, including the
//! running statistics.

mod backend;
mod cube;
mod fixed;
mod flex;
mod options;
mod passes;

pub use fixed::FixedNormalisation;
pub use options::NormalisationOptions;

use backend::{NormalisationInputs, NormalisationOps};
use burn::{
    backend::Dispatch,
    tensor::{Tensor, activation::relu, module::batch_norm_train},
};

/// Results of [`normalise_batch`].
#[derive(Clone, Debug)]
pub struct Normalised {
    /// Normalised batch, `[batch, channels, height, width]`.
    pub output: Tensor<4>,
    /// Running statistics that include this batch, in new memory.
    pub running: RunningStatistics,
}

/// Running statistics over batches; constants for differentiation.
#[derive(Clone, Debug)]
pub struct RunningStatistics {
    /// Running mean, `[channels]`.
    pub mean: Tensor<1>,
    /// Running unbiased variance, `[channels]`.
    pub variance: Tensor<1>,
}

/// Normalises each channel of `input` `[batch, channels, height, width]` by its mean and biased variance, so that it has
/// mean `bias` and standard deviation `weight` `[channels]`; then adds `shortcut`, of the input's shape, if there is one,
/// and rectifies if the options say so. Differentiable in all four.
pub fn normalise_batch(
    input: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    shortcut: Option<Tensor<4>>,
    running: RunningStatistics,
    options: NormalisationOptions,
) -> Normalised {
    let inputs = NormalisationInputs::<Dispatch> {
        input: input.into_dispatch(),
        weight: weight.into_dispatch(),
        bias: bias.into_dispatch(),
        running_mean: running.mean.into_dispatch(),
        running_variance: running.variance.into_dispatch(),
    };
    let (output, mean, variance) = match shortcut {
        Some(shortcut) => Dispatch::normalise_batch_and_add(inputs, shortcut.into_dispatch(), options),
        None => Dispatch::normalise_batch(inputs, options),
    };
    let running =
        RunningStatistics { mean: Tensor::from_dispatch(mean), variance: Tensor::from_dispatch(variance) };
    Normalised { output: Tensor::from_dispatch(output), running }
}

/// Reference implementation of [`normalise_batch`], composed of burn's operations.
pub fn reference_normalise_batch(
    input: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    shortcut: Option<Tensor<4>>,
    running: RunningStatistics,
    options: NormalisationOptions,
) -> Normalised {
    let unbiased = options.unbiased(input.dims());
    let normalised = batch_norm_train(input, weight, bias, f64::from(options.epsilon));
    let [kept, share] = options.shares();
    let follow = |running: Tensor<1>, batch: Tensor<1>| running * kept + batch.detach() * share;
    let running = RunningStatistics {
        mean: follow(running.mean, normalised.mean),
        variance: follow(running.variance, normalised.variance * unbiased),
    };
    let output = shortcut.into_iter().fold(normalised.output, |output, shortcut| output + shortcut);
    Normalised { output: if options.rectify { relu(output) } else { output }, running }
}
