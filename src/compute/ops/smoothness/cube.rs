//! Smoothness on the GPU, one thread per pixel.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::{FusedSmoothness, FusedSmoothnessGradient};
use crate::compute::ops::{
    cube::{argument, empty, one_thread_each, row_sums},
    loss_constants::SMALLEST_MEAN,
    reduction::{CHUNKS, chunk_sums, sum_of_chunks},
};
use burn::backend::{TensorMetadata, tensor::FloatTensor};
use burn_cubecl::{CubeBackend, kernel::into_contiguous};
use cubecl::prelude::*;

/// Factor that gives the disparities of an item mean 1; `sums` are the sums of its chunks.
#[cube]
fn scale_of(sums: &Tensor<f32>, item: usize, pixels: usize) -> f32 {
    f32::new(1.0) / (sum_of_chunks(sums, item) / f32::cast_from(pixels) + SMALLEST_MEAN)
}

/// Edge weight exp(−|difference of colours|) of two pixels of an item, by their indices in a plane.
#[cube]
fn weight(image: &Tensor<f32>, item: usize, first: usize, second: usize) -> f32 {
    let pixels = image.shape(2) * image.shape(3);
    let mut edge = f32::new(0.0);
    for colour in 0..3 {
        let plane = (item * 3 + colour) * pixels;
        edge += (image[plane + first] - image[plane + second]).abs();
    }
    (-edge / 3.0).exp()
}

/// Sign of a number: −1, 0 or 1.
#[cube]
fn sign(value: f32) -> f32 {
    let above: f32 = select(value > 0.0, 1.0, 0.0);
    let below: f32 = select(value < 0.0, 1.0, 0.0);
    above - below
}

/// Each pixel's loss, with its neighbours to the right and below, and its derivative with respect to the normalised
/// disparity, from all four neighbours. `x_share` and `y_share` are 1 / the number of pairs along each axis.
#[cube(launch)]
fn slopes_kernel(
    disparity: &Tensor<f32>,
    image: &Tensor<f32>,
    sums: &Tensor<f32>,
    losses: &mut Tensor<f32>,
    slopes: &mut Tensor<f32>,
    x_share: f32,
    y_share: f32,
) {
    let (height, width) = (image.shape(2), image.shape(3));
    let pixels = height * width;
    if ABSOLUTE_POS >= image.shape(0) * pixels {
        terminate!();
    }
    let item = ABSOLUTE_POS / pixels;
    let pixel = ABSOLUTE_POS % pixels;
    let (row, column) = (pixel / width, pixel % width);
    let scale = scale_of(sums, item, pixels);
    let here = disparity[ABSOLUTE_POS];
    let mut loss = f32::new(0.0);
    let mut slope = f32::new(0.0);
    if column + 1 < width {
        let difference = (here - disparity[ABSOLUTE_POS + 1]) * scale;
        let share = weight(image, item, pixel, pixel + 1) * x_share;
        loss += difference.abs() * share;
        slope += sign(difference) * share;
    }
    if row + 1 < height {
        let difference = (here - disparity[ABSOLUTE_POS + width]) * scale;
        let share = weight(image, item, pixel, pixel + width) * y_share;
        loss += difference.abs() * share;
        slope += sign(difference) * share;
    }
    if column > 0 {
        let difference = here - disparity[ABSOLUTE_POS - 1];
        slope += sign(difference) * weight(image, item, pixel - 1, pixel) * x_share;
    }
    if row > 0 {
        let difference = here - disparity[ABSOLUTE_POS - width];
        slope += sign(difference) * weight(image, item, pixel - width, pixel) * y_share;
    }
    losses[ABSOLUTE_POS] = loss;
    slopes[ABSOLUTE_POS] = slope;
}

/// Gradient with respect to the disparity; `losses` are the sums of the losses of each chunk of each item.
#[cube(launch)]
fn gradient_kernel(
    slopes: &Tensor<f32>,
    sums: &Tensor<f32>,
    losses: &Tensor<f32>,
    gradient: &mut Tensor<f32>,
) {
    let pixels = slopes.shape(2) * slopes.shape(3);
    if ABSOLUTE_POS >= slopes.shape(0) * pixels {
        terminate!();
    }
    let item = ABSOLUTE_POS / pixels;
    let mean_of_products = sum_of_chunks(losses, item) / f32::cast_from(pixels);
    gradient[ABSOLUTE_POS] = (slopes[ABSOLUTE_POS] - mean_of_products) * scale_of(sums, item, pixels);
}

impl FusedSmoothness for CubeBackend {
    fn smoothness(disparity: FloatTensor<Self>, image: FloatTensor<Self>) -> FloatTensor<Self> {
        let [loss, _] = Self::smoothness_with_gradient(disparity, image);
        loss
    }
}

impl FusedSmoothnessGradient for CubeBackend {
    fn smoothness_with_gradient(
        disparity: FloatTensor<Self>,
        image: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2] {
        let (disparity, image) = (into_contiguous(disparity), into_contiguous(image));
        let shape: [usize; 4] = disparity.shape().dims();
        let [batch, _, height, width] = shape;
        let sums = chunk_sums(&disparity);
        let map = || empty(&disparity, shape);
        let (losses, slopes, gradient) = (map(), map(), map());
        let (cubes, threads) = one_thread_each(&losses, batch * height * width);
        slopes_kernel::launch(
            &losses.client,
            cubes.clone(),
            threads,
            argument(&disparity),
            argument(&image),
            argument(&sums),
            argument(&losses),
            argument(&slopes),
            1.0 / (batch * height * (width - 1)) as f32,
            1.0 / (batch * (height - 1) * width) as f32,
        );
        let losses = chunk_sums(&losses);
        gradient_kernel::launch(
            &gradient.client,
            cubes,
            threads,
            argument(&slopes),
            argument(&sums),
            argument(&losses),
            argument(&gradient),
        );
        [row_sums(&losses, batch * CHUNKS, 1.0), gradient]
    }
}
