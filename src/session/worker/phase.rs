//! What the session is doing with a run: nothing, making steps, or standing.

use super::Dataset;
use crate::{
    session::{
        Activity, Failure, ModelReport, ModelVersion, Provenance,
        model::{Model, ModelSnapshot},
    },
    train::Run,
};
use std::{mem, sync::Arc};

/// A run with the data that it trains on.
pub(super) struct Training {
    pub run: Run,
    pub data: Dataset,
    /// The number of its networks among all that there were.
    pub model_id: u64,
    /// While validating: samples looked at, and samples in all.
    pub validating: Option<(usize, usize)>,
}

impl Training {
    pub fn version(&self) -> ModelVersion {
        ModelVersion { id: self.model_id, step: self.run.steps() }
    }

    /// Its networks as they are now.
    pub fn model(&self) -> Model {
        let (networks, config) = (self.run.networks(), self.run.config());
        let provenance = Provenance::Run { out: self.run.out(), step: self.run.steps() };
        let knows_stereo = config.objective.uses_stereo();
        let report = ModelReport {
            id: self.model_id,
            provenance: provenance.clone(),
            architecture: networks.architecture(),
            size: Some(config.network.size()),
            use_stereo: knows_stereo,
            loaded: 0,
            unused: Vec::new(),
        };
        Model {
            networks,
            provenance,
            version: self.version(),
            config,
            stated_scale: None,
            knows_stereo,
            report: Arc::new(report),
        }
    }

    /// Its networks with its own data.
    pub fn snapshot(&self) -> ModelSnapshot {
        let source = Arc::clone(&self.data.open.source);
        ModelSnapshot::new(Some(self.model()), source)
    }
}

/// What the session is doing with a run.
#[derive(Default)]
pub(super) enum Phase {
    /// There is none.
    #[default]
    Idle,
    /// It makes steps.
    Running {
        training: Box<Training>,
        /// Whether the next step is the last before a pause.
        one_step: bool,
    },
    /// It makes none.
    Paused {
        training: Box<Training>,
        /// Why, if nobody asked for that.
        failure: Option<Failure>,
    },
}

impl Phase {
    pub fn activity(&self) -> Activity {
        match self {
            Self::Idle => Activity::Idle,
            Self::Running { .. } => Activity::Training,
            Self::Paused { .. } => Activity::Paused,
        }
    }

    pub fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    pub fn training(&self) -> Option<&Training> {
        match self {
            Self::Idle => None,
            Self::Running { training, .. } | Self::Paused { training, .. } => Some(training),
        }
    }

    pub fn training_mut(&mut self) -> Option<&mut Training> {
        match self {
            Self::Idle => None,
            Self::Running { training, .. } | Self::Paused { training, .. } => Some(training),
        }
    }

    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Paused { failure, .. } => failure.as_ref(),
            Self::Idle | Self::Running { .. } => None,
        }
    }

    /// Takes the run out, so that there is none.
    pub fn take(&mut self) -> Option<Box<Training>> {
        match mem::take(self) {
            Self::Idle => None,
            Self::Running { training, .. } | Self::Paused { training, .. } => Some(training),
        }
    }

    /// Makes no further steps.
    pub fn pause(&mut self, failure: Option<Failure>) {
        if let Some(mut training) = self.take() {
            training.run.rest();
            *self = Self::Paused { training, failure };
        }
    }

    /// Makes steps; one only, if that is said.
    pub fn run(&mut self, one_step: bool) {
        if let Some(training) = self.take() {
            *self = Self::Running { training, one_step };
        }
    }

    /// Whether the step that was just made was to be the only one.
    pub fn ends_after_step(&self) -> bool {
        matches!(self, Self::Running { one_step: true, .. })
    }
}
