//! Repaints that the session and other threads cause.

use std::time::Duration;

/// Delay of such a repaint. Events within it are drawn in one frame: a step causes several, and a software driver
/// takes its time from the step for each frame.
pub const DELAY: Duration = Duration::from_millis(25);
