//! Data that travels between a session and its users. All of it can be serialised, so that either side can run in
//! another process.

mod bookmarks;
mod command;
mod evaluation;
mod failure;
mod fusion;
mod message;
mod notice;
mod provenance;
mod state;
mod trajectory;

pub use bookmarks::Bookmarks;
pub use command::{Command, OnRun};
pub use evaluation::{EvaluatedFrames, EvaluationProgress, EvaluationReport, EvaluationRequest};
pub use failure::{Failure, RunEffect, UnknownCamera};
pub use fusion::{FusionRequest, PoseSource};
pub use message::{Event, Outcome, Reply, Request, RequestId, RunStarted};
pub use notice::{Level, Notice, Topic};
pub use provenance::{ModelVersion, Provenance};
pub use state::{Activity, DataReport, DeviceState, ModelReport, RunState, SessionState};
pub use trajectory::Trajectory;

pub(super) use failure::{caught, guarded};
