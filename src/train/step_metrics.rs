//! The metrics of a step: computed on the device, read back together.

use super::NonFinite;
use crate::{
    compute::{ComputeError, PendingRead, ops::add_metrics, values},
    config::ObjectiveConfig,
    objective::ObjectiveOutput,
    runs::{PredictionStatistics, StepReport},
};
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// Metrics of a step, averaged over all its samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepMetrics {
    /// Loss that is minimised.
    pub loss: f32,
    /// Loss of each trained scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Share of pixels that the auto-mask leaves out at the finest trained scale.
    pub masked_share: f32,
    /// Statistics of disparity and motion.
    pub statistics: PredictionStatistics,
    /// Euclidean norm of the gradient of all weights together, before clipping.
    pub gradient_norm: f32,
}

impl StepMetrics {
    /// Everything but the loss, on the device: losses of the scales, masked share, statistics.
    fn tensors(objective_output: &ObjectiveOutput, config: &ObjectiveConfig) -> Vec<Tensor<1>> {
        let losses = objective_output.scale_losses.values().cloned().map(Tensor::without_autodiff);
        let masked_share = objective_output.masked_share.clone().without_autodiff();
        losses
            .chain([masked_share, PredictionStatistics::measure(&objective_output.inputs, config)])
            .collect()
    }

    /// Adds `share` times the metrics of a micro-batch to sums on the device: the loss, then
    /// [`StepMetrics::tensors`].
    pub(super) fn sum_on_device(
        sums: Option<Tensor<1>>,
        objective_output: &ObjectiveOutput,
        share: f32,
        config: &ObjectiveConfig,
    ) -> Tensor<1> {
        let loss = objective_output.loss.clone().without_autodiff();
        add_metrics(sums, [vec![loss], Self::tensors(objective_output, config)].concat(), share)
    }

    /// Adds `share` times the metrics of a micro-batch with this loss, waiting for the others.
    pub(super) fn add(
        &mut self,
        objective_output: &ObjectiveOutput,
        loss: f32,
        share: f32,
        config: &ObjectiveConfig,
    ) -> anyhow::Result<()> {
        let numbers = values(Tensor::cat(Self::tensors(objective_output, config), 0))?;
        let metrics =
            Self::from_numbers(loss, &numbers, objective_output.scale_losses.keys().copied(), config);
        self.loss += share * loss;
        self.masked_share += share * metrics.masked_share;
        self.statistics.add(share, metrics.statistics);
        for (scale, loss) in metrics.scale_losses {
            *self.scale_losses.entry(scale).or_default() += share * loss;
        }
        Ok(())
    }

    fn from_numbers(
        loss: f32,
        numbers: &[f32],
        scales: impl ExactSizeIterator<Item = usize>,
        config: &ObjectiveConfig,
    ) -> Self {
        let (losses, rest) = numbers.split_at(scales.len());
        let [masked_share, statistics @ ..] = <[f32; 1 + PredictionStatistics::COUNT]>::try_from(rest)
            .expect("as many numbers as were concatenated");
        Self {
            loss,
            scale_losses: scales.zip(losses.iter().copied()).collect(),
            masked_share,
            statistics: PredictionStatistics::from_numbers(statistics, config),
            gradient_norm: 0.0,
        }
    }

    /// Writes the metrics into the report of their step.
    pub(super) fn write_to(self, report: &mut StepReport) {
        let Self { loss, scale_losses, masked_share, statistics, gradient_norm } = self;
        (report.loss, report.scale_losses) = (loss, scale_losses);
        (report.masked_share, report.gradient_norm) = (masked_share, gradient_norm);
        report.statistics = Some(statistics);
    }

    /// Checks that loss and gradient norm are finite.
    pub(super) fn check(&self) -> Result<(), NonFinite> {
        NonFinite::check("loss", self.loss)?;
        NonFinite::check("gradient's norm", self.gradient_norm)
    }
}

/// Metrics of a step whose work was queued on the device.
pub struct PendingMetrics {
    metrics: Metrics,
    /// Number of updates that the optimiser had made before.
    pub(super) updates_before: u64,
}

enum Metrics {
    Known(StepMetrics),
    Reading { read: PendingRead, scales: Vec<usize>, config: ObjectiveConfig },
}

impl PendingMetrics {
    /// Metrics that need no reading.
    pub(super) fn known(metrics: StepMetrics, updates_before: u64) -> Self {
        Self { metrics: Metrics::Known(metrics), updates_before }
    }

    /// Metrics that are being read: the gradient norm, then the sums of [`StepMetrics::sum_on_device`].
    pub(super) fn reading(
        read: PendingRead,
        objective_output: &ObjectiveOutput,
        config: ObjectiveConfig,
        updates_before: u64,
    ) -> Self {
        let scales = objective_output.scale_losses.keys().copied().collect();
        Self { metrics: Metrics::Reading { read, scales, config }, updates_before }
    }

    /// Tells if nothing has to be read.
    pub fn is_known(&self) -> bool {
        matches!(self.metrics, Metrics::Known(_))
    }

    /// Waits for the metrics.
    ///
    /// # Errors
    /// If the device was lost.
    pub(super) fn wait(self) -> Result<StepMetrics, ComputeError> {
        match self.metrics {
            Metrics::Known(metrics) => Ok(metrics),
            Metrics::Reading { read, scales, config } => {
                let numbers = read.wait()?;
                let [gradient_norm, loss, rest @ ..] = &numbers[..] else {
                    unreachable!("a step has a gradient norm and a loss")
                };
                let metrics = StepMetrics::from_numbers(*loss, rest, scales.into_iter(), &config);
                Ok(StepMetrics { gradient_norm: *gradient_norm, ..metrics })
            }
        }
    }
}
