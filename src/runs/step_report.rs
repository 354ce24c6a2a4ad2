//! The report of a step, which is also a line of the log.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// Metrics and times of a step: one line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// Number of steps of the whole run.
    pub total_steps: u64,
    /// Pass over the data, from 0.
    pub epoch: usize,
    /// Loss that is minimised.
    pub loss: f32,
    /// Loss of each trained scale, by scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// Euclidean norm of the gradient of all weights together, before clipping.
    pub gradient_norm: f32,
    /// Share of pixels that the auto-mask leaves out at the finest trained scale.
    pub masked_share: f32,
    /// Statistics of disparity and motion; absent in logs of older versions.
    pub statistics: Option<PredictionStatistics>,
    /// Seconds spent waiting for the batch.
    pub seconds_loading: f64,
    /// Seconds of the whole step.
    pub seconds: f64,
    /// Seconds by phase; absent in logs of older versions.
    pub split: Option<TimeSplit>,
    /// Bytes of memory in use where the run computes (see [`crate::compute::Compute::memory`]), if that is known;
    /// absent in logs of older versions.
    pub memory: Option<u64>,
    /// Samples trained per second, averaged over the last steps.
    pub images_per_second: f64,
    /// Seconds left for the run at this rate.
    pub seconds_left: f64,
}

impl StepReport {
    /// Time left for the run; zero if it is not known.
    pub fn time_left(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds_left).unwrap_or_default()
    }
}

/// Statistics of the predictions of a step, averaged over its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictionStatistics {
    /// Mean disparity of the finest trained scale, in 0 to 1.
    pub disparity_mean: f32,
    /// Standard deviation of that disparity over the pixels of an image.
    pub disparity_spread: f32,
    /// Length of the predicted translation to a source, in the network's own unit; `None` if the other stereo camera
    /// is the only source, because its pose is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translation: Option<f32>,
    /// Share of the pixels that are projected outside the image of a source. Measured at the coarsest trained scale,
    /// where it costs next to nothing.
    pub out_of_view_share: f32,
}

/// Seconds of the phases of a step after loading.
///
/// Measured around the calls to the device. On the CPU a call returns when its work is done, so these are the
/// times of the work. On a GPU they are the times to queue it: nothing is read back within a step, and the GPU
/// continues to work meanwhile. The time of the GPU itself appears in the rest of the step, which waits for the
/// metrics of the previous step, and wherever the limit of work in flight blocks a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSplit {
    /// Upload of the samples to the device.
    pub seconds_upload: f64,
    /// Forward pass: networks, view synthesis and loss.
    pub seconds_forward: f64,
    /// Backward pass: gradients, their norm, and the metrics of the step.
    pub seconds_backward: f64,
    /// Update of the weights.
    pub seconds_optimiser: f64,
    /// Between the previous step and this one: showing, checkpoints, and other work of the session.
    pub seconds_between: f64,
}

impl TimeSplit {
    /// Explanation for a tooltip.
    pub const HELP: &str = "Measured where the device is called. On the CPU that is the work itself; on a GPU it \
        is queueing it, and the GPU's own time is in the rest, where a step waits for the metrics of the step \
        before. Showing and checkpoints are in the rest too";

    /// Mean seconds of the phases by name, with the remainder as "rest", and of the whole step including the time
    /// since the previous one; `None` if none of the steps was measured.
    pub fn mean(steps: &[StepReport]) -> Option<([(&'static str, f64); 6], f64)> {
        let measured = || steps.iter().filter_map(|step| Some((step, step.split?)));
        let count = measured().count();
        if count == 0 {
            return None;
        }
        let mean = |phase: fn(&StepReport, &Self) -> f64| {
            measured().map(|(step, split)| phase(step, &split)).sum::<f64>() / count as f64
        };
        let phases = [
            ("loading", mean(|step, _| step.seconds_loading)),
            ("upload", mean(|_, split| split.seconds_upload)),
            ("forward", mean(|_, split| split.seconds_forward)),
            ("backward", mean(|_, split| split.seconds_backward)),
            ("optimiser", mean(|_, split| split.seconds_optimiser)),
        ];
        let all = mean(|step, split| step.seconds + split.seconds_between);
        let rest = all - phases.iter().map(|(_, seconds)| seconds).sum::<f64>();
        let [loading, upload, forward, backward, optimiser] = phases;
        Some(([loading, upload, forward, backward, optimiser, ("rest", rest.max(0.0))], all))
    }
}
