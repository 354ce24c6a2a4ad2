//! The layers that all networks are built of. Parameters have PyTorch's names and layouts.

use super::initial::Initialiser;
use crate::compute::ops::{
    convolution::{Activation, ConvolutionOptions, Padding, convolution},
    normalisation::{NormalisationOptions, normalise_batch},
};
use burn::{
    module::{Module, Param, RunningState},
    tensor::{Device, Tensor, activation::relu},
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
        device: &Device,
    ) -> Self {
        let deviation = (2.0 / (outputs * kernel * kernel) as f64).sqrt();
        let weight = initial.normal([outputs, inputs, kernel, kernel], deviation, device);
        Self { weight, bias: None, stride, padding: Padding::Zero(kernel / 2) }
    }

    /// A convolution of stride 1 with bias as the decoders have it: weight and bias spread evenly
    /// over ±1/√fan-in, PyTorch's default.
    pub(super) fn of_decoder(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        padding: Padding,
        initial: &mut Initialiser,
        device: &Device,
    ) -> Self {
        let bound = default_bound(inputs, kernel);
        let weight = initial.uniform([outputs, inputs, kernel, kernel], bound, device);
        Self { weight, bias: None, stride: 1, padding }.with_bias(initial, device)
    }

    /// The same with a bias spread evenly over ±1/√fan-in.
    pub(super) fn with_bias(self, initial: &mut Initialiser, device: &Device) -> Self {
        let [outputs, inputs, kernel, _] = self.weight.dims();
        let bound = default_bound(inputs, kernel);
        Self { bias: Some(initial.uniform([outputs], bound, device)), ..self }
    }

    /// The same with another stride than it was made with.
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

/// PyTorch's bound of a convolution's first values, 1/√fan-in.
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
    /// The share of a new batch in the running statistics.
    const MOMENTUM: f64 = 0.1;

    pub(super) fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// Normalises what `convolution`, which has no bias, makes of `[batch, channels, height, width]`: by
    /// the batch's own statistics, which the running ones then follow, while the layer lives on an
    /// autodiff device; by the running ones after [`Module::valid`].
    pub fn forward(&self, convolution: &Convolution, input: Tensor<4>) -> Tensor<4> {
        self.normalise(convolution, input, None, false)
    }

    /// Normalises, adds the shortcut if there is one, and sets what is negative to zero.
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
        let [batch, _, height, width] = input.dims();
        let count = (batch * height * width) as f64;
        let options = NormalisationOptions { epsilon: Self::EPSILON, rectify };
        let (weight, bias) = (self.weight.val(), self.bias.val());
        let normalised = normalise_batch(input, weight, bias, shortcut, options);
        follow(&self.running_mean, normalised.mean);
        follow(&self.running_var, normalised.variance * (count / (count - 1.0)));
        normalised.output
    }

    /// By the running statistics it is a scaling, which the convolution's weights can take over where
    /// they are fewer than its results.
    fn normalise_by_running(
        &self,
        convolution: &Convolution,
        input: Tensor<4>,
        shortcut: Option<Tensor<4>>,
        rectify: bool,
    ) -> Tensor<4> {
        let scale = self.weight.val() / (self.running_var.value() + Self::EPSILON).sqrt();
        let shift = self.bias.val() - self.running_mean.value() * scale.clone();
        let is_rectified_at_once = rectify && shortcut.is_none();
        let activation = if is_rectified_at_once { Activation::Relu } else { Activation::None };
        let [batch, _, height, width] = input.dims();
        let [_, inputs, kernel, _] = convolution.weight.dims();
        let results_of_a_filter = batch * height * width / convolution.stride.pow(2);
        let output = if inputs * kernel * kernel < results_of_a_filter {
            let weight = convolution.weight.val() * scale.reshape([-1, 1, 1, 1]);
            let output = convolution.applied(input, weight, Some(shift), activation);
            if is_rectified_at_once {
                return output;
            }
            output
        } else {
            let output = convolution.forward(input);
            output * scale.reshape([1, -1, 1, 1]) + shift.reshape([1, -1, 1, 1])
        };
        let output = shortcut.into_iter().fold(output, |output, shortcut| output + shortcut);
        if rectify { relu(output) } else { output }
    }
}

fn follow(running: &RunningState<Tensor<1>>, batch: Tensor<1>) {
    let momentum = BatchNorm::MOMENTUM;
    running.update(running.value() * (1.0 - momentum) + batch.detach() * momentum);
    // An update rests with its thread until it is asked for; asking at once lets every reader see it.
    running.value_sync();
}
