//! Durations of the window's frames.

use std::{collections::VecDeque, time::Instant};

/// Maximum number of frames that are remembered.
const REMEMBERED: usize = 20_000;

/// Durations of frames, those drawn while training apart from the others.
#[derive(Default)]
pub struct FrameTimes {
    last: Option<Instant>,
    training: Times,
    resting: Times,
}

impl FrameTimes {
    /// Marks the beginning of a frame; `work` is the CPU time of the frame before, seconds, if known.
    pub fn begin(&mut self, is_training: bool, work: Option<f32>) {
        let interval = self.last.replace(Instant::now()).map(|last| last.elapsed().as_secs_f32());
        let times = if is_training { &mut self.training } else { &mut self.resting };
        if let (Some(work), Some(interval)) = (work, interval) {
            times.add(work, interval);
        }
    }

    /// Summaries in words; empty without frames.
    pub fn lines(&self) -> Vec<String> {
        let kinds = [("while training", &self.training), ("otherwise", &self.resting)];
        let line = |(when, times): (&str, &Times)| Some(format!("{when}, {}", times.summary()?));
        kinds.into_iter().filter_map(line).collect()
    }
}

/// Durations of the last frames, in seconds.
#[derive(Default)]
struct Times {
    work: VecDeque<f32>,
    intervals: VecDeque<f32>,
}

impl Times {
    /// Adds the CPU time of a frame, and the interval since the frame before.
    fn add(&mut self, work: f32, interval: f32) {
        for (times, seconds) in [(&mut self.work, work), (&mut self.intervals, interval)] {
            if times.len() == REMEMBERED {
                times.pop_front();
            }
            times.push_back(seconds);
        }
    }

    /// Number of frames, with percentiles of CPU time and interval; `None` without frames.
    fn summary(&self) -> Option<String> {
        let (work, intervals) = (percentiles(&self.work)?, percentiles(&self.intervals)?);
        Some(format!("{} frames: CPU time {work}; frame interval {intervals}", self.work.len()))
    }
}

fn percentiles(times: &VecDeque<f32>) -> Option<String> {
    let mut sorted: Vec<f32> = times.iter().copied().collect();
    sorted.sort_by(f32::total_cmp);
    let longest = 1e3 * sorted.last()?;
    let within = |share: f64| 1e3 * sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let (half, most) = (within(0.5), within(0.99));
    Some(format!("median {half:.1} ms, 99th percentile {most:.1} ms, maximum {longest:.1} ms"))
}
