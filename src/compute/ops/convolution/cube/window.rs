//! Window of a convolution: the input pixels that an output pixel depends on.

use crate::compute::ops::convolution::{ConvolutionOptions, Padding};
use cubecl::prelude::*;

/// Size, stride and padding of a convolution's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ConvolutionWindow {
    /// Taps along each axis.
    pub kernel: usize,
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
    /// Padding on each side, pixels.
    pub margin: usize,
    /// True if the padding is mirrored, false if it is zero.
    pub reflects: bool,
}

impl ConvolutionWindow {
    pub fn new(kernel: usize, options: ConvolutionOptions) -> Self {
        let ConvolutionOptions { stride, padding, .. } = options;
        Self { kernel, stride, margin: padding.margin(), reflects: matches!(padding, Padding::Reflect(_)) }
    }

    /// Height and width of the output.
    pub fn output_size(self, input: [usize; 2]) -> [usize; 2] {
        input.map(|length| (length + 2 * self.margin - self.kernel) / self.stride + 1)
    }

    /// Number of taps.
    pub const fn taps(self) -> usize {
        self.kernel * self.kernel
    }
}

/// A pixel of an image of a batch.
#[derive(CubeType)]
pub(super) struct BatchPixel {
    pub image: usize,
    pub row: usize,
    pub column: usize,
}

/// Position of pixel number `pixel`, counted through all images of `height` × `width`; a number beyond the last pixel is
/// clamped to it.
#[cube]
pub(super) fn pixel_at(pixel: usize, images: usize, height: usize, width: usize) -> BatchPixel {
    let plane = height * width;
    let last = images * plane - 1;
    let pixel = select(pixel < last, pixel, last);
    let rest = pixel % plane;
    BatchPixel { image: pixel / plane, row: rest / width, column: rest % width }
}

/// Index of a pixel, mirrored at the ends of an axis; `padded` counts from the first pixel of the margin.
#[cube]
pub(super) fn mirrored(padded: usize, length: usize, #[comptime] margin: usize) -> usize {
    let edge = margin.runtime();
    let inside = select(padded < edge, edge - padded, padded - edge);
    select(inside < length, inside, length * 2 - 2 - inside)
}

/// Input `[batch, channels, height, width]` at the pixel that a tap of an output pixel's window reads.
#[cube]
pub(super) fn input_at(
    input: &Tensor<f32>,
    pixel: &BatchPixel,
    channel: usize,
    tap: usize,
    #[comptime] window: ConvolutionWindow,
) -> f32 {
    let (channels, height, width) = (input.shape(1), input.shape(2), input.shape(3));
    let row = pixel.row * window.stride + tap / window.kernel;
    let column = pixel.column * window.stride + tap % window.kernel;
    let plane = (pixel.image * channels + channel) * height * width;
    if comptime!(window.margin == 0) {
        input[plane + row * width + column]
    } else if comptime!(window.reflects) {
        let row = mirrored(row, height, window.margin);
        input[plane + row * width + mirrored(column, width, window.margin)]
    } else {
        // Above and left of the image the differences wrap around, to values far beyond it.
        let (row, column) = (row - window.margin, column - window.margin);
        let is_inside = row < height && column < width;
        let value = input[select(is_inside, plane + row * width + column, 0)];
        select(is_inside, value, 0.0)
    }
}
