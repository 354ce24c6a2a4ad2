//! The size of networks, computed from their architecture alone, so that a run's memory can be estimated without
//! building them.

use std::ops::{Add, Mul};

/// Weights of convolutions and the size of what they compute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Size {
    /// Weights of the kernels; biases and normalisations are too few to matter.
    pub weights: f64,
    /// Numbers in all feature maps, for a pixel of the input.
    pub values: f64,
}

impl Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { weights: self.weights + other.weights, values: self.values + other.values }
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), Self::add)
    }
}

/// The same weights, used so many times.
impl Mul<f64> for Size {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self { values: self.values * times, ..self }
    }
}

/// Size of a convolution whose result is an image halved so often.
pub(super) fn convolution([inputs, outputs]: [usize; 2], kernel: usize, halvings: usize) -> Size {
    Size { weights: (inputs * outputs * kernel * kernel) as f64, values: outputs as f64 / area(halvings) }
}

/// Pixels of the input that make one of a map halved so often.
pub(super) fn area(halvings: usize) -> f64 {
    4_f64.powi(i32::try_from(halvings).unwrap_or(i32::MAX))
}
