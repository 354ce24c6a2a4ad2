//! Gradient of the photometric loss on the GPU, with respect to the colours of the warped sources. Each pixel gathers
//! from the windows that contain it, so no atomics are needed.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::{
    compare::{structure, window_at},
    warp::Pixel,
};
use crate::compute::ops::{loss_constants::SSIM_SHARE, reprojection::GREY};
use cubecl::prelude::*;

/// Derivatives of each pixel's loss with respect to the three window means of the source chosen there, for each colour:
/// `[B, 9, H, W]`, not yet divided by the number of pixels; 0 where no source is chosen.
#[cube(launch)]
pub(super) fn slopes_kernel(
    warped: &Tensor<f32>,
    target: &Tensor<f32>,
    chosen: &Tensor<f32>,
    slopes: &mut Tensor<f32>,
    #[comptime] identities: usize,
) {
    let pixels = target.shape(2) * target.shape(3);
    if ABSOLUTE_POS >= target.shape(0) * pixels {
        terminate!();
    }
    let item = ABSOLUTE_POS / pixels;
    let index = ABSOLUTE_POS % pixels;
    let number = usize::cast_from(chosen[ABSOLUTE_POS]);
    let trains = number >= identities;
    let source = select(trains, number - identities, 0);
    let image = item * (warped.shape(1) / 3) + source;
    for colour in 0..3 {
        let image_plane = (image * 3 + colour) * pixels;
        let target_plane = (item * 3 + colour) * pixels;
        let change = structure(window_at(warped, image_plane, target, target_plane, index));
        // The loss has −SSIM / 2, a colour is a third of SSIM, and a pixel is a ninth of a window mean.
        let counts = trains && change.ssim.abs() <= 1.0;
        let slope = select(counts, -SSIM_SHARE / 54.0, 0.0);
        let start = (item * 9 + colour * 3) * pixels + index;
        slopes[start] = slope * change.by_mean;
        slopes[start + pixels] = slope * change.by_square;
        slopes[start + 2 * pixels] = slope * change.by_product;
    }
}

/// Number of times that the window `step − 1` after a pixel contains the pixel along an axis: 2 if mirroring at the
/// image's edge repeats it, 0 if there is no such window.
#[cube]
fn times_held(index: usize, step: usize, length: usize) -> f32 {
    let after = index + step;
    let is_outside = after == 0 || after == length + 1;
    let is_mirrored = (step == 0 && index == 1) || (step == 2 && index + 2 == length);
    let times = select(is_mirrored, f32::new(2.0), f32::new(1.0));
    select(is_outside, 0.0, times)
}

/// Derivative of the loss with respect to one colour of a warped source at a pixel, not yet divided by the number of
/// pixels: that of L1 if the source was chosen there, and that of SSIM from the surrounding windows where it was chosen.
/// Without SSIM `slopes` is not read.
#[cube]
pub(super) fn colour_gradient(
    warped: &Tensor<f32>,
    target: &Tensor<f32>,
    chosen: &Tensor<f32>,
    slopes: &Tensor<f32>,
    pixel: &Pixel,
    source: usize,
    colour: usize,
    #[comptime] identities: usize,
    #[comptime] use_ssim: bool,
) -> f32 {
    let (height, width) = (target.shape(2), target.shape(3));
    let pixels = height * width;
    let index = pixel.row * width + pixel.column;
    let candidate = f32::cast_from(identities + source);
    let x = warped[(pixel.item * warped.shape(1) + source * 3 + colour) * pixels + index];
    let y = target[(pixel.item * 3 + colour) * pixels + index];
    let above: f32 = select(x > y, 1.0, 0.0);
    let below: f32 = select(x < y, 1.0, 0.0);
    let sign = above - below;
    let l1_share = if use_ssim { f32::new((1.0 - SSIM_SHARE) / 3.0) } else { f32::new(1.0 / 3.0) };
    let mut sum = select(chosen[pixel.item * pixels + index] == candidate, sign * l1_share, 0.0);
    if use_ssim {
        for dy in 0..3 {
            for dx in 0..3 {
                let times = times_held(pixel.row, dy, height) * times_held(pixel.column, dx, width);
                if times > 0.0 {
                    let window = (pixel.row + dy - 1) * width + pixel.column + dx - 1;
                    if chosen[pixel.item * pixels + window] == candidate {
                        let start = (pixel.item * 9 + colour * 3) * pixels + window;
                        let by_square = slopes[start + pixels];
                        let by_product = slopes[start + 2 * pixels];
                        sum +=
                            times * (slopes[start] + (x - GREY) * by_square * 2.0 + (y - GREY) * by_product);
                    }
                }
            }
        }
    }
    sum
}
