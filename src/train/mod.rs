//! Training: steps of networks with their optimiser, batches, validation, runs and their health.

mod adam;
mod batch_stream;
pub mod health;
mod in_flight;
mod memory;
mod non_finite;
mod parameters;
mod prediction_statistics;
mod progress;
mod resuming;
mod run;
mod starting;
mod step_clock;
mod step_metrics;
mod timed;
mod train_state;
mod validation;
mod warnings;

pub use in_flight::Reported;
pub use memory::{check_memory, memory_estimate};
pub use non_finite::NonFinite;
pub use progress::{Progress, Step};
pub use run::Run;
pub use starting::StartingNetworks;
pub use step_metrics::{PendingMetrics, StepMetrics};
pub use train_state::{MicroBatch, PendingStep, StepOptions, StepOutput, TrainState, gradient_norm};
