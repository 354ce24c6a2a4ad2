//! Border sampling on the GPU: one thread a pixel, no atomics.

use super::{BorderSampling, BorderSamplingGradient};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_contiguous_dtype, tensor::CubeTensor,
};
use cubecl::{calculate_cube_count_elemwise, prelude::*};

/// The pixel before a coordinate (or at it).
#[cube]
fn first_pixel(coordinate: f32, length: usize) -> usize {
    let last = f32::cast_from(length) - 1.0;
    // Comparisons, not min and max, whose answer to NaN is the driver's choice.
    let held = select(coordinate > 0.0, select(coordinate < last, coordinate, last), 0.0);
    usize::cast_from(held)
}

/// How far behind its first pixel a coordinate lies, from 0 to 1.
#[cube]
fn fraction(coordinate: f32, length: usize) -> f32 {
    let inside = coordinate > 0.0 && coordinate < f32::cast_from(length) - 1.0;
    select(inside, coordinate - f32::cast_from(first_pixel(coordinate, length)), 0.0)
}

/// 1 if a coordinate may move, 0 if it was held at the border.
#[cube]
pub(in crate::compute::ops) fn freedom(coordinate: f32, length: usize) -> f32 {
    select(coordinate > 0.0 && coordinate < f32::cast_from(length) - 1.0, 1.0, 0.0)
}

/// The lesser of two.
#[cube]
pub(in crate::compute::ops) fn lesser(value: usize, most: usize) -> usize {
    select(value < most, value, most)
}

/// The cell of four pixels that a position lies in, and where in it.
#[derive(CubeType)]
pub(in crate::compute::ops) struct Cell {
    left: usize,
    right: usize,
    /// Index of the first pixel of the row above the position, and of that below.
    above: usize,
    below: usize,
    across: f32,
    down: f32,
}

#[cube]
pub(in crate::compute::ops) fn locate(x: f32, y: f32, height: usize, width: usize) -> Cell {
    let (left, top) = (first_pixel(x, width), first_pixel(y, height));
    Cell {
        left,
        right: lesser(left + 1, width - 1),
        above: top * width,
        below: lesser(top + 1, height - 1) * width,
        across: fraction(x, width),
        down: fraction(y, height),
    }
}

/// The colour in a cell of the plane that begins at index `plane`.
#[cube]
pub(in crate::compute::ops) fn colour_at(images: &Tensor<f32>, plane: usize, cell: &Cell) -> f32 {
    let a = images[plane + cell.above + cell.left];
    let b = images[plane + cell.above + cell.right];
    let c = images[plane + cell.below + cell.left];
    let d = images[plane + cell.below + cell.right];
    let upper = a + cell.across * (b - a);
    let lower = c + cell.across * (d - c);
    upper + cell.down * (lower - upper)
}

/// How that colour changes along x and along y.
#[cube]
pub(in crate::compute::ops) fn slopes_at(images: &Tensor<f32>, plane: usize, cell: &Cell) -> (f32, f32) {
    let a = images[plane + cell.above + cell.left];
    let b = images[plane + cell.above + cell.right];
    let c = images[plane + cell.below + cell.left];
    let d = images[plane + cell.below + cell.right];
    ((b - a) + cell.down * ((d - c) - (b - a)), (c - a) + cell.across * ((d - b) - (c - a)))
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
        let output = empty_like(&images, [batch, channels, rows, columns]);
        let threads = batch * rows * columns;
        let cube_dim = CubeDim::new(&output.client, threads);
        sample_kernel::launch(
            &output.client,
            calculate_cube_count_elemwise(&output.client, threads, cube_dim),
            cube_dim,
            images.into_tensor_arg(),
            coordinates.into_tensor_arg(),
            output.clone().into_tensor_arg(),
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
        let gradient = empty_like(&coordinates, shape);
        let threads = shape[0] * shape[2] * shape[3];
        let cube_dim = CubeDim::new(&gradient.client, threads);
        gradient_kernel::launch(
            &gradient.client,
            calculate_cube_count_elemwise(&gradient.client, threads, cube_dim),
            cube_dim,
            images.into_tensor_arg(),
            coordinates.into_tensor_arg(),
            upstream.into_tensor_arg(),
            gradient.clone().into_tensor_arg(),
        );
        gradient
    }
}

fn empty_like(tensor: &CubeTensor, shape: [usize; 4]) -> CubeTensor {
    empty_device_contiguous_dtype(tensor.client.clone(), tensor.device.clone(), shape.into(), tensor.dtype)
}
