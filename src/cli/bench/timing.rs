//! The times of one piece of work, as they appear in the JSON report.

use super::floor::LowerBound;
use crate::compute::{KernelTime, KernelTimes};
use serde::Serialize;
use std::fmt;

/// Seconds of one piece of work.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Timing {
    /// The median of all runs.
    pub seconds: f64,
    /// The fastest.
    pub least_seconds: f64,
    /// The slowest.
    pub most_seconds: f64,
    /// Images that a piece of work is about.
    pub images: usize,
    /// Kernels that the GPU backend ran for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launches: Option<u64>,
    #[serde(flatten)]
    pub floor: Option<LowerBound>,
    #[serde(flatten)]
    pub kernels: Option<Kernels>,
    #[serde(flatten)]
    pub together: Option<Together>,
}

/// The GPU's time by kernel, of one run more.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Kernels {
    pub kernels: Vec<KernelTime>,
    /// "device" by the GPU's timestamps, "host" where it has none.
    pub kernel_clock: &'static str,
    /// Launches that gave no time.
    pub untimed_launches: u64,
}

impl From<KernelTimes> for Kernels {
    fn from(times: KernelTimes) -> Self {
        Self {
            kernels: times.kernels,
            kernel_clock: if times.is_device_time { "device" } else { "host" },
            untimed_launches: times.untimed,
        }
    }
}

/// Effect of drawing and training on each other.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Together {
    pub frames: usize,
    /// From submitting a frame to its end, half of them.
    pub frame_p50_milliseconds: f64,
    /// The same, 99 of 100.
    pub frame_p99_milliseconds: f64,
    /// The same of frames without steps, half of them.
    pub frame_alone_milliseconds: f64,
    pub steps: usize,
    pub step_seconds: f64,
    pub step_alone_seconds: f64,
    /// A step beside drawing by a step alone.
    pub step_slowdown: f64,
    /// Times that a launch was held up so that no frame waits long.
    pub throttle_waits: u64,
}

impl fmt::Display for Together {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "together: {} frames, from submitting to their end half in {:.2} ms and 99 of 100 in {:.2} ms \
             ({:.2} ms without steps)\n\
             together: {} steps, {:.4} s each, {:.2} times those without frames; launches held up {} times",
            self.frames,
            self.frame_p50_milliseconds,
            self.frame_p99_milliseconds,
            self.frame_alone_milliseconds,
            self.steps,
            self.step_seconds,
            self.step_slowdown,
            self.throttle_waits,
        )
    }
}
