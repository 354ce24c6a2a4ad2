//! Border sampling on the CPU: rows in parallel, one pass.

use super::{BorderSampling, BorderSamplingGradient};
use crate::compute::ops::flex::{Planes, tensor};
use burn::backend::{Flex, tensor::FloatTensor};
use rayon::prelude::*;

/// Pair of pixels along an axis that a coordinate lies between.
#[derive(Clone, Copy)]
struct TapPosition {
    first: usize,
    second: usize,
    /// Weight of `second`.
    weight: f32,
    /// Factor of the coordinate's gradient: 0 if the coordinate was clamped to the border, else 1.
    free: f32,
}

impl TapPosition {
    #[inline(always)]
    fn new(coordinate: f32, length: usize) -> Self {
        let last = (length - 1) as f32;
        // Given NaN, `max` returns its other operand, so NaN becomes pixel 0.
        let held = coordinate.max(0.0).min(last);
        let first = held as usize;
        Self {
            first,
            second: (first + 1).min(length - 1),
            weight: held - first as f32,
            free: if coordinate > 0.0 && coordinate < last { 1.0 } else { 0.0 },
        }
    }
}

/// Values of the four pixels around a position in one channel: upper left, upper right, lower left, lower right.
#[inline(always)]
fn neighbours(channel: &[f32], width: usize, x: TapPosition, y: TapPosition) -> [f32; 4] {
    let (above, below) = (y.first * width, y.second * width);
    [channel[above + x.first], channel[above + x.second], channel[below + x.first], channel[below + x.second]]
}

impl BorderSampling for Flex {
    fn sample_border(images: FloatTensor<Self>, coordinates: FloatTensor<Self>) -> FloatTensor<Self> {
        let (images, coordinates) = (Planes::new(images), Planes::new(coordinates));
        let ([batch, channels, height, width], [_, _, rows, columns]) = (images.shape, coordinates.shape);
        let mut output = vec![0.0; batch * channels * rows * columns];
        output.par_chunks_mut(columns).enumerate().for_each(|(index, output)| {
            let (plane, row) = (index / rows, index % rows);
            let item = plane / channels;
            let channel = images.plane(item, plane % channels);
            let (xs, ys) = (coordinates.row(item, 0, row), coordinates.row(item, 1, row));
            for (value, (x, y)) in output.iter_mut().zip(xs.iter().zip(ys)) {
                let (x, y) = (TapPosition::new(*x, width), TapPosition::new(*y, height));
                let [a, b, c, d] = neighbours(channel, width, x, y);
                let (above, below) = (a + x.weight * (b - a), c + x.weight * (d - c));
                *value = above + y.weight * (below - above);
            }
        });
        tensor(output, [batch, channels, rows, columns])
    }
}

impl BorderSamplingGradient for Flex {
    fn sample_border_gradient(
        images: FloatTensor<Self>,
        coordinates: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (images, coordinates) = (Planes::new(images), Planes::new(coordinates));
        let upstream = Planes::new(output_gradient);
        let ([batch, channels, height, width], [_, _, rows, columns]) = (images.shape, coordinates.shape);
        // Interleaved by row, so that one thread writes both axes of a row.
        let mut by_row = vec![0.0; batch * rows * 2 * columns];
        by_row.par_chunks_mut(2 * columns).enumerate().for_each(|(index, gradient)| {
            let (item, row) = (index / rows, index % rows);
            let (xs, ys) = (coordinates.row(item, 0, row), coordinates.row(item, 1, row));
            let (along_x, along_y) = gradient.split_at_mut(columns);
            for channel in 0..channels {
                let (pixels, upstream) = (images.plane(item, channel), upstream.row(item, channel, row));
                for column in 0..columns {
                    let (x, y) = (TapPosition::new(xs[column], width), TapPosition::new(ys[column], height));
                    let [a, b, c, d] = neighbours(pixels, width, x, y);
                    let slope_x = (b - a) + y.weight * ((d - c) - (b - a));
                    let slope_y = (c - a) + x.weight * ((d - b) - (c - a));
                    along_x[column] += upstream[column] * slope_x * x.free;
                    along_y[column] += upstream[column] * slope_y * y.free;
                }
            }
        });
        let mut gradient = vec![0.0; by_row.len()];
        gradient.par_chunks_mut(columns).enumerate().for_each(|(index, values)| {
            let (plane, row) = (index / rows, index % rows);
            let start = ((plane / 2 * rows + row) * 2 + plane % 2) * columns;
            values.copy_from_slice(&by_row[start..start + columns]);
        });
        tensor(gradient, [batch, 2, rows, columns])
    }
}
