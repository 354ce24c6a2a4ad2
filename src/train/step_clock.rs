//! A clock of steps: times between them, and the mean over the last ones.

use std::{collections::VecDeque, time::Instant};

/// Steps over which the mean is taken.
const WINDOW: usize = 20;
/// Steps after which it is known how long one usually takes.
const MIN_KNOWN: usize = 5;
/// Ratio to the usual time from which a step is slow.
const SLOW: f64 = 2.0;

/// Durations of the last steps, each with the time since the step before.
#[derive(Debug, Default)]
pub(super) struct StepClock {
    seconds: VecDeque<f64>,
    /// End of the last step, if the time since counts as that of the next step.
    ended: Option<Instant>,
}

impl StepClock {
    /// Starts a step; returns its start, and the seconds since the end of the step before.
    pub fn start(&mut self) -> (Instant, f64) {
        let started = Instant::now();
        (started, self.ended.take().map_or(0.0, |ended| (started - ended).as_secs_f64()))
    }

    /// Usual seconds of a step if one of these seconds is slow.
    pub fn usual_if_slow(&self, seconds: f64) -> Option<f64> {
        (self.seconds.len() >= MIN_KNOWN).then(|| self.mean()).filter(|usual| seconds > SLOW * usual)
    }

    fn mean(&self) -> f64 {
        self.seconds.iter().sum::<f64>() / self.seconds.len() as f64
    }

    /// Adds the seconds of a step and of the time before it; returns the mean over the last steps.
    pub fn add(&mut self, seconds: f64) -> f64 {
        self.seconds.push_back(seconds);
        if self.seconds.len() > WINDOW {
            self.seconds.pop_front();
        }
        self.mean()
    }

    /// Ends the step: from now on the time counts as that between steps.
    pub fn end(&mut self) {
        self.ended = Some(Instant::now());
    }

    /// Excludes the time from now to the next step.
    pub fn exclude_idle_time(&mut self) {
        self.ended = None;
    }
}
