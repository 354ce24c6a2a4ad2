//! Repaints that the session and other threads cause.

use std::time::Duration;

/// Delay of such a repaint. Events within it are drawn in one frame: a step causes several events, and a software
/// driver slows the step down by each frame.
pub const DELAY: Duration = Duration::from_millis(25);
