//! Which pixels an output pixel is computed from.

use crate::compute::ops::convolution::{ConvolutionOptions, Padding};
use cubecl::prelude::*;

/// Size, stride and border of a convolution's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ConvolutionWindow {
    /// Taps along each axis.
    pub kernel: usize,
    /// Input pixels from one output pixel to the next.
    pub stride: usize,
    /// Pixels beyond the border that it sees.
    pub margin: usize,
    /// Whether these are mirrored, not zero.
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

    /// Taps.
    pub const fn taps(self) -> usize {
        self.kernel * self.kernel
    }
}

/// An image of a batch and a pixel in it.
#[derive(CubeType)]
pub(super) struct BatchPixel {
    pub image: usize,
    pub row: usize,
    pub column: usize,
}

/// The place of a pixel, counted through all images of `height` times `width`; of one beyond the last, any.
#[cube]
pub(super) fn place_of(pixel: usize, images: usize, height: usize, width: usize) -> BatchPixel {
    let plane = height * width;
    let last = images * plane - 1;
    let pixel = select(pixel < last, pixel, last);
    let rest = pixel % plane;
    BatchPixel { image: pixel / plane, row: rest / width, column: rest % width }
}

/// The pixel `padded` counted from the first of the margin, mirrored at the ends of an axis.
#[cube]
pub(super) fn mirrored(padded: usize, length: usize, #[comptime] margin: usize) -> usize {
    let edge = margin.runtime();
    let inside = select(padded < edge, edge - padded, padded - edge);
    select(inside < length, inside, length * 2 - 2 - inside)
}

/// What the window at an output's place sees through a tap in one plane of `[batch, channels, height, width]`.
#[cube]
pub(super) fn seen(
    input: &Tensor<f32>,
    place: &BatchPixel,
    channel: usize,
    tap: usize,
    #[comptime] window: ConvolutionWindow,
) -> f32 {
    let (channels, height, width) = (input.shape(1), input.shape(2), input.shape(3));
    let row = place.row * window.stride + tap / window.kernel;
    let column = place.column * window.stride + tap % window.kernel;
    let plane = (place.image * channels + channel) * height * width;
    if comptime!(window.margin == 0) {
        input[plane + row * width + column]
    } else if comptime!(window.reflects) {
        let row = mirrored(row, height, window.margin);
        input[plane + row * width + mirrored(column, width, window.margin)]
    } else {
        // Above and left of the image the differences wrap, and so lie far beyond it.
        let (row, column) = (row - window.margin, column - window.margin);
        let is_inside = row < height && column < width;
        let value = input[select(is_inside, plane + row * width + column, 0)];
        select(is_inside, value, 0.0)
    }
}
