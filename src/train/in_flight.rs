//! A step between queueing its work and the arrival of its metrics.

use super::PendingMetrics;
use crate::{
    config::Change,
    data::FrameKey,
    runs::{Position, StepReport},
};
use anyhow::Error;

/// A finished step, with metrics.
pub struct Reported {
    /// Metrics and times of the step.
    pub report: StepReport,
    /// Changes of the configuration that first apply to this step.
    pub changes: Vec<Change>,
}

/// A step whose metrics have not arrived.
pub(super) struct InFlight {
    pub metrics: PendingMetrics,
    /// Complete except for the metrics.
    pub report: StepReport,
    pub changes: Vec<Change>,
    /// Position of the run before the step.
    pub before: Position,
    /// Position after it: the next batch to load, also if the step fails.
    pub after: Position,
    pub key: FrameKey,
}

impl InFlight {
    /// Adds the step, its learning rate and a frame of its batch to an error.
    pub(super) fn failed(report: &StepReport, key: &FrameKey, error: Error) -> Error {
        let StepReport { step, learning_rate, .. } = report;
        error.context(format!("step {step} failed at learning rate {learning_rate:e}, on a batch with {key}"))
    }
}
