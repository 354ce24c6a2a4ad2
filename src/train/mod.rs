//! One run and one step of it: networks with their optimiser, batches, validation, health, and what is written down.

mod adam;
mod checkpoint;
mod feed;
mod figure;
mod folder;
pub mod health;
mod in_flight;
mod learner;
mod log;
mod memory;
mod open_data;
mod parameters;
mod run;
mod signals;
mod snapshot;
mod step_metrics;
mod step_report;
mod tensorboard;
mod time_split;
mod validation;

pub use adam::Adam;
pub use checkpoint::{Best, Checkpoint, Position};
pub use figure::Figure;
pub use folder::{Manifest, RunFolder};
pub use in_flight::Reported;
pub use learner::{Learner, Lesson, NotANumber, Part, Stride, Submitted, gradient_norm};
pub use log::{Entry, Log};
pub use memory::memory_estimate;
pub use open_data::{OpenData, Samples};
pub use run::{Progress, Run, Step};
pub use signals::Signals;
pub use snapshot::{Album, SeenFrame, Snapshot, Snapshots, Thumbnail};
pub use step_metrics::{PendingMetrics, StepMetrics};
pub use step_report::StepReport;
pub use time_split::TimeSplit;
pub use validation::ValidationReport;
