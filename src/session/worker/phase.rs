//! What the session is doing with a run: nothing, making steps, or standing.

use super::Dataset;
use crate::{
    model::Architecture,
    session::{
        Activity, Failure, ModelReport, ModelVersion, Provenance,
        model::{Model, ModelSnapshot},
    },
    train::Run,
};
use std::{mem, sync::Arc};

/// A run with the data that it trains on.
pub(super) struct ActiveRun {
    pub run: Run,
    pub data: Dataset,
    /// The number of its networks among all that there were.
    pub model_id: u64,
    /// While validating: samples looked at, and samples in all.
    pub validating: Option<(usize, usize)>,
    architecture: Architecture,
}

impl ActiveRun {
    pub fn new(run: Run, data: Dataset, model_id: u64) -> Self {
        let architecture = run.networks().architecture();
        Self { run, data, model_id, validating: None, architecture }
    }

    pub fn version(&self) -> ModelVersion {
        ModelVersion { id: self.model_id, step: self.run.steps() }
    }

    /// What its networks are now.
    pub fn report(&self) -> ModelReport {
        let config = self.run.config();
        ModelReport {
            id: self.model_id,
            provenance: Provenance::Run { out: self.run.out(), step: self.run.steps() },
            architecture: self.architecture.clone(),
            size: Some(config.network.size()),
            use_stereo: config.objective.uses_stereo(),
            loaded: 0,
            unused: Vec::new(),
        }
    }

    /// Its networks as they are now.
    pub fn model(&self) -> Model {
        let report = self.report();
        Model {
            networks: self.run.networks(),
            provenance: report.provenance.clone(),
            version: self.version(),
            config: self.run.config(),
            stated_scale: None,
            knows_stereo: report.use_stereo,
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
        training: Box<ActiveRun>,
        /// Whether the next step is the last before a pause.
        one_step: bool,
    },
    /// It makes none.
    Paused {
        training: Box<ActiveRun>,
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

    pub fn training(&self) -> Option<&ActiveRun> {
        match self {
            Self::Idle => None,
            Self::Running { training, .. } | Self::Paused { training, .. } => Some(training),
        }
    }

    pub fn training_mut(&mut self) -> Option<&mut ActiveRun> {
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
    pub fn take(&mut self) -> Option<Box<ActiveRun>> {
        match mem::take(self) {
            Self::Idle => None,
            Self::Running { training, .. } | Self::Paused { training, .. } => Some(training),
        }
    }

    /// Makes no further steps.
    pub fn pause(&mut self, failure: Option<Failure>) {
        if let Some(mut training) = self.take() {
            training.run.exclude_idle_time();
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
