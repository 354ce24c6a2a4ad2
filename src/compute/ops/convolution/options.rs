//! How to convolve.

use super::activation::Activation;

/// Border of the input as the convolution sees it, and how far: the margin on each side, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Zeros.
    Zero(usize),
    /// The input mirrored at its outermost pixels, which are not repeated.
    Reflect(usize),
}

impl Padding {
    /// The margin on each side.
    pub fn margin(self) -> usize {
        match self {
            Self::Zero(margin) | Self::Reflect(margin) => margin,
        }
    }
}

/// How to convolve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionOptions {
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
    /// The border.
    pub padding: Padding,
    /// What is applied to the result.
    pub activation: Activation,
}
