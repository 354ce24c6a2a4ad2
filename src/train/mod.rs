//! The session: one thread owns burn; commands go in, events and leases come out.

mod command;
mod event;

pub use command::Command;
pub use event::{Cloud, DataReport, Event, Origin, Picture, Problem, State, StepReport, WeightsReport};
