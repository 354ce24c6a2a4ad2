//! Sizes of a convolution, and where its taps fall on the line.
//!
//! The padded input is split into `phases`² sub-images, one for each remainder of row and column by
//! the stride, and every sub-image is read as one long line, row after row. Then the input that tap
//! (i, j) pairs with output (y, x) lies at the *fixed* distance `(i / stride)·line_width + j / stride`
//! from line position `y·line_width + x` of sub-image (i mod stride, j mod stride): whatever its
//! size, stride and padding, a convolution is a sum of shifted lines, with no unfolded copy.

use crate::compute::ops::convolution::{ConvolutionOptions, Padding};

/// One term of a convolution's sum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tap {
    /// Where the weight is, from the first of its channel.
    pub(super) weight: usize,
    /// Where the line's value is, from the sum's position.
    pub(super) line: usize,
}

/// Everything that follows from the shapes of input and weight.
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
    /// Sub-images for each axis that any tap reads.
    pub(super) phases: usize,
    /// Taps for each axis that fall on one sub-image.
    pub(super) cells: usize,
    /// Length of a line's row: the output's, and what the last taps reach beyond it.
    pub(super) line_width: usize,
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

    /// Values of one image of the input.
    pub(super) fn input_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Pixels of one channel of the output.
    pub(super) fn output_plane(&self) -> usize {
        self.output_height * self.output_width
    }

    /// Values of one image of the output.
    pub(super) fn output_len(&self) -> usize {
        self.filters * self.output_plane()
    }

    /// Weights of one output channel.
    pub(super) fn fan_in(&self) -> usize {
        self.channels * self.kernel * self.kernel
    }

    /// The taps of `channels` channels in the order of their weights, when every sub-image's line is
    /// `plane` long and the lines are ordered channel, row phase, column phase.
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

    /// Zeros that a gradient needs on its line before the first value and, in rows, above it, so that
    /// every tap finds one. The margin on the right of a row serves as the next row's on the left.
    pub(super) fn gradient_margin(&self) -> usize {
        self.cells - 1
    }

    /// The taps that carry the output's gradient back to sub-image (`row`, `column`), when every
    /// filter's line is `plane` long: the weights of that phase, shifted the other way.
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

    /// How far along the line the value is that weight (`i`, `j`) pairs with an output.
    fn shift(&self, i: usize, j: usize) -> usize {
        (i / self.stride) * self.line_width + j / self.stride
    }

    /// Input rows (or columns) that padded row `padded` shows, among `length`; `None` is zero.
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
