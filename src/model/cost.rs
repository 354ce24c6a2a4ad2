//! The memory cost of networks, computed from their architecture alone, so that a run's memory can be estimated
//! without building them.

use std::ops::{Add, Mul};

/// Number of parameters and activations of convolutions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NetworkCost {
    /// Number of kernel weights; biases and normalisations are too few to matter.
    pub parameters: f64,
    /// Number of values in all feature maps, per pixel of the input.
    pub activations: f64,
}

impl Add for NetworkCost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            parameters: self.parameters + other.parameters,
            activations: self.activations + other.activations,
        }
    }
}

impl std::iter::Sum for NetworkCost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::add)
    }
}

/// Cost of applying the same parameters `times` times.
impl Mul<f64> for NetworkCost {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self { activations: self.activations * times, ..self }
    }
}

/// Cost of a convolution from `inputs` to `outputs` channels, whose output has the size of the input image halved
/// `halvings` times.
pub(super) fn convolution([inputs, outputs]: [usize; 2], kernel: usize, halvings: usize) -> NetworkCost {
    NetworkCost {
        parameters: (inputs * outputs * kernel * kernel) as f64,
        activations: outputs as f64 / area(halvings),
    }
}

/// Pixels of the input per pixel of a map whose size is halved `halvings` times.
pub(super) fn area(halvings: usize) -> f64 {
    4_f64.powi(i32::try_from(halvings).unwrap_or(i32::MAX))
}
