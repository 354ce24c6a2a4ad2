//! Photometric loss on the GPU and the minimum over candidates, one thread per pixel.

#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "what kernels hand to each other are registers, and each is given every buffer that it touches"
)]

use crate::compute::ops::{
    cube::workgroup_sum,
    loss_constants::{SSIM_C1, SSIM_C2, SSIM_SHARE},
    noise::cube::noise_at,
    reduction::{CHUNKS, THREADS, chunk_of},
    reprojection::GREY,
};
use cubecl::prelude::*;

/// Index of the pixel `step − 1` after `index`, mirrored at the ends of an axis.
#[cube]
fn mirrored(index: usize, step: usize, length: usize) -> usize {
    let after = index + step;
    select(after == 0, 1, select(after == length + 1, length - 2, after - 1))
}

/// Statistics of one colour of an image x and of the target y, both less [`GREY`], over the window of 3×3 pixels around
/// a pixel.
#[derive(CubeType)]
pub(super) struct SsimStatistics {
    mean: f32,
    /// Mean of the target.
    other: f32,
    variance: f32,
    /// Variance of the target.
    other_variance: f32,
    covariance: f32,
}

/// Statistics of the window around a pixel of the planes that begin at these indices.
#[cube]
pub(super) fn window_at(
    image: &Tensor<f32>,
    image_plane: usize,
    target: &Tensor<f32>,
    target_plane: usize,
    pixel: usize,
) -> SsimStatistics {
    let (height, width) = (target.shape(2), target.shape(3));
    let mut sum = f32::new(0.0);
    let mut other_sum = f32::new(0.0);
    let mut square = f32::new(0.0);
    let mut other_square = f32::new(0.0);
    let mut product = f32::new(0.0);
    for dy in 0..3 {
        let row = mirrored(pixel / width, dy, height) * width;
        for dx in 0..3 {
            let here = row + mirrored(pixel % width, dx, width);
            let x = image[image_plane + here] - GREY;
            let y = target[target_plane + here] - GREY;
            sum += x;
            other_sum += y;
            square += x * x;
            other_square += y * y;
            product += x * y;
        }
    }
    let (mean, other) = (sum / 9.0, other_sum / 9.0);
    SsimStatistics {
        mean,
        other,
        variance: square / 9.0 - mean * mean,
        other_variance: other_square / 9.0 - other * other,
        covariance: product / 9.0 - mean * other,
    }
}

/// SSIM of a window, and its derivatives with respect to the means E[x̃], E[x̃²] and E[x̃ỹ].
#[derive(CubeType)]
pub(super) struct Structure {
    pub ssim: f32,
    pub by_mean: f32,
    pub by_square: f32,
    pub by_product: f32,
}

#[cube]
pub(super) fn structure(window: SsimStatistics) -> Structure {
    let (brightness, other_brightness) = (window.mean + GREY, window.other + GREY);
    let n1 = brightness * other_brightness * 2.0 + SSIM_C1;
    let n2 = window.covariance * 2.0 + SSIM_C2;
    let d1 = brightness * brightness + other_brightness * other_brightness + SSIM_C1;
    let d2 = window.variance + window.other_variance + SSIM_C2;
    let inverse = f32::new(1.0) / (d1 * d2);
    let ssim = n1 * n2 * inverse;
    Structure {
        ssim,
        by_mean: ((other_brightness * n2 - window.other * n1) * inverse
            - ssim * (brightness / d1 - window.mean / d2))
            * 2.0,
        by_square: -ssim / d2,
        by_product: n1 * inverse * 2.0,
    }
}

/// Photometric loss at a pixel of image number `image` against the target of `item`.
#[cube]
fn photometric_at(
    images: &Tensor<f32>,
    image: usize,
    target: &Tensor<f32>,
    item: usize,
    pixel: usize,
    #[comptime] use_ssim: bool,
) -> f32 {
    let pixels = target.shape(2) * target.shape(3);
    let mut difference = f32::new(0.0);
    let mut dissimilarity = f32::new(0.0);
    for colour in 0..3 {
        let image_plane = (image * 3 + colour) * pixels;
        let target_plane = (item * 3 + colour) * pixels;
        difference += (images[image_plane + pixel] - target[target_plane + pixel]).abs();
        if use_ssim {
            let ssim = structure(window_at(images, image_plane, target, target_plane, pixel)).ssim;
            dissimilarity += ((1.0 - ssim) / 2.0).clamp(0.0, 1.0);
        }
    }
    if use_ssim {
        dissimilarity * (SSIM_SHARE / 3.0) + difference * ((1.0 - SSIM_SHARE) / 3.0)
    } else {
        difference / 3.0
    }
}

/// Photometric loss `[B, N, H, W]` of every image in `images [B, 3·N, H, W]` against the target.
#[cube(launch)]
pub(super) fn photometric_kernel(
    images: &Tensor<f32>,
    target: &Tensor<f32>,
    losses: &mut Tensor<f32>,
    #[comptime] use_ssim: bool,
) {
    let pixels = target.shape(2) * target.shape(3);
    let count = losses.shape(1);
    if ABSOLUTE_POS >= losses.shape(0) * count * pixels {
        terminate!();
    }
    let image = ABSOLUTE_POS / pixels;
    let pixel = ABSOLUTE_POS % pixels;
    losses[ABSOLUTE_POS] = photometric_at(images, image, target, image / count, pixel, use_ssim);
}

/// Losses of the warped sources, the smallest candidate loss of each pixel, and that candidate's index (identities come
/// first). `identity` has `identities` planes per item; if there are none, it is not read. If `noisy`, noise of the
/// stream is added to it.
#[cube(launch)]
pub(super) fn compare_kernel(
    warped: &Tensor<f32>,
    target: &Tensor<f32>,
    identity: &Tensor<f32>,
    reprojection: &mut Tensor<f32>,
    minimum: &mut Tensor<f32>,
    chosen: &mut Tensor<f32>,
    stream_low: u32,
    stream_high: u32,
    #[comptime] noisy: bool,
    #[comptime] identities: usize,
    #[comptime] use_ssim: bool,
) {
    let pixels = target.shape(2) * target.shape(3);
    let sources = reprojection.shape(1);
    if ABSOLUTE_POS >= target.shape(0) * pixels {
        terminate!();
    }
    let item = ABSOLUTE_POS / pixels;
    let pixel = ABSOLUTE_POS % pixels;
    let mut smallest = f32::max_value();
    let mut number = f32::new(0.0);
    for candidate in 0..identities {
        let index = (item * identities + candidate) * pixels + pixel;
        let mut loss = identity[index];
        if noisy {
            loss += noise_at(stream_low, stream_high, index);
        }
        if loss < smallest {
            smallest = loss;
            number = f32::cast_from(candidate);
        }
    }
    for source in 0..sources {
        let image = item * sources + source;
        let loss = photometric_at(warped, image, target, item, pixel, use_ssim);
        reprojection[image * pixels + pixel] = loss;
        if loss < smallest {
            smallest = loss;
            number = f32::cast_from(identities + source);
        }
    }
    minimum[ABSOLUTE_POS] = smallest;
    chosen[ABSOLUTE_POS] = number;
}

/// Sums over each chunk of each item, `[B, 1, 1, CHUNKS]`: of the smallest candidate losses, and of the number of pixels
/// that train because a source is chosen there.
#[cube(launch)]
pub(super) fn chunk_totals_kernel(
    minimum: &Tensor<f32>,
    chosen: &Tensor<f32>,
    losses: &mut Tensor<f32>,
    trained: &mut Tensor<f32>,
    #[comptime] identities: usize,
) {
    let pixels = minimum.shape(2) * minimum.shape(3);
    if CUBE_POS >= minimum.shape(0) * CHUNKS {
        terminate!();
    }
    let item = CUBE_POS / CHUNKS;
    let chunk = chunk_of(CUBE_POS % CHUNKS, pixels);
    let mut loss = f32::new(0.0);
    let mut count = f32::new(0.0);
    let mut pixel = chunk.first + UNIT_POS as usize;
    while pixel < chunk.end {
        let index = item * pixels + pixel;
        loss += minimum[index];
        let trains: f32 = select(chosen[index] >= f32::cast_from(identities), 1.0, 0.0);
        count += trains;
        pixel += THREADS;
    }
    let loss = workgroup_sum::<f32>(loss, THREADS);
    let count = workgroup_sum::<f32>(count, THREADS);
    if UNIT_POS == 0 {
        losses[CUBE_POS] = loss;
        trained[CUBE_POS] = count;
    }
}

/// Sums over all chunks, times `share`, by a single workgroup.
#[cube(launch)]
pub(super) fn totals_kernel(
    losses: &Tensor<f32>,
    trained: &Tensor<f32>,
    loss: &mut Tensor<f32>,
    trained_share: &mut Tensor<f32>,
    share: f32,
) {
    if CUBE_POS > 0 {
        terminate!();
    }
    let mut sum = f32::new(0.0);
    let mut count = f32::new(0.0);
    let mut index = UNIT_POS as usize;
    while index < losses.len() {
        sum += losses[index];
        count += trained[index];
        index += THREADS;
    }
    let sum = workgroup_sum::<f32>(sum, THREADS);
    let count = workgroup_sum::<f32>(count, THREADS);
    if UNIT_POS == 0 {
        loss[0] = sum * share;
        trained_share[0] = count * share;
    }
}
