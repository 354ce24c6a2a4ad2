//! The layers that all networks are built from. Parameters have PyTorch's names and layouts.

use super::initial::Initialiser;
use crate::compute::ops::{
    convolution::{Activation, ConvolutionOptions, Padding, convolution},
    normalisation::{FixedNormalisation, NormalisationOptions, RunningStatistics, normalise_batch},
};
use burn::{
    module::{Module, ModuleMapper, Param, RunningState},
    tensor::{Tensor, activation::relu},
};

/// A two-dimensional convolution. Every convolution of the networks goes through
/// [`Convolution::forward`].
#[derive(Module, Debug)]
pub struct Convolution {
    /// `[output channels, input channels, height, width]`.
    pub weight: Param<Tensor<4>>,
    /// `[output channels]`, absent before a batch normalisation.
    pub bias: Option<Param<Tensor<1>>>,
    stride: usize,
    #[module(skip)]
    padding: Padding,
}

impl Convolution {
    /// A convolution without bias as residual networks have it, padded with zeros so that stride 1
    /// keeps the size: weights from a normal distribution of variance 2 / fan-out (He et al. 2015).
    pub(super) fn of_residual_network(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        stride: usize,
        initial: &mut Initialiser,
    ) -> Self {
        let standard_deviation = (2.0 / (outputs * kernel * kernel) as f64).sqrt();
        let weight = initial.normal([outputs, inputs, kernel, kernel], standard_deviation);
        Self { weight, bias: None, stride, padding: Padding::Zero(kernel / 2) }
    }

    /// A convolution of stride 1 with bias as the decoders have it: weight and bias uniform in ±1/√fan-in,
    /// PyTorch's default.
    pub(super) fn of_decoder(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        padding: Padding,
        initial: &mut Initialiser,
    ) -> Self {
        let bound = default_bound(inputs, kernel);
        let weight = initial.uniform([outputs, inputs, kernel, kernel], bound);
        Self { weight, bias: None, stride: 1, padding }.with_bias(initial)
    }

    /// Adds a bias, uniform in ±1/√fan-in.
    pub(super) fn with_bias(self, initial: &mut Initialiser) -> Self {
        let [outputs, inputs, kernel, _] = self.weight.dims();
        let bound = default_bound(inputs, kernel);
        Self { bias: Some(initial.uniform([outputs], bound)), ..self }
    }

    /// Changes the stride.
    pub(super) fn with_stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Convolves `[batch, input channels, height, width]`.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.activated(input, Activation::None)
    }

    /// Convolves, then applies the activation to the result.
    pub fn activated(&self, input: Tensor<4>, activation: Activation) -> Tensor<4> {
        self.applied(input, self.weight.val(), self.bias.as_ref().map(Param::val), activation)
    }

    fn applied(
        &self,
        input: Tensor<4>,
        weight: Tensor<4>,
        bias: Option<Tensor<1>>,
        activation: Activation,
    ) -> Tensor<4> {
        let options = ConvolutionOptions { stride: self.stride, padding: self.padding, activation };
        convolution(input, weight, bias, options)
    }
}

/// PyTorch's bound of a convolution's initial values, 1/√fan-in.
fn default_bound(inputs: usize, kernel: usize) -> f64 {
    1.0 / ((inputs * kernel * kernel) as f64).sqrt()
}

/// Batch normalisation with PyTorch's statistics: the batch is normalised by its biased variance,
/// and the running variance follows the unbiased one. (burn's own layer keeps the biased.)
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// γ, `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// β, `[channels]`.
    pub bias: Param<Tensor<1>>,
    /// Mean over the batches seen, `[channels]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// Unbiased variance over the batches seen, `[channels]`.
    pub running_var: RunningState<Tensor<1>>,
}

impl BatchNorm {
    const EPSILON: f32 = 1e-5;
    /// Weight of a new batch in the running statistics.
    const MOMENTUM: f64 = 0.1;

    pub(super) fn new(channels: usize, initial: &Initialiser) -> Self {
        let device = initial.device();
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// Applies `convolution`, which has no bias, to `[batch, channels, height, width]` and normalises the result:
    /// on an autodiff device by the statistics of the batch, which also update the running ones; after
    /// [`Module::valid`] by the running ones.
    pub fn forward(&self, convolution: &Convolution, input: Tensor<4>) -> Tensor<4> {
        self.normalise(convolution, input, None, false)
    }

    /// Normalises like [`Self::forward`], adds the shortcut if there is one, and rectifies.
    pub fn rectified(
        &self,
        convolution: &Convolution,
        input: Tensor<4>,
        shortcut: Option<Tensor<4>>,
    ) -> Tensor<4> {
        self.normalise(convolution, input, shortcut, true)
    }

    fn normalise(
        &self,
        convolution: &Convolution,
        input: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        rectify: bool,
    ) -> Tensor<4> {
        if !self.weight.device().is_autodiff() {
            return self.normalise_by_running(convolution, input, shortcut, rectify);
        }
        let input = convolution.forward(input);
        let options = NormalisationOptions { epsilon: Self::EPSILON, momentum: Self::MOMENTUM, rectify };
        let (weight, bias) = (self.weight.val(), self.bias.val());
        let running =
            RunningStatistics { mean: self.running_mean.value(), variance: self.running_var.value() };
        let normalised = normalise_batch(input, weight, bias, shortcut, running, options);
        store(&self.running_mean, normalised.running.mean);
        store(&self.running_var, normalised.running.variance);
        normalised.output
    }

    /// With running statistics the normalisation is linear. It is folded into the convolution's weights if these
    /// are fewer than its outputs.
    fn normalise_by_running(
        &self,
        convolution: &Convolution,
        input: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        rectify: bool,
    ) -> Tensor<4> {
        let normalisation = FixedNormalisation {
            weight: self.weight.val(),
            bias: self.bias.val(),
            mean: self.running_mean.value(),
            variance: self.running_var.value(),
            epsilon: Self::EPSILON,
        };
        let [batch, _, height, width] = input.dims();
        let [_, inputs, kernel, _] = convolution.weight.dims();
        let weights = inputs * kernel * kernel;
        let results = batch * height * width / convolution.stride.pow(2);
        if !normalisation.is_worth_folding(weights, results, shortcut.is_some()) {
            return normalisation.apply(convolution.forward(input), shortcut, rectify);
        }
        let (weight, bias) = normalisation.fold(convolution.weight.val());
        match shortcut {
            None => {
                let activation = if rectify { Activation::Relu } else { Activation::None };
                convolution.applied(input, weight, Some(bias), activation)
            }
            Some(shortcut) => {
                let sum = convolution.applied(input, weight, Some(bias), Activation::None) + shortcut;
                if rectify { relu(sum) } else { sum }
            }
        }
    }
}

/// Replaces a running statistic in all clones. `RunningState::update` would do the same, but averages over
/// threads, of which there is only one, at the cost of a kernel launch.
fn store(running: &RunningState<Tensor<1>>, value: Tensor<1>) {
    struct ReplaceMapper(Tensor<1>);
    impl ModuleMapper for ReplaceMapper {
        fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
            Param::initialized(parameter.id, self.0.clone().reshape(parameter.dims()))
        }
    }
    // Clones share their value.
    running.clone().map(&mut ReplaceMapper(value));
}
