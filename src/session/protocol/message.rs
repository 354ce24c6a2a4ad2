//! Messages between a session and its users: requests with one reply each, notices, and the events of a run.

use super::{Command, EvaluationProgress, Failure, Notice};
use crate::{
    config::{Change, RunConfig},
    runs::{Entry, Snapshot, StepReport, ValidationReport},
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// Number of a request, unique within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// A command with the number that its reply will carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Number of the request.
    pub id: RequestId,
    /// Command to carry out.
    pub command: Command,
}

/// The single reply to a request. It is sent after the state that includes what the command changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Number of the request.
    pub id: RequestId,
    /// Outcome or failure of the command.
    pub result: Result<Outcome, Failure>,
}

/// Outcome of a command that did not fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The command is done. A job that runs while training continues has only been started.
    Done,
    /// Nothing changed: the files can be opened, but a run is active, and the command had
    /// [`OnRun::Ask`](super::OnRun::Ask).
    RunUnderWay {
        /// Run folder.
        out: PathBuf,
        /// Steps made.
        step: u64,
    },
    /// Nothing changed: the run to resume is already active.
    AlreadyUnderWay {
        /// Steps made.
        step: u64,
    },
    /// Nothing changed: the run to resume has no steps left, and the command had
    /// [`OnRun::Ask`](super::OnRun::Ask).
    RunFinished {
        /// Steps made.
        steps: u64,
    },
}

/// An event of a session. Events arrive in order, and none is lost. They do not carry the session's state, which
/// is published separately (see [`SessionState`](super::SessionState)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The reply to a request.
    Reply(Reply),
    /// A message that replies to no request.
    Notice(Notice),
    /// A run starts or is resumed.
    RunStarted(Box<RunStarted>),
    /// A step was made.
    Step(StepReport),
    /// A change of the run's configuration took effect.
    Changed(Change),
    /// The networks were validated.
    Validation(ValidationReport),
    /// A checkpoint was written to this folder.
    Checkpoint(PathBuf),
    /// The run ended.
    RunEnded {
        /// Steps made in total.
        steps: u64,
        /// Run folder.
        out: PathBuf,
        /// Cause, if the run was neither complete nor stopped by a command.
        failure: Option<Failure>,
    },
    /// The trajectory is complete or was abandoned.
    TrajectoryEnded,
    /// The bookmarked frames were predicted.
    Snapshot(Arc<Snapshot>),
    /// An evaluation started, advanced or ended.
    Evaluation(EvaluationProgress),
}

/// The state in which a run starts or is resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Configuration at the next step.
    pub config: RunConfig,
    /// Run folder.
    pub out: PathBuf,
    /// Log of the steps and validations made so far.
    pub history: Vec<Entry>,
    /// Snapshots stored in the run folder.
    pub snapshots: Vec<Arc<Snapshot>>,
}
