//! Border sampling on the GPU: one thread per pixel, no atomics.

use super::{BorderSampling, BorderSamplingGradient};
use crate::compute::ops::cube::{argument, empty, one_thread_each};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use cubecl::prelude::*;

/// Index of the pixel before (or at) a coordinate, clamped to the axis.
#[cube]
fn first_pixel(coordinate: f32, length: usize) -> usize {
    let last = f32::cast_from(length) - 1.0;
    // Comparisons, because drivers differ in what min and max give for NaN.
    let held = select(coordinate > 0.0, select(coordinate < last, coordinate, last), 0.0);
    usize::cast_from(held)
}

/// Distance of a coordinate from its first pixel, 0 to 1.
#[cube]
fn fraction(coordinate: f32, length: usize) -> f32 {
    let inside = coordinate > 0.0 && coordinate < f32::cast_from(length) - 1.0;
    select(inside, coordinate - f32::cast_from(first_pixel(coordinate, length)), 0.0)
}

/// Factor of a coordinate's gradient: 0 if the coordinate was clamped to the border, else 1.
#[cube]
pub(in crate::compute::ops) fn freedom(coordinate: f32, length: usize) -> f32 {
    select(coordinate > 0.0 && coordinate < f32::cast_from(length) - 1.0, 1.0, 0.0)
}

/// Smaller of two indices.
#[cube]
pub(in crate::compute::ops) fn min_index(value: usize, other: usize) -> usize {
    select(value < other, value, other)
}

/// The four pixels around a position, and the weights of bilinear interpolation.
#[derive(CubeType)]
pub(in crate::compute::ops) struct Cell {
    left: usize,
    right: usize,
    /// Index of the first pixel of the row above the position.
    above: usize,
    /// Index of the first pixel of the row below the position.
    below: usize,
    /// Weight of the right column.
    x_weight: f32,
    /// Weight of the lower row.
    y_weight: f32,
}

#[cube]
pub(in crate::compute::ops) fn locate(x: f32, y: f32, height: usize, width: usize) -> Cell {
    let (left, top) = (first_pixel(x, width), first_pixel(y, height));
    Cell {
        left,
        right: min_index(left + 1, width - 1),
        above: top * width,
        below: min_index(top + 1, height - 1) * width,
        x_weight: fraction(x, width),
        y_weight: fraction(y, height),
    }
}

/// Interpolated value at a position in the plane that begins at index `plane`.
#[cube]
pub(in crate::compute::ops) fn colour_at(images: &Tensor<f32>, plane: usize, cell: &Cell) -> f32 {
    let a = images[plane + cell.above + cell.left];
    let b = images[plane + cell.above + cell.right];
    let c = images[plane + cell.below + cell.left];
    let d = images[plane + cell.below + cell.right];
    let upper = a + cell.x_weight * (b - a);
    let lower = c + cell.x_weight * (d - c);
    upper + cell.y_weight * (lower - upper)
}

/// Derivatives of `colour_at` along x and along y.
#[cube]
pub(in crate::compute::ops) fn slopes_at(images: &Tensor<f32>, plane: usize, cell: &Cell) -> (f32, f32) {
    let a = images[plane + cell.above + cell.left];
    let b = images[plane + cell.above + cell.right];
    let c = images[plane + cell.below + cell.left];
    let d = images[plane + cell.below + cell.right];
    ((b - a) + cell.y_weight * ((d - c) - (b - a)), (c - a) + cell.x_weight * ((d - b) - (c - a)))
}

#[cube(launch)]
fn sample_kernel(images: &Tensor<f32>, coordinates: &Tensor<f32>, output: &mut Tensor<f32>) {
    let (channels, height, width) = (images.shape(1), images.shape(2), images.shape(3));
    let pixels = output.shape(2) * output.shape(3);
    if ABSOLUTE_POS >= output.shape(0) * pixels {
        terminate!();
    }
    let item = ABSOLUTE_POS / pixels;
    let pixel = ABSOLUTE_POS % pixels;
    let x = coordinates[item * 2 * pixels + pixel];
    let y = coordinates[(item * 2 + 1) * pixels + pixel];
    let cell = locate(x, y, height, width);
    for channel in 0..channels {
        let plane = item * channels + channel;
        output[plane * pixels + pixel] = colour_at(images, plane * height * width, &cell);
    }
}

#[cube(launch)]
fn gradient_kernel(
    images: &Tensor<f32>,
    coordinates: &Tensor<f32>,
    upstream: &Tensor<f32>,
    gradient: &mut Tensor<f32>,
) {
    let (channels, height, width) = (images.shape(1), images.shape(2), images.shape(3));
    let pixels = coordinates.shape(2) * coordinates.shape(3);
    if ABSOLUTE_POS >= coordinates.shape(0) * pixels {
        terminate!();
    }
    let item = ABSOLUTE_POS / pixels;
    let pixel = ABSOLUTE_POS % pixels;
    let x = coordinates[item * 2 * pixels + pixel];
    let y = coordinates[(item * 2 + 1) * pixels + pixel];
    let cell = locate(x, y, height, width);
    let mut along_x = f32::new(0.0);
    let mut along_y = f32::new(0.0);
    for channel in 0..channels {
        let plane = item * channels + channel;
        let value = upstream[plane * pixels + pixel];
        let (slope_x, slope_y) = slopes_at(images, plane * height * width, &cell);
        along_x += value * slope_x;
        along_y += value * slope_y;
    }
    gradient[item * 2 * pixels + pixel] = along_x * freedom(x, width);
    gradient[(item * 2 + 1) * pixels + pixel] = along_y * freedom(y, height);
}

impl BorderSampling for CubeBackend {
    fn sample_border(images: FloatTensor<Self>, coordinates: FloatTensor<Self>) -> FloatTensor<Self> {
        let (images, coordinates) = (into_contiguous(images), into_contiguous(coordinates));
        let [batch, channels, _, _] = images.shape().dims();
        let [_, _, rows, columns] = coordinates.shape().dims();
        let output = empty(&images, [batch, channels, rows, columns]);
        let (cubes, threads) = one_thread_each(&output, batch * rows * columns);
        sample_kernel::launch(
            &output.client,
            cubes,
            threads,
            argument(&images),
            argument(&coordinates),
            argument(&output),
        );
        output
    }
}

impl BorderSamplingGradient for CubeBackend {
    fn sample_border_gradient(
        images: FloatTensor<Self>,
        coordinates: FloatTensor<Self>,
        output_gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (images, coordinates) = (into_contiguous(images), into_contiguous(coordinates));
        let upstream = into_contiguous(output_gradient);
        let shape: [usize; 4] = coordinates.shape().dims();
        let gradient = empty(&coordinates, shape);
        let (cubes, threads) = one_thread_each(&gradient, shape[0] * shape[2] * shape[3]);
        gradient_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&images),
            argument(&coordinates),
            argument(&upstream),
            argument(&gradient),
        );
        gradient
    }
}
