//! Batch normalisation, with the shortcut and rectifier that follow it in residual networks: by the
//! statistics of the batch in training, by given ones otherwise.
//!
//! burn composes it of a dozen passes over memory. On the CPU a channel is read once, its statistics are
//! taken while it is in the core's cache, and the result is written; on the GPU it takes two launches each
//! way, the running statistics included.

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

/// A normalised batch.
#[derive(Clone, Debug)]
pub struct Normalised {
    /// `[batch, channels, height, width]`.
    pub output: Tensor<4>,
    /// The running statistics with this batch in them, in new memory.
    pub running: RunningStatistics,
}

/// Statistics over the batches seen, not differentiable.
#[derive(Clone, Debug)]
pub struct RunningStatistics {
    /// `[channels]`.
    pub mean: Tensor<1>,
    /// Unbiased, `[channels]`.
    pub variance: Tensor<1>,
}

/// Normalises each channel of `input` [batch, channels, height, width] by its own mean and biased variance
/// to the mean `bias` and the deviation `weight` [channels], adds `shortcut` of the same shape if there is
/// one, and rectifies if asked to. Differentiable in all four.
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

/// [`normalise_batch`] composed of burn's operations.
pub fn composed_normalise_batch(
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
