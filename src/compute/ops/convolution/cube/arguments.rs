//! Arguments that every kernel of the forward pass takes.

use super::window::ConvolutionWindow;
use crate::compute::ops::convolution::Activation;
use burn_cubecl::tensor::CubeTensor;

/// Tensors and parameters of a forward pass. All tensors are contiguous.
#[derive(Clone, Copy)]
pub(super) struct ForwardArguments<'a> {
    /// `[batch, channels, height, width]`.
    pub input: &'a CubeTensor,
    /// `[filters, channels, k, k]`.
    pub weight: &'a CubeTensor,
    /// `[filters]`.
    pub bias: Option<&'a CubeTensor>,
    /// Tensor to write to, `[batch, filters, output height, output width]`.
    pub output: &'a CubeTensor,
    pub window: ConvolutionWindow,
    pub activation: Activation,
}
