//! Constants, arguments and state of an Adam update, shared by its implementations.

use burn::{
    module::ParamId,
    tensor::{Device, Tensor},
};
use std::collections::HashMap;

/// Decay of the running mean of gradients.
pub(super) const BETA_1: f32 = 0.9;
/// Decay of the running mean of squared gradients.
pub(super) const BETA_2: f32 = 0.999;
/// Added to the divisor of an update, which stays finite where all gradients were 0.
pub(super) const EPSILON: f32 = 1e-8;

/// Running means of a parameter's gradient and of its square, flattened.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Running mean of gradients, `[count]`.
    pub first: Tensor<1>,
    /// Running mean of squared gradients, `[count]`.
    pub second: Tensor<1>,
}

impl Moments {
    pub(super) fn zeros(count: usize, device: &Device) -> Self {
        Self { first: Tensor::zeros([count], device), second: Tensor::zeros([count], device) }
    }
}

/// State of Adam as published (β 0.9 and 0.999, ε 1e-8). `crate::train` steps it,
/// [`crate::runs::Checkpoint`] saves it.
#[derive(Debug, Default)]
pub struct AdamState {
    /// Updates made so far.
    pub steps: u64,
    /// Moments by parameter.
    pub moments: HashMap<ParamId, Moments>,
}

/// Step size and bias correction of one update.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    learning_rate: f64,
    pub(super) step_size: f32,
    pub(super) second_correction: f32,
    /// Factor that multiplies every parameter before its update; `None` without weight decay.
    pub(super) decay_factor: Option<f32>,
}

impl AdamStep {
    /// Numbers of update number `step`, counted from 1, without weight decay.
    pub fn new(learning_rate: f64, step: u64) -> Self {
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        Self {
            learning_rate,
            step_size: (learning_rate / correction(BETA_1)) as f32,
            second_correction: correction(BETA_2).sqrt() as f32,
            decay_factor: None,
        }
    }

    /// Adds decoupled weight decay (Loshchilov and Hutter, ICLR 2019): every parameter is multiplied by `1 -
    /// learning_rate * weight_decay` before the update. As in PyTorch's `AdamW` every parameter with a gradient
    /// decays, biases and the weights of normalisation too. With 0 the results are bit-identical to those without
    /// decay.
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        let decay_factor = (weight_decay != 0.0).then_some((1.0 - self.learning_rate * weight_decay) as f32);
        Self { decay_factor, ..self }
    }
}

/// Arguments of one parameter's update, flattened.
#[derive(Debug)]
pub struct ParameterUpdate {
    /// Parameter, `[count]`.
    pub parameter: Tensor<1>,
    /// Gradient of the loss, `[count]`.
    pub gradient: Tensor<1>,
    /// Moments so far; `None` before the first update.
    pub moments: Option<Moments>,
}
