//! The times of one piece of work, as they appear in the JSON report.

use super::floor::LowerBound;
use crate::compute::{KernelTime, KernelTimes};
use serde::Serialize;
use std::fmt;

/// Seconds of a piece of work.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Timing {
    /// Median of all runs.
    pub seconds: f64,
    /// Fastest run.
    #[serde(rename = "least_seconds")]
    pub min_seconds: f64,
    /// Slowest run.
    #[serde(rename = "most_seconds")]
    pub max_seconds: f64,
    /// Images that a run works on.
    pub images: usize,
    /// Kernels that the GPU backend launched in a run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launches: Option<u64>,
    #[serde(flatten)]
    pub floor: Option<LowerBound>,
    #[serde(flatten)]
    pub kernels: Option<Kernels>,
    #[serde(flatten)]
    pub together: Option<Together>,
}

/// Times of each kernel, of one more run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Kernels {
    pub kernels: Vec<KernelTime>,
    /// "device" for timestamps of the GPU, "host" where it has none.
    pub kernel_clock: &'static str,
    /// Number of launches without a time.
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
    /// Median milliseconds of a frame from submission to completion.
    pub frame_p50_milliseconds: f64,
    /// 99th percentile of these.
    pub frame_p99_milliseconds: f64,
    /// Median milliseconds of a frame while no steps run.
    pub frame_alone_milliseconds: f64,
    pub steps: usize,
    pub step_seconds: f64,
    pub step_alone_seconds: f64,
    /// Seconds of a step while frames are drawn, divided by those of a step alone.
    pub step_slowdown: f64,
    /// Number of launches that were delayed so that no frame waits long.
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
