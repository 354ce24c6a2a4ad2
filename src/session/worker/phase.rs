//! The active run and its phase: none, running or paused.

use super::dataset::Dataset;
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
    /// Version number of the run's networks.
    pub model_id: u64,
    /// While validating: number of samples done, and of all samples.
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

    /// Description of the run's current networks.
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

    /// Current networks of the run, with their metadata.
    pub fn model(&self) -> Model {
        let report = self.report();
        Model {
            networks: self.run.networks(),
            provenance: report.provenance.clone(),
            version: self.version(),
            config: self.run.config(),
            known_scale: self.run.metric_scale(),
            knows_stereo: report.use_stereo,
            report: Arc::new(report),
        }
    }

    /// Networks of the run with its own data.
    pub fn snapshot(&self) -> ModelSnapshot {
        let source = Arc::clone(&self.data.open.source);
        ModelSnapshot::new(Some(self.model()), source)
    }
}

/// Phase of the session.
#[derive(Default)]
pub(super) enum Phase {
    /// There is no run.
    #[default]
    Idle,
    /// The run makes steps.
    Running {
        active: Box<ActiveRun>,
        /// True if the run pauses after the next step.
        is_single_step: bool,
    },
    /// The run makes no steps.
    Paused {
        active: Box<ActiveRun>,
        /// Cause, if no command paused the run.
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

    pub fn active_run(&self) -> Option<&ActiveRun> {
        match self {
            Self::Idle => None,
            Self::Running { active, .. } | Self::Paused { active, .. } => Some(active),
        }
    }

    pub fn active_run_mut(&mut self) -> Option<&mut ActiveRun> {
        match self {
            Self::Idle => None,
            Self::Running { active, .. } | Self::Paused { active, .. } => Some(active),
        }
    }

    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Paused { failure, .. } => failure.as_ref(),
            Self::Idle | Self::Running { .. } => None,
        }
    }

    /// Takes the run; the phase becomes idle.
    pub fn take(&mut self) -> Option<Box<ActiveRun>> {
        match mem::take(self) {
            Self::Idle => None,
            Self::Running { active, .. } | Self::Paused { active, .. } => Some(active),
        }
    }

    /// Pauses the run.
    pub fn pause(&mut self, failure: Option<Failure>) {
        if let Some(mut active) = self.take() {
            active.run.exclude_idle_time();
            *self = Self::Paused { active, failure };
        }
    }

    /// Resumes steps, or makes a single one.
    pub fn run(&mut self, is_single_step: bool) {
        if let Some(active) = self.take() {
            *self = Self::Running { active, is_single_step };
        }
    }

    /// Tells if the run pauses after the step that was just made.
    pub fn ends_after_step(&self) -> bool {
        matches!(self, Self::Running { is_single_step: true, .. })
    }
}
