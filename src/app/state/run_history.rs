//! The present or last run: its steps, validations and changes, its folder and configuration, and its health.

use super::{Health, MessageLevel, Messages, SessionView, TrainingForm, ViewedFrame};
use crate::{
    config::{Change, RunConfig, Setting},
    runs::{Entry, StepReport, ValidationReport},
    session::{Command, ModelReport, OnRun, PictureSource, Provenance},
};
use std::path::{Path, PathBuf};

/// Divisor of the learning rate after an explosion: enough to matter, and small enough to continue learning.
const RATE_CUT: f64 = 3.0;

/// The present or last run.
#[derive(Default)]
pub struct RunHistory {
    /// Every step.
    pub steps: Vec<StepReport>,
    /// Number of steps made before the run was started or continued here.
    earlier_steps: usize,
    /// Every validation.
    pub validations: Vec<ValidationReport>,
    /// Settings that were changed during the run.
    pub changes: Vec<Change>,
    /// The run folder.
    pub folder: Option<PathBuf>,
    /// The configuration with the changes that were requested.
    pub config: RunConfig,
    /// Results of the health checks.
    pub health: Health,
}

/// Name of a run's folder.
pub fn run_name(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(|| folder.display().to_string(), |name| name.to_string_lossy().into_owned())
}

impl RunHistory {
    /// Clears everything but the folder and the configuration.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.earlier_steps = 0;
        self.validations.clear();
        self.changes.clear();
        self.health = Health::default();
    }

    /// Takes the log of a run that is started or continued.
    pub fn restore(&mut self, history: Vec<Entry>) {
        for entry in history {
            match entry {
                Entry::Step(report) => self.steps.push(report),
                Entry::Validation(report) => self.validations.push(report),
                Entry::Change(change) => self.changes.push(change),
            }
        }
        self.earlier_steps = self.steps.len();
    }

    /// The last step made.
    pub fn last_step(&self) -> Option<&StepReport> {
        self.steps.last()
    }

    /// Steps since the run was started or continued here; only these tell its present speed.
    pub fn steps_here(&self) -> &[StepReport] {
        self.steps.get(self.earlier_steps..).unwrap_or_default()
    }

    /// True if there are networks to predict with; those of a run count once it has made a step.
    pub fn has_networks(&self, session: &SessionView, viewed: &ViewedFrame) -> bool {
        let is_trained = |model: &ModelReport| {
            !matches!(model.provenance, Provenance::Run { .. }) || !self.steps.is_empty()
        };
        session.published.model.as_deref().is_some_and(is_trained)
            || viewed.picture.as_ref().is_some_and(|picture| picture.origin != PictureSource::Images)
    }

    /// True if the demo weights predict.
    pub fn shows_demo(&self, session: &SessionView) -> bool {
        let model = session.published.model.as_ref();
        let is_demo = model.is_some_and(|model| model.provenance == Provenance::Demo);
        is_demo && self.steps.is_empty() && !session.has_run()
    }

    /// Checks the steps so far; a diagnosis that is new becomes a message.
    pub fn check_health(&mut self, viewed: &ViewedFrame, messages: &mut Messages) {
        let found = self.health.check(&self.steps, &self.changes, &viewed.objective);
        for (text, advice) in found {
            messages.add(MessageLevel::Warning, text, advice);
        }
    }

    /// Sends the changes of the form to the run in progress.
    pub fn send_changes(&mut self, form: &TrainingForm, session: &mut SessionView, viewed: &mut ViewedFrame) {
        for setting in Setting::differences(&self.config, &form.config) {
            session.requests.send(Command::Change(setting));
        }
        viewed.objective = form.config.objective.clone();
        self.config.clone_from(&form.config);
    }

    /// Learning rate with which a run continues after a loss that was not finite, rounded to two digits.
    pub fn lower_rate(&self) -> f64 {
        let rate = self.config.training.learning_rate / RATE_CUT;
        format!("{rate:.1e}").parse().unwrap_or(rate)
    }

    /// Continues from the run's last checkpoint with a lower learning rate.
    pub fn go_back(&self, session: &mut SessionView, viewed: &ViewedFrame) {
        if let Some(run) = self.folder.clone() {
            let rate = Setting::LearningRate(self.lower_rate());
            let requests = &mut session.requests;
            requests.send(Command::FollowTraining(viewed.follows_training));
            requests.send(Command::Resume { run, data: None, config: None, on_run: OnRun::End });
            requests.send(Command::Change(rate));
        }
    }
}
