//! Update step of Adam (Kingma and Ba, ICLR 2015, algorithm 1), with decoupled weight decay (Loshchilov and Hutter,
//! ICLR 2019).

mod cube;
mod flex;
mod step;

pub use step::{AdamState, AdamStep, Moments, ParameterUpdate};

use super::{GroupLimits, Guard};
use burn::tensor::{Device, Tensor};
use step::{BETA_1, BETA_2, EPSILON};

/// Updates parameters by their gradients times the guard's factor, if the guard is open; else parameters and
/// moments stay unchanged. One pass over memory on the CPU backend, a few launches on the GPU backend, within
/// `limits` (`None`: those of the adapter).
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

/// Updates one parameter; `moments` are `None` at its first update.
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

/// Reference implementation of [`adam_update`], composed of burn's operations.
pub fn reference_adam_update<const D: usize>(
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
    let parameter =
        step.decay_factor.map_or(parameter.clone(), |decay_factor| parameter.mul_scalar(decay_factor));
    (parameter - change, Moments { first, second })
}
