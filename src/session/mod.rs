//! The session: one thread owns burn. Requests go in and get one reply each; events, a state and pictures come out.

mod command;
mod failure;
mod handle;
mod jobs;
mod model;
mod picture;
mod protocol;
mod publisher;
mod sandbox;
mod showing;
mod state;
mod worker;

pub use command::{Command, OnRun};
pub use handle::{Requester, SESSION_THREAD, SessionHandle};
pub use jobs::{
    CloudFusion, EvaluatedFrames, EvaluationProgress, EvaluationReport, EvaluationRequest, FusionRequest,
    Neighbour, Pinned, PoseSource, Trajectory,
};
pub use model::Provenance;
pub use picture::{Cloud, Picture, PictureSource};
pub use protocol::{
    Event, Failure, Level, Notice, Outcome, Reply, Request, RequestId, RunEffect, RunStarted, Topic,
};
pub use sandbox::{LossSummary, SandboxResult};
pub use state::{Activity, DataReport, DeviceState, ModelReport, ModelVersion, RunState, SessionState};
