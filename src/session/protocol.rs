//! What travels between a session and those who use it: requests with one reply each, notices that answer
//! nothing, and the stream of a run's facts. All of it is plain data, so that either side can be elsewhere.

use super::{Command, EvaluationProgress};
use crate::{
    config::{Change, RunConfig},
    runs::{Entry, Snapshot, StepReport, ValidationReport},
};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, sync::Arc};

/// Number of a request, unique within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// A command that waits for its reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub id: RequestId,
    /// What to do.
    pub command: Command,
}

/// The one answer to a request. The state that is published before it holds what the command changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's number.
    pub id: RequestId,
    /// What came of it.
    pub result: Result<Outcome, Failure>,
}

/// What came of a command that did not fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is done; work that goes on beside other work has begun.
    Done,
    /// It could be opened, but a run is under way and [`OnRun::Ask`](super::OnRun::Ask) was said: nothing changed.
    RunUnderWay {
        /// The run folder.
        out: PathBuf,
        /// Steps made.
        step: u64,
    },
    /// The run that was to go on is the one under way: nothing changed.
    AlreadyUnderWay {
        /// Steps made.
        step: u64,
    },
    /// The run that was to go on has no steps left, and [`OnRun::Ask`](super::OnRun::Ask) was said: nothing changed.
    RunFinished {
        /// Steps made.
        steps: u64,
    },
}

/// A failure, in words for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct Failure {
    /// What happened and in which file.
    pub text: String,
    /// What to do.
    pub advice: String,
    /// What it did to the run.
    pub effect: RunEffect,
    /// Where in the program it happened, with a backtrace, if it is an error of the program itself.
    pub report: Option<String>,
}

impl fmt::Display for Failure {
    /// The text, and after a semicolon the advice.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)?;
        if self.advice.is_empty() { Ok(()) } else { write!(formatter, "; {}", self.advice) }
    }
}

/// What a failure did to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEffect {
    /// Nothing.
    #[default]
    None,
    /// It was not started.
    NotStarted,
    /// It is paused.
    Paused,
    /// It is paused, because its last checkpoint cannot be written.
    Unsaved,
    /// It is paused where its networks gave no finite loss: the same networks would give none again.
    Spoiled,
    /// It is paused at its last checkpoint; the steps since then are lost.
    SetBack,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// Good to know.
    #[default]
    Info,
    /// Something did not work; the rest goes on.
    Warning,
    /// A run was interrupted, as its state says.
    Error,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Topic {
    /// The run.
    #[default]
    Run,
    /// Frames and true depths.
    Data,
    /// Networks and what lies beside their files.
    Weights,
    /// What is shown.
    View,
    /// Work beside training: paths, clouds, snapshots, evaluations.
    Job,
    /// Where burn computes.
    Device,
}

/// Something worth knowing that answers no request. It never ends anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub topic: Topic,
    /// What happened and in which file.
    pub text: String,
    /// What to do, if anything.
    pub advice: String,
    /// Where in the program it happened, with a backtrace, if it is an error of the program itself.
    pub report: Option<String>,
}

/// What comes out of a session in order; nothing of it is lost, and none of it tells the state, which is
/// published apart (see [`SessionState`](super::SessionState)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The answer to a request.
    Reply(Reply),
    /// Something that answers none.
    Notice(Notice),
    /// A run starts, or goes on.
    RunStarted(Box<RunStarted>),
    /// A step was made.
    Step(StepReport),
    /// A change of the run's configuration came into force.
    Changed(Change),
    /// The networks were validated.
    Validation(ValidationReport),
    /// A checkpoint was written to this folder.
    Checkpoint(PathBuf),
    /// The run ended by itself or was ended.
    RunEnded {
        /// Steps made in all.
        steps: u64,
        /// The run folder.
        out: PathBuf,
        /// Why, if it is neither complete nor was to be stopped.
        failure: Option<Failure>,
    },
    /// The path will not be followed further.
    TraceEnded,
    /// The pinned frames were looked at.
    Snapshot(Arc<Snapshot>),
    /// Of an evaluation.
    Evaluation(EvaluationProgress),
}

/// How a run starts, or where it goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Its configuration at the next step.
    pub config: RunConfig,
    /// The run folder.
    pub out: PathBuf,
    /// What it has behind it.
    pub history: Vec<Entry>,
    /// What its folder keeps of the wall.
    pub snapshots: Vec<Arc<Snapshot>>,
}
