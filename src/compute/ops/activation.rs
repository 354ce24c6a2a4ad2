//! Activation functions.

use burn::tensor::{Tensor, activation::relu};

/// The exponential linear unit with α = 1: x where x > 0, else eˣ − 1. Any shape.
///
/// Written so that no exponential of a positive number is taken: burn's own masks one out after the
/// fact, and its gradient is NaN where that exponential is infinite.
pub fn elu<const D: usize>(input: Tensor<D>) -> Tensor<D> {
    relu(input.clone()) + input.clamp_max(0.0).exp() - 1.0
}
