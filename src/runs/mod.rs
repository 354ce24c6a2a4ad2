//! The files of a run: its folder, checkpoints, log, TensorBoard events and snapshots.

mod append;
mod checkpoint;
mod files;
mod folder;
mod log;
mod manifest;
mod metric;
mod snapshot;
mod step_report;
mod tensorboard;
mod validation_report;

pub use checkpoint::{Best, Checkpoint, Position};
pub use folder::RunFolder;
pub use log::{Entry, Log};
pub use manifest::Manifest;
pub use metric::Metric;
pub use snapshot::{FrameMaps, Snapshot, SnapshotStore, Snapshots, Thumbnail};
pub use step_report::{PredictionStatistics, StepReport, TimeSplit};
pub use validation_report::ValidationReport;
