//! Where the time of a step goes.

use super::StepReport;
use serde::{Deserialize, Serialize};
use std::time::Instant;

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

/// Does some work and adds its seconds.
pub(super) fn timed<T>(seconds: &mut f64, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    *seconds += started.elapsed().as_secs_f64();
    result
}
