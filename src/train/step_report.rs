//! The figures of a step: what a run reports of it, and a line of its log.

use super::{PredictionStatistics, TimeSplit};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// The figures of a step: one line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Steps made, this one included.
    pub step: u64,
    /// Steps that the run will make in all.
    pub total_steps: u64,
    /// Pass over the data, from 0.
    pub epoch: usize,
    /// The objective.
    pub loss: f32,
    /// Its part at each trained scale, by scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Length of the gradient of all weights together, before it was clipped.
    pub gradient_norm: f32,
    /// Share of pixels that the auto-mask leaves out, at scale 0.
    pub masked_share: f32,
    /// What its predictions are like; logs of older versions do not say.
    pub signals: Option<PredictionStatistics>,
    /// Seconds waited for images.
    pub seconds_loading: f64,
    /// Seconds of the whole step.
    pub seconds: f64,
    /// Where they went; logs of older versions do not say.
    pub split: Option<TimeSplit>,
    /// Bytes that are held where the run computes (see [`crate::compute::Compute::memory`]), if that can be
    /// asked; logs of older versions do not say.
    pub memory: Option<u64>,
    /// Images (batch items) trained per second, averaged over the last steps.
    pub images_per_second: f64,
    /// Time left for the run at this rate.
    pub seconds_left: f64,
}

impl StepReport {
    /// Time left for the run.
    pub fn time_left(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds_left).unwrap_or_default()
    }
}
