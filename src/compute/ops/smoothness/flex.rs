//! Smoothness on the CPU: the items of a batch in parallel.

use super::{FusedSmoothness, FusedSmoothnessGradient};
use crate::compute::ops::{
    flex::{Planes, tensor},
    loss_constants::SMALLEST_MEAN,
};
use burn::backend::{Flex, tensor::FloatTensor};
use rayon::prelude::*;

impl FusedSmoothness for Flex {
    fn smoothness(disparity: FloatTensor<Self>, image: FloatTensor<Self>) -> FloatTensor<Self> {
        let [loss, _] = Self::smoothness_with_gradient(disparity, image);
        loss
    }
}

impl FusedSmoothnessGradient for Flex {
    fn smoothness_with_gradient(
        disparity: FloatTensor<Self>,
        image: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2] {
        let (disparity, image) = (Planes::new(disparity), Planes::new(image));
        let [batch, _, height, width] = disparity.shape;
        let mut gradient = vec![0.0; batch * height * width];
        let losses = gradient.par_chunks_mut(height * width).enumerate().map(|(item, gradient)| {
            let colours = [0, 1, 2].map(|colour| image.plane(item, colour));
            smoothness_of_item(disparity.plane(item, 0), colours, batch, width, gradient)
        });
        let loss: f64 = losses.sum();
        [tensor(vec![loss as f32], [1]), tensor(gradient, disparity.shape)]
    }
}

/// Contribution of one of `batch` items to the loss. Its gradient is written to `gradient`, which must be 0 before.
fn smoothness_of_item(
    disparity: &[f32],
    colours: [&[f32]; 3],
    batch: usize,
    width: usize,
    gradient: &mut [f32],
) -> f64 {
    let (pixels, height) = (disparity.len(), disparity.len() / width);
    let mean = disparity.iter().map(|value| f64::from(*value)).sum::<f64>() / pixels as f64;
    let scale = 1.0 / (mean as f32 + SMALLEST_MEAN);
    let x_share = 1.0 / (batch * height * (width - 1)) as f32;
    let y_share = 1.0 / (batch * (height - 1) * width) as f32;
    let mut loss = 0.0_f64;
    for row in 0..height {
        let mut row_loss = 0.0;
        let mut pair = |first: usize, second: usize, share: f32| {
            let edge: f32 = colours.iter().map(|colour| (colour[first] - colour[second]).abs()).sum();
            let weight = (-edge / 3.0).exp() * share;
            let difference = (disparity[first] - disparity[second]) * scale;
            let slope = weight * (f32::from(difference > 0.0) - f32::from(difference < 0.0));
            row_loss += difference.abs() * weight;
            gradient[first] += slope;
            gradient[second] -= slope;
        };
        let start = row * width;
        (start..start + width - 1).for_each(|pixel| pair(pixel, pixel + 1, x_share));
        if row + 1 < height {
            (start..start + width).for_each(|pixel| pair(pixel, pixel + width, y_share));
        }
        loss += f64::from(row_loss);
    }
    let mean_of_products = (loss / pixels as f64) as f32;
    gradient.iter_mut().for_each(|slope| *slope = (*slope - mean_of_products) * scale);
    loss
}
