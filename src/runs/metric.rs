//! The metrics of a step that are drawn as curves and judged by health checks.

use super::{PredictionStatistics, StepReport};

/// A number that is measured at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// [`StepReport::loss`].
    Loss,
    /// [`StepReport::learning_rate`].
    LearningRate,
    /// [`StepReport::gradient_norm`].
    GradientNorm,
    /// [`StepReport::masked_share`].
    MaskedShare,
    /// [`PredictionStatistics::disparity_mean`].
    MeanDisparity,
    /// [`PredictionStatistics::disparity_spread`].
    DisparitySpread,
    /// [`PredictionStatistics::translation`].
    Translation,
    /// [`PredictionStatistics::out_of_view_share`].
    OutOfView,
    /// [`StepReport::images_per_second`].
    Speed,
}

impl Metric {
    /// All metrics, in the order shown.
    pub const ALL: [Self; 9] = [
        Self::Loss,
        Self::LearningRate,
        Self::GradientNorm,
        Self::MaskedShare,
        Self::MeanDisparity,
        Self::DisparitySpread,
        Self::Translation,
        Self::OutOfView,
        Self::Speed,
    ];

    /// Name for the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "Loss",
            Self::LearningRate => "Learning rate",
            Self::GradientNorm => "Gradient norm",
            Self::MaskedShare => "Share masked",
            Self::MeanDisparity => "Mean disparity",
            Self::DisparitySpread => "Disparity spread",
            Self::Translation => "Translation",
            Self::OutOfView => "Out of view",
            Self::Speed => "Images/s",
        }
    }

    /// Explanation in one sentence, for a tooltip.
    pub fn help(self) -> &'static str {
        match self {
            Self::Loss => "The objective, in all and at each scale of the disparity pyramid",
            Self::LearningRate => "Adam's learning rate",
            Self::GradientNorm => "Length of the gradient of all weights together, before it is clipped",
            Self::MaskedShare => {
                "Share of pixels that the auto-mask leaves out at the finest scale: near 1, nothing trains"
            }
            Self::MeanDisparity => "Mean of the predicted disparity: 1 is nearest, 0 farthest",
            Self::DisparitySpread => {
                "Standard deviation of the disparity over an image's pixels: near 0, depth is flat"
            }
            Self::Translation => "Length of the predicted motion between frames, in the network's own units",
            Self::OutOfView => "Share of pixels that predicted depth and motion project outside a source",
            Self::Speed => "Samples trained per second",
        }
    }

    /// Value at a step; `None` if its report lacks it.
    pub fn of(self, report: &StepReport) -> Option<f64> {
        let statistic =
            |value: fn(&PredictionStatistics) -> f32| report.statistics.as_ref().map(|all| value(all).into());
        match self {
            Self::Loss => Some(report.loss.into()),
            Self::LearningRate => Some(report.learning_rate),
            Self::GradientNorm => Some(report.gradient_norm.into()),
            Self::MaskedShare => Some(report.masked_share.into()),
            Self::MeanDisparity => statistic(|all| all.disparity_mean),
            Self::DisparitySpread => statistic(|all| all.disparity_spread),
            Self::Translation => report.statistics?.translation.map(f64::from),
            Self::OutOfView => statistic(|all| all.out_of_view_share),
            Self::Speed => Some(report.images_per_second),
        }
    }
}
