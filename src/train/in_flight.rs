//! A step between the queueing of its work and the arrival of its numbers.

use super::PendingMetrics;
use crate::{
    config::Change,
    data::FrameKey,
    runs::{Position, StepReport},
};
use anyhow::Error;

/// A step whose numbers are known.
pub struct Reported {
    /// Its figures.
    pub report: StepReport,
    /// What was changed before it.
    pub changes: Vec<Change>,
}

/// A step under way.
pub(super) struct InFlight {
    pub metrics: PendingMetrics,
    /// Its figures but for the numbers.
    pub report: StepReport,
    pub changes: Vec<Change>,
    /// Where the run stood before.
    pub before: Position,
    /// Where it stands after, so that a step that failed is not made again.
    pub after: Position,
    pub key: FrameKey,
}

impl InFlight {
    /// What went wrong with a step, with where it was.
    pub(super) fn failed(report: &StepReport, key: &FrameKey, error: Error) -> Error {
        let StepReport { step, learning_rate, .. } = report;
        error.context(format!("step {step} failed at learning rate {learning_rate:e}, on a batch with {key}"))
    }
}
