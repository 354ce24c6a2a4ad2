//! How long the window takes to draw itself.

use std::collections::VecDeque;

/// Frames that are remembered.
const REMEMBERED: usize = 20_000;

/// The times of frames, apart for those that were drawn beside training.
#[derive(Default)]
pub struct FrameTimes {
    /// While steps were made.
    pub training: Times,
    /// While none were.
    pub resting: Times,
}

impl FrameTimes {
    /// In words; empty without frames.
    pub fn lines(&self) -> Vec<String> {
        let kinds = [("while steps are made", &self.training), ("otherwise", &self.resting)];
        let line = |(when, times): (&str, &Times)| Some(format!("{when}, {}", times.summary()?));
        kinds.into_iter().filter_map(line).collect()
    }
}

/// The times of the last frames.
#[derive(Default)]
pub struct Times(VecDeque<f32>);

impl Times {
    /// Remembers a frame.
    pub fn add(&mut self, seconds: f32) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(seconds);
    }

    /// How many there were, and how long they took.
    fn summary(&self) -> Option<String> {
        let mut sorted: Vec<f32> = self.0.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let longest = sorted.last()?;
        let within = |share: f64| 1e3 * sorted[((sorted.len() - 1) as f64 * share).round() as usize];
        Some(format!(
            "{} frames: half within {:.1} ms, 99 % within {:.1} ms, the longest {:.1} ms",
            sorted.len(),
            within(0.5),
            within(0.99),
            1e3 * longest
        ))
    }
}
