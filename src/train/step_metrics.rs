//! The numbers of a step: measured where it is made, read together.

use super::NonFinite;
use crate::{
    compute::{ComputeError, PendingRead, ops::add_metrics, values},
    config::ObjectiveConfig,
    objective::ObjectiveOutput,
    runs::{PredictionStatistics, StepReport},
};
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// The numbers of an update, averaged over all its samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepMetrics {
    /// The objective.
    pub loss: f32,
    /// Its part at each trained scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Share of pixels that the auto-mask leaves out.
    pub masked_share: f32,
    /// What the predictions are like.
    pub signals: PredictionStatistics,
    /// Length of the gradient of all parameters together, before it is clipped.
    pub gradient_norm: f32,
}

impl StepMetrics {
    /// The numbers of an outcome without its loss, on the device.
    fn parts(outcome: &ObjectiveOutput, config: &ObjectiveConfig) -> Vec<Tensor<1>> {
        let losses = outcome.scale_losses.values().cloned().map(Tensor::without_autodiff);
        let masked_share = outcome.masked_share.clone().without_autodiff();
        losses.chain([masked_share, PredictionStatistics::measure(&outcome.judged, config)]).collect()
    }

    /// Adds a share of an outcome's numbers to sums on the device: the loss, then [`StepMetrics::parts`].
    pub(super) fn sum_on_device(
        sums: Option<Tensor<1>>,
        outcome: &ObjectiveOutput,
        share: f32,
        config: &ObjectiveConfig,
    ) -> Tensor<1> {
        let loss = outcome.loss.clone().without_autodiff();
        add_metrics(sums, [vec![loss], Self::parts(outcome, config)].concat(), share)
    }

    /// Adds a share of an outcome with this loss, reading its other numbers at once.
    pub(super) fn add(
        &mut self,
        outcome: &ObjectiveOutput,
        loss: f32,
        share: f32,
        config: &ObjectiveConfig,
    ) -> anyhow::Result<()> {
        let numbers = values(Tensor::cat(Self::parts(outcome, config), 0))?;
        let part = Self::from_numbers(loss, &numbers, outcome.scale_losses.keys().copied(), config);
        self.loss += share * loss;
        self.masked_share += share * part.masked_share;
        self.signals.add(share, part.signals);
        for (scale, loss) in part.scale_losses {
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
        let [masked_share, signals @ ..] = <[f32; 1 + PredictionStatistics::COUNT]>::try_from(rest)
            .expect("as many numbers as were put together");
        Self {
            loss,
            scale_losses: scales.zip(losses.iter().copied()).collect(),
            masked_share,
            signals: PredictionStatistics::from_numbers(signals, config),
            gradient_norm: 0.0,
        }
    }

    /// Writes these numbers into the report of their step.
    pub(super) fn complete(self, report: &mut StepReport) {
        let Self { loss, scale_losses, masked_share, signals, gradient_norm } = self;
        (report.loss, report.scale_losses) = (loss, scale_losses);
        (report.masked_share, report.gradient_norm) = (masked_share, gradient_norm);
        report.signals = Some(signals);
    }

    /// Whether these are numbers that can be followed.
    ///
    /// # Errors
    /// If loss or gradient norm is not finite.
    pub(super) fn check(&self) -> Result<(), NonFinite> {
        NonFinite::check("loss", self.loss)?;
        NonFinite::check("gradient's norm", self.gradient_norm)
    }
}

/// The numbers of a step whose work was given to the device.
pub struct PendingMetrics {
    metrics: Metrics,
    /// Updates that the optimiser had made before.
    pub(super) updates_before: u64,
}

enum Metrics {
    Known(StepMetrics),
    Reading { read: PendingRead, scales: Vec<usize>, config: ObjectiveConfig },
}

impl PendingMetrics {
    /// Numbers that are there already.
    pub(super) fn known(metrics: StepMetrics, updates_before: u64) -> Self {
        Self { metrics: Metrics::Known(metrics), updates_before }
    }

    /// The gradient norm, then what [`StepMetrics::sum_on_device`] gives, on their way.
    pub(super) fn reading(
        read: PendingRead,
        outcome: &ObjectiveOutput,
        config: ObjectiveConfig,
        updates_before: u64,
    ) -> Self {
        let scales = outcome.scale_losses.keys().copied().collect();
        Self { metrics: Metrics::Reading { read, scales, config }, updates_before }
    }

    /// Whether nothing has to be read.
    pub fn is_known(&self) -> bool {
        matches!(self.metrics, Metrics::Known(_))
    }

    /// Waits for the numbers.
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
