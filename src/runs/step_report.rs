//! The figures of a step: what a run reports of it, and a line of its log.

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

/// Figures of the predictions of a step, averaged over its samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictionStatistics {
    /// Mean disparity of the finest trained scale, in 0 to 1.
    pub disparity_mean: f32,
    /// Standard deviation of that disparity over the pixels of an image.
    pub disparity_spread: f32,
    /// Length of the predicted translation to a source, in the network's own units; `None` if only the
    /// stereo camera is warped, whose place is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translation: Option<f32>,
    /// Share of the pixels whose place in a source lies outside its image. Seen at the coarsest trained
    /// scale, where it costs next to nothing.
    pub out_of_view_share: f32,
}

/// Seconds of a step's parts beside loading.
///
/// They are measured where the session calls the device. The CPU is done when a call returns, so there they are
/// the time of the work. On a GPU they are the time to queue it: nothing is read back within a step, and the
/// GPU works on meanwhile. Its time shows in what is left of the step, where the numbers of the step before
/// are waited for, and wherever the bound of work in flight holds a call up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeSplit {
    /// From samples to tensors on the device.
    pub seconds_upload: f64,
    /// Networks, view synthesis and loss.
    pub seconds_forward: f64,
    /// Gradients, their norm, and the figures of the step.
    pub seconds_backward: f64,
    /// The update of the weights.
    pub seconds_optimiser: f64,
    /// After the step before: showing, checkpoints, and other work of the session.
    pub seconds_between: f64,
}

impl TimeSplit {
    /// How it is measured, in a tooltip.
    pub const HELP: &str = "Measured where the device is called. On the CPU that is the work itself; on a GPU it \
        is queueing it, and the GPU's own time is in the rest, where a step waits for the numbers of the step \
        before. The rest also is showing and checkpoints";

    /// The parts of the step, then what is left of it and between it and the step before, and all
    /// seconds; averaged over those of the steps that were measured, if there are any.
    pub fn mean(steps: &[StepReport]) -> Option<([(&'static str, f64); 6], f64)> {
        let measured = || steps.iter().filter_map(|step| Some((step, step.split?)));
        let count = measured().count();
        if count == 0 {
            return None;
        }
        let mean = |part: fn(&StepReport, &Self) -> f64| {
            measured().map(|(step, split)| part(step, &split)).sum::<f64>() / count as f64
        };
        let parts = [
            ("loading", mean(|step, _| step.seconds_loading)),
            ("upload", mean(|_, split| split.seconds_upload)),
            ("forward", mean(|_, split| split.seconds_forward)),
            ("backward", mean(|_, split| split.seconds_backward)),
            ("optimiser", mean(|_, split| split.seconds_optimiser)),
        ];
        let all = mean(|step, split| step.seconds + split.seconds_between);
        let rest = all - parts.iter().map(|(_, seconds)| seconds).sum::<f64>();
        let [loading, upload, forward, backward, optimiser] = parts;
        Some(([loading, upload, forward, backward, optimiser, ("rest", rest.max(0.0))], all))
    }
}
