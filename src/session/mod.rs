//! The session: one thread owns burn. It takes requests and gives one reply to each; it publishes events, a state
//! and pictures.

mod event_log;
mod frame_view;
mod handle;
mod jobs;
mod latest;
mod map_request;
mod model;
mod picture;
mod protocol;
mod publisher;
mod sandbox;
mod worker;

pub use handle::{Requester, SESSION_THREAD, SessionHandle};
pub use picture::{Cloud, CloudFusion, Neighbour, Picture, PictureSource};
pub use protocol::{
    Activity, Bookmarks, Command, DataReport, DeviceState, EvaluatedFrames, EvaluationProgress,
    EvaluationReport, EvaluationRequest, Event, Failure, FusionRequest, Level, ModelReport, ModelVersion,
    Notice, OnRun, Outcome, PoseSource, Provenance, Reply, Request, RequestId, RunEffect, RunStarted,
    RunState, SessionState, Topic, Trajectory, UnknownCamera,
};
pub use sandbox::{LossSummary, SandboxResult};
