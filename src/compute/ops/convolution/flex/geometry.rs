//! Sizes of a convolution, and the offsets of its taps on a line.
//!
//! The padded input is divided into `phases`² sub-images, one for each remainder of row and column modulo the stride.
//! Each sub-image is read as one long line, row after row. Then the input that tap (i, j) multiplies for output (y, x)
//! is at a *fixed* distance `(i / stride)·line_width + j / stride` from position `y·line_width + x` on the line of
//! sub-image (i mod stride, j mod stride). So a convolution of any size, stride and padding is a sum of shifted lines,
//! without an unfolded copy.

use crate::compute::ops::convolution::{ConvolutionOptions, Padding};

/// Offsets of one term of a convolution's sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// Offset of the weight from the first weight of its filter.
    pub(super) weight: usize,
    /// Offset of the value on the line from the position of the sum.
    pub(super) line: usize,
}

/// Sizes that follow from the shapes of input and weight, and from the options.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) batch: usize,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) filters: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: Padding,
    pub(super) output_height: usize,
    pub(super) output_width: usize,
    /// Number of sub-images along each axis that taps read.
    pub(super) phases: usize,
    /// Most taps along each axis that read the same sub-image.
    pub(super) cells: usize,
    /// Length of a row of a line: the output's width, and the columns that the last taps reach beyond it.
    pub(super) line_width: usize,
    /// Rows of a line: the output's height, and the rows that the last taps reach beyond it.
    pub(super) line_height: usize,
}

impl Geometry {
    pub(super) fn new(input: [usize; 4], weight: [usize; 4], options: ConvolutionOptions) -> Self {
        let [batch, channels, height, width] = input;
        let [filters, _, kernel, _] = weight;
        let ConvolutionOptions { stride, padding, .. } = options;
        let margin = padding.margin();
        let output_height = (height + 2 * margin - kernel) / stride + 1;
        let output_width = (width + 2 * margin - kernel) / stride + 1;
        let cells = kernel.div_ceil(stride);
        Self {
            batch,
            channels,
            height,
            width,
            filters,
            kernel,
            stride,
            padding,
            output_height,
            output_width,
            phases: stride.min(kernel),
            cells,
            line_width: output_width + cells - 1,
            line_height: output_height + cells - 1,
        }
    }

    /// Number of values of one image of the input.
    pub(super) fn input_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Number of pixels of one channel of the output.
    pub(super) fn output_plane(&self) -> usize {
        self.output_height * self.output_width
    }

    /// Number of values of one image of the output.
    pub(super) fn output_len(&self) -> usize {
        self.filters * self.output_plane()
    }

    /// Number of weights of one filter.
    pub(super) fn fan_in(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// Taps of `channels` channels in the order of their weights, for lines of length `plane` in the order channel, row
    /// phase, column phase.
    pub(super) fn taps(&self, channels: usize, plane: usize) -> Vec<Tap> {
        let mut taps = Vec::with_capacity(channels * self.kernel * self.kernel);
        for channel in 0..channels {
            for i in 0..self.kernel {
                for j in 0..self.kernel {
                    let phase = (i % self.stride) * self.phases + j % self.stride;
                    let line = (channel * self.phases * self.phases + phase) * plane;
                    taps.push(Tap { weight: taps.len(), line: line + self.shift(i, j) });
                }
            }
        }
        taps
    }

    /// Zeros that a gradient needs on its line before the first value, and rows of zeros above it, so that no tap reaches
    /// beyond them. The margin to the right of a row is also the margin to the left of the next.
    pub(super) fn gradient_margin(&self) -> usize {
        self.cells - 1
    }

    /// Taps that take the output's gradient back to sub-image (`row`, `column`), for lines of length `plane`, one per
    /// filter: the weights of that phase, shifted in the opposite direction.
    pub(super) fn gradient_taps(&self, row: usize, column: usize, plane: usize) -> Vec<Tap> {
        let start = self.gradient_margin() * (self.line_width + 1);
        let mut taps = Vec::with_capacity(self.filters * self.cells * self.cells);
        for filter in 0..self.filters {
            for i in (row..self.kernel).step_by(self.stride) {
                for j in (column..self.kernel).step_by(self.stride) {
                    let weight = filter * self.fan_in() + i * self.kernel + j;
                    taps.push(Tap { weight, line: filter * plane + start - self.shift(i, j) });
                }
            }
        }
        taps
    }

    /// Distance along the line between an output and the value that weight (`i`, `j`) multiplies for it.
    fn shift(&self, i: usize, j: usize) -> usize {
        (i / self.stride) * self.line_width + j / self.stride
    }

    /// Input row (or column) among `length` that is at row `padded` of the padded input; `None` where the padding is zero.
    pub(super) fn source(&self, padded: usize, length: usize) -> Option<usize> {
        let margin = self.padding.margin();
        let mirror = matches!(self.padding, Padding::Reflect(_));
        if padded < margin {
            mirror.then(|| margin - padded)
        } else if padded < margin + length {
            Some(padded - margin)
        } else if padded < length + 2 * margin {
            mirror.then(|| 2 * (length - 1) + margin - padded)
        } else {
            None
        }
    }
}
