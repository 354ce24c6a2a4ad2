//! Activation functions.

use burn::tensor::{Tensor, activation::relu};

/// Exponential linear unit with α = 1: x where x > 0, else eˣ − 1. Any shape.
///
/// This form takes no exponential of a positive number. burn's own takes it and masks it out afterwards, so that its
/// gradient is NaN where the exponential overflows.
pub fn elu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    relu(input.clone()) + input.clamp_max(0.0).exp() - 1.0
}
