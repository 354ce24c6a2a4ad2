//! What a run has done since the last time: a step, or a part of validation.

use crate::{
    data::FrameKey,
    objective::{Objective, ObjectiveOutput},
    predict::SampleTensors,
    runs::ValidationReport,
};

/// What a piece of a run's work was.
pub enum Progress {
    /// A step was made.
    Step(Box<Step>),
    /// A batch was validated.
    Validating {
        /// Samples looked at.
        done: usize,
        /// Samples in all.
        samples: usize,
    },
    /// Validation is complete.
    Validated(ValidationReport),
    /// Validation was given up, for this reason.
    NotValidated(String),
}

/// Results of a step that are there at once; its numbers may come later, see [`Run::take_reported`].
pub struct Step {
    /// Steps made, this one included.
    pub number: u64,
    /// The samples it was made on; the first part of them, if gradients are accumulated.
    pub samples: SampleTensors,
    /// The first sample's target.
    pub key: FrameKey,
    /// Losses and the maps that were asked for, of these samples.
    pub outcome: ObjectiveOutput,
    /// What judged them.
    pub objective: Objective,
}
