//! One step and one run: networks with their optimiser, batches, validation, health.

mod adam;
mod batch_stream;
pub mod health;
mod in_flight;
mod memory;
mod parameters;
mod prediction_statistics;
mod progress;
mod resuming;
mod run;
mod starting;
mod step_metrics;
mod timed;
mod train_state;
mod validation;
mod warnings;

pub use in_flight::Reported;
pub use memory::memory_estimate;
pub use progress::{Progress, Step};
pub use run::Run;
pub use starting::StartingNetworks;
pub use step_metrics::{PendingMetrics, StepMetrics};
pub use train_state::{MicroBatch, NonFinite, StepOptions, StepOutput, Submitted, TrainState, gradient_norm};
