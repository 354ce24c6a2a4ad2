//! Notices: messages of a session that reply to no request.

use serde::{Deserialize, Serialize};

/// Severity of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Information.
    #[default]
    Info,
    /// Something failed, and everything else continues.
    Warning,
    /// A run was interrupted; the session's state says how.
    Error,
}

/// Subject of a notice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Topic {
    /// The active run: its steps, files and end.
    #[default]
    Run,
    /// Frames and true depths.
    Data,
    /// Networks and their weights and scale files.
    Weights,
    /// Pictures of frames.
    View,
    /// Jobs: trajectories, fused clouds, snapshots, evaluations.
    Job,
    /// The device that burn computes on.
    Device,
}

/// A message that replies to no request. It never ends anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Severity.
    pub level: Level,
    /// Subject.
    pub topic: Topic,
    /// The event in words, with the file that it concerns.
    pub text: String,
    /// Advice on what to do; empty if there is nothing to do.
    pub advice: String,
    /// Place in the program and backtrace, if the cause is a panic.
    pub report: Option<String>,
}
