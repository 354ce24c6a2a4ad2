//! The session: one thread owns burn; commands go in, events and leases come out.

mod adam;
mod checkpoint;
mod command;
mod event;
mod learner;
mod log;
mod run;
mod session;
mod showing;
mod worker;

pub use adam::Adam;
pub use checkpoint::{Position, RunFolder};
pub use command::Command;
pub use event::{Cloud, DataReport, Event, Origin, Picture, Problem, State, StepReport, WeightsReport};
pub use learner::Learner;
pub use log::Log;
pub use run::{Run, Step};
pub use session::{SESSION_THREAD, SessionHandle};
