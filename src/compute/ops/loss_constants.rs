//! Constants of the photometric loss and of smoothness: one definition for every implementation of them.

/// Share of SSIM in the photometric loss; the rest is L1 (the paper's α).
pub const SSIM_SHARE: f32 = 0.85;

/// C₁ of SSIM (Wang et al. 2004) for colours in 0 to 1: keeps its quotient defined where there is no brightness.
pub const SSIM_C1: f32 = 0.01 * 0.01;
/// C₂ of SSIM: keeps its quotient defined where there is no contrast.
pub const SSIM_C2: f32 = 0.03 * 0.03;

/// Added to the depth of a point before the division of its projection, which stays finite in the camera's own plane.
pub const SMALLEST_DEPTH: f32 = 1e-7;

/// Added to a disparity's mean before the division by it: a disparity that is 0 everywhere stays 0.
pub const SMALLEST_MEAN: f32 = 1e-7;
