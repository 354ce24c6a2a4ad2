//! The session: one thread owns burn; commands go in, events and leases come out.

mod adam;
mod append;
mod checkpoint;
mod command;
mod evaluation;
mod event;
mod feed;
mod figure;
mod folder;
mod fusion;
pub mod health;
mod in_flight;
mod learner;
mod log;
mod memory;
mod moment;
mod open_data;
mod parameters;
mod pinned;
mod run;
mod session;
mod showing;
mod signals;
mod snapshot;
mod step_metrics;
mod tensorboard;
mod time_split;
mod tracer;
mod validation;
mod what_if;
mod worker;

pub use adam::Adam;
pub use checkpoint::{Best, Checkpoint, Position};
pub use command::Command;
pub use evaluation::{EvaluatedFrames, EvaluationNews, EvaluationReport, EvaluationRequest};
pub use event::{
    Beginning, Cloud, DataReport, Event, Harm, Origin, Picture, Problem, State, StepReport, WeightsReport,
};
pub use figure::Figure;
pub use folder::{Manifest, RunFolder};
pub use fusion::{Fusing, Fusion, Neighbour, Poses};
pub use in_flight::Reported;
pub use learner::{Learner, Lesson, NotANumber, Part, Stride, Submitted, gradient_norm};
pub use log::{Entry, Log};
pub use memory::memory_estimate;
pub use open_data::{OpenData, Samples};
pub use pinned::Pinned;
pub use run::{Progress, Run, Step};
pub use session::{SESSION_THREAD, SessionHandle};
pub use signals::Signals;
pub use snapshot::{Album, SeenFrame, Snapshot, Snapshots, Thumbnail};
pub use step_metrics::{PendingMetrics, StepMetrics};
pub use time_split::TimeSplit;
pub use tracer::Trajectory;
pub use validation::ValidationReport;
pub use what_if::{Judgement, WhatIf};
