//! Tensors that the metrics of a step are computed from.

use burn::tensor::Tensor;

/// Predictions of a step that its metrics are computed from.
#[derive(Clone, Debug)]
pub struct PredictionStatisticsInputs {
    /// Disparity of the finest scale, `[B, 1, H, W]`.
    pub disparity: Tensor<4>,
    /// `source_from_target [B, 4, 4]` of the finest scale, by predicted source.
    pub motions: Vec<Tensor<3>>,
    /// Disparity of the coarsest scale, `[B, 1, h, w]`.
    pub coarse_disparity: Tensor<4>,
    /// `source_from_target [B, 4, 4]` of the coarsest scale, by source.
    pub coarse_motions: Vec<Tensor<3>>,
    /// Focal lengths and principal point of each sample, in pixels of the coarsest scale: fx, fy, cx, cy.
    pub cameras: Vec<[f32; 4]>,
    /// Offset and slope of 1 / depth as a function of disparity.
    pub inverse_depth: (f32, f32),
}
