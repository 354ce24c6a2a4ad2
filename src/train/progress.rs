//! The result of one piece of a run's work: a step, or a batch of validation.

use crate::{
    data::FrameKey,
    objective::{Objective, ObjectiveOutput},
    predict::SampleTensors,
    runs::ValidationReport,
};

/// Result of [`Run::advance`](super::Run::advance).
pub enum Progress {
    /// A step was made.
    Step(Box<Step>),
    /// A batch was validated.
    Validating {
        /// Samples validated so far.
        done: usize,
        /// Samples in all.
        samples: usize,
    },
    /// Validation is complete.
    Validated(ValidationReport),
    /// Validation failed, for this reason.
    NotValidated(String),
}

/// Results of a step that are available at once; its metrics may arrive later, see
/// [`Run::take_reported`](super::Run::take_reported).
pub struct Step {
    /// Number of the step, from 1.
    pub number: u64,
    /// Samples of the first micro-batch.
    pub samples: SampleTensors,
    /// Target frame of the first sample.
    pub key: FrameKey,
    /// Losses and requested maps of these samples.
    pub objective_output: ObjectiveOutput,
    /// Objective that they were evaluated with.
    pub objective: Objective,
}
