//! Border sampling on the GPU: one thread a pixel, no atomics.

use super::{BorderSampling, BorderSamplingGradient};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{
    CubeBackend, kernel::into_contiguous, ops::numeric::empty_device_dtype, tensor::CubeTensor,
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
fn freedom(coordinate: f32, length: usize) -> f32 {
    select(coordinate > 0.0 && coordinate < f32::cast_from(length) - 1.0, 1.0, 0.0)
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
    let left = first_pixel(x, width);
    let right = clamp_max(left + 1, width - 1);
    let above = first_pixel(y, height) * width;
    let below = clamp_max(first_pixel(y, height) + 1, height - 1) * width;
    let across = fraction(x, width);
    let down = fraction(y, height);
    for channel in 0..channels {
        let plane = (item * channels + channel) * height * width;
        let a = images[plane + above + left];
        let b = images[plane + above + right];
        let c = images[plane + below + left];
        let d = images[plane + below + right];
        let upper = a + across * (b - a);
        let lower = c + across * (d - c);
        output[(item * channels + channel) * pixels + pixel] = upper + down * (lower - upper);
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
    let left = first_pixel(x, width);
    let right = clamp_max(left + 1, width - 1);
    let above = first_pixel(y, height) * width;
    let below = clamp_max(first_pixel(y, height) + 1, height - 1) * width;
    let across = fraction(x, width);
    let down = fraction(y, height);
    let mut along_x = f32::new(0.0);
    let mut along_y = f32::new(0.0);
    for channel in 0..channels {
        let plane = (item * channels + channel) * height * width;
        let a = images[plane + above + left];
        let b = images[plane + above + right];
        let c = images[plane + below + left];
        let d = images[plane + below + right];
        let value = upstream[(item * channels + channel) * pixels + pixel];
        along_x += value * ((b - a) + down * ((d - c) - (b - a)));
        along_y += value * ((c - a) + across * ((d - b) - (c - a)));
    }
    gradient[item * 2 * pixels + pixel] = along_x * freedom(x, width);
    gradient[(item * 2 + 1) * pixels + pixel] = along_y * freedom(y, height);
}

#[cube]
fn clamp_max(value: usize, most: usize) -> usize {
    select(value < most, value, most)
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
    empty_device_dtype(tensor.client.clone(), tensor.device.clone(), shape.into(), tensor.dtype)
}
