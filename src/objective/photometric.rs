//! Photometric loss of two images: structure (SSIM) and colour (L1).

use crate::compute::ops::{
    loss_constants::{SSIM_C1, SSIM_C2, SSIM_SHARE},
    reflection_pad,
};
use burn::tensor::{Tensor, module::avg_pool2d, ops::AvgPoolOptions};
use serde::{Deserialize, Serialize};

/// A term of the photometric loss, before its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PhotometricTerm {
    /// [`ssim_loss`], averaged over colours.
    Ssim,
    /// |a − b|, averaged over colours.
    L1,
}

impl PhotometricTerm {
    /// Both terms.
    pub const ALL: [Self; 2] = [Self::Ssim, Self::L1];

    /// Weight of the term in the photometric loss.
    pub const fn share(self) -> f32 {
        match self {
            Self::Ssim => SSIM_SHARE,
            Self::L1 => 1.0 - SSIM_SHARE,
        }
    }

    /// The term for two images `[B, 3, H, W]` at each pixel, `[B, 1, H, W]`.
    pub fn between(self, a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Ssim => ssim_loss(a, b).mean_dim(1),
            Self::L1 => (a - b).abs().mean_dim(1),
        }
    }
}

/// The photometric loss of two images `[B, 3, H, W]` at each pixel, `[B, 1, H, W]`:
/// 0.85·SSIM loss + 0.15·|a − b|, each averaged over colours; without SSIM only |a − b|.
pub fn photometric_loss(a: Tensor<4>, b: Tensor<4>, use_ssim: bool) -> Tensor<4> {
    use PhotometricTerm::{L1, Ssim};
    let colour = L1.between(a.clone(), b.clone());
    if !use_ssim {
        return colour;
    }
    Ssim.between(a, b) * Ssim.share() + colour * L1.share()
}

/// (1 − SSIM) / 2 clamped to 0..1, by channel and pixel, over windows of 3×3 pixels in images
/// mirrored at their edges.
pub fn ssim_loss(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    let (a, b) = (reflection_pad(a, 1), reflection_pad(b, 1));
    let (mean_a, mean_b) = (window_mean(a.clone()), window_mean(b.clone()));
    let means = mean_a.clone() * mean_b.clone();
    let (square_a, square_b) = (mean_a.powi_scalar(2), mean_b.powi_scalar(2));
    let variance_a = window_mean(a.clone().powi_scalar(2)) - square_a.clone();
    let variance_b = window_mean(b.clone().powi_scalar(2)) - square_b.clone();
    let covariance = window_mean(a * b) - means.clone();
    let above = (means * 2.0 + SSIM_C1) * (covariance * 2.0 + SSIM_C2);
    let below = (square_a + square_b + SSIM_C1) * (variance_a + variance_b + SSIM_C2);
    ((-(above / below) + 1.0) / 2.0).clamp(0.0, 1.0)
}

fn window_mean(image: Tensor<4>) -> Tensor<4> {
    avg_pool2d(image, AvgPoolOptions::new([3, 3]).with_stride([1, 1]))
}
