//! One update of Adam (Kingma and Ba, ICLR 2015, algorithm 1).

mod cube;
mod flex;

use super::{GroupLimits, Guard};
use burn::tensor::{Device, Tensor};

/// How much of each running mean stays.
const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
/// Keeps an update finite where all gradients were 0.
const EPSILON: f32 = 1e-8;

/// Running means of a parameter's gradient and of its square, flattened.
#[derive(Clone, Debug)]
pub struct Moments {
    /// Mean of gradients.
    pub first: Tensor<1>,
    /// Mean of squared gradients.
    pub second: Tensor<1>,
}

impl Moments {
    fn zeros(count: usize, device: &Device) -> Self {
        Self { first: Tensor::zeros([count], device), second: Tensor::zeros([count], device) }
    }
}

/// The numbers of one update.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    step_size: f32,
    second_correction: f32,
}

impl AdamStep {
    /// The update number `step`, counted from 1.
    pub fn new(learning_rate: f64, step: u64) -> Self {
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step as f64);
        Self {
            step_size: (learning_rate / correction(BETA_1)) as f32,
            second_correction: correction(BETA_2).sqrt() as f32,
        }
    }
}

/// A parameter with what it is updated by, flattened.
#[derive(Debug)]
pub struct ParameterUpdate {
    /// `[count]`.
    pub parameter: Tensor<1>,
    /// `[count]`.
    pub gradient: Tensor<1>,
    /// `None` before the first update.
    pub moments: Option<Moments>,
}

/// Updates parameters by their gradients times the guard's factor, if it is open; else all of them and their
/// moments stay as they are. One pass over memory on the CPU backend; on the GPU backend a few launches, of
/// which `limits` says how much they take (else the adapter does).
pub fn adam_update_all(
    updates: Vec<ParameterUpdate>,
    step: AdamStep,
    guard: &Guard,
    limits: Option<GroupLimits>,
) -> Vec<(Tensor<1>, Moments)> {
    match updates.first() {
        Some(first) if first.parameter.device() != Device::flex() => {
            cube::update(updates, step, guard, limits)
        }
        _ => {
            let (is_open, factor) = guard.read();
            let update = |ParameterUpdate { parameter, gradient, moments }: ParameterUpdate| {
                let moments =
                    moments.unwrap_or_else(|| Moments::zeros(parameter.dims()[0], &parameter.device()));
                if !is_open {
                    return (parameter, moments);
                }
                let gradient = if factor == 1.0 { gradient } else { gradient.mul_scalar(factor) };
                flex::update(parameter, gradient, moments, step)
            };
            updates.into_iter().map(update).collect()
        }
    }
}

/// Updates one parameter; without moments this is its first update.
pub fn adam_update<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<Moments>,
    step: AdamStep,
) -> (Tensor<D>, Moments) {
    let (shape, device) = (parameter.dims(), parameter.device());
    let count: usize = shape.iter().product();
    let (parameter, gradient) = (parameter.reshape([count]), gradient.reshape([count]));
    let update = ParameterUpdate { parameter, gradient, moments };
    let updated = adam_update_all(vec![update], step, &Guard::open(1.0, &device), None);
    let (parameter, moments) = updated.into_iter().next().expect("one parameter gives one");
    (parameter.reshape(shape), moments)
}

/// [`adam_update`] from burn's operations: the twin that tests compare with.
pub fn composed_adam_update<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    moments: Option<Moments>,
    step: AdamStep,
) -> (Tensor<D>, Moments) {
    let shape = parameter.dims();
    let count = shape.iter().product();
    let gradient = gradient.reshape([count]);
    let moments = moments.unwrap_or_else(|| Moments::zeros(count, &parameter.device()));
    let first = moments.first.mul_scalar(BETA_1) + gradient.clone().mul_scalar(1.0 - BETA_1);
    let second = moments.second.mul_scalar(BETA_2) + gradient.clone().mul(gradient).mul_scalar(1.0 - BETA_2);
    let scale = second.clone().sqrt().div_scalar(step.second_correction).add_scalar(EPSILON);
    let change = first.clone().div(scale).mul_scalar(step.step_size).reshape(shape);
    (parameter - change, Moments { first, second })
}
