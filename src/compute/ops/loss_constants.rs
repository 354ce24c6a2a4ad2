//! Constants of the photometric loss and of the smoothness loss, shared by all their implementations.

/// Weight of SSIM in the photometric loss, the paper's α; the rest is L1.
pub const SSIM_SHARE: f32 = 0.85;

/// C₁ of SSIM (Wang et al. 2004) for colours in 0 to 1. Keeps the quotient defined in black regions.
pub const SSIM_C1: f32 = 0.01 * 0.01;
/// C₂ of SSIM. Keeps the quotient defined in regions without contrast.
pub const SSIM_C2: f32 = 0.03 * 0.03;

/// Added to the depth of a point before its projection is divided by it, to keep that finite in the camera's plane.
pub const SMALLEST_DEPTH: f32 = 1e-7;

/// Added to the mean of a disparity before the disparity is divided by it, so that all zeros stay zeros.
pub const SMALLEST_MEAN: f32 = 1e-7;
