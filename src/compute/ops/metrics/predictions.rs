//! What the metrics of a step are measured on.

use burn::tensor::Tensor;

/// Tensors that the figures of a step's predictions are computed from.
#[derive(Clone, Debug)]
pub struct PredictionStatisticsInputs {
    /// Of the finest scale, `[B, 1, H, W]`.
    pub disparity: Tensor<4>,
    /// `source_from_target [B, 4, 4]` of the finest scale, by predicted source.
    pub motions: Vec<Tensor<3>>,
    /// Disparity of the coarsest scale, `[B, 1, h, w]`.
    pub coarse_disparity: Tensor<4>,
    /// `source_from_target [B, 4, 4]` of the coarsest scale, by source.
    pub coarse_motions: Vec<Tensor<3>>,
    /// Focal lengths and principal point, x then y, in pixels of the coarsest scale, by sample.
    pub cameras: Vec<[f32; 4]>,
    /// Offset and slope of 1 / depth over disparity.
    pub inverse_depth: (f32, f32),
}
