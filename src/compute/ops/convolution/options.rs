//! Options of a convolution.

use super::activation::Activation;

/// Padding of the input, with its margin on each side in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Padding with zeros.
    Zero(usize),
    /// Padding with the mirror image about the outermost pixels, which are not repeated.
    Reflect(usize),
}

impl Padding {
    /// Margin on each side, pixels.
    pub fn margin(self) -> usize {
        match self {
            Self::Zero(margin) | Self::Reflect(margin) => margin,
        }
    }
}

/// Stride, padding and activation of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionOptions {
    /// Input pixels from one output pixel to the next, along both axes.
    pub stride: usize,
    /// Padding of the input.
    pub padding: Padding,
    /// Function applied to the result.
    pub activation: Activation,
}
