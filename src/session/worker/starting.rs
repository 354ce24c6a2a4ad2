//! Commands that start or resume a run.

use super::{
    Worker,
    dataset::Dataset,
    phase::{ActiveRun, Phase},
};
use crate::{
    config::{DataChoice, RunConfig},
    data::Samples,
    runs::{Entry, Position, RunFolder, SnapshotStore, Snapshots},
    session::{Activity, Event, Level, Notice, OnRun, Outcome, RunStarted, Topic},
    train::{Run, StartingNetworks, check_memory},
};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// A run that is ready to make steps.
pub(super) struct ReadyRun {
    pub run: Run,
    samples: Samples,
    history: Vec<Entry>,
    /// Text of a warning to send when it starts.
    warning: Option<String>,
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

impl Worker {
    pub(super) fn start(&mut self, config: RunConfig, out: &Path) -> Result<()> {
        if let Some(active) = self.phase.active_run() {
            bail!("the run {} is in progress; stop it first", active.run.out().display());
        }
        self.publish_as(Activity::Preparing);
        config.validate()?;
        let data = self.data.clone().context("there is no data to train on; open some first")?;
        let samples = data.open.samples(&config.objective.frame_ids)?;
        check_memory(&config, samples.training.len(), self.compute.is_shared)?;
        let loaded = self.model.as_ref().filter(|model| model.starts_runs());
        let loaded = loaded.map(|model| &model.networks);
        let start = StartingNetworks::new(&config, loaded, &self.compute.device)?;
        let pretrained = start.pretrained.as_ref().map(ToString::to_string);
        let run = Run::new(config, start, &data.open, &samples, out, &self.compute)?;
        self.model = None;
        self.install_run(ReadyRun { run, samples, history: Vec::new(), warning: None }, data, true);
        if let Some(text) = pretrained {
            let (level, topic) = (Level::Info, Topic::Weights);
            self.publisher.send(Event::Notice(Notice { level, topic, text, ..Notice::default() }));
        }
        Ok(())
    }

    pub(super) fn resume(
        &mut self,
        out: &Path,
        data: Option<(DataChoice, Option<String>)>,
        config: Option<RunConfig>,
        on_run: OnRun,
    ) -> Result<Outcome> {
        let other = self.phase.active_run().map(|active| active.run.out());
        // A run locks its folder. To resume the active run itself, it must end before its folder can be opened
        // again.
        let is_same = other.as_ref().is_some_and(|other| is_same_folder(other, out));
        if let Some(active) = self.phase.active_run().filter(|_| is_same && on_run != OnRun::End) {
            return Ok(Outcome::AlreadyUnderWay { step: active.run.steps() });
        }
        let folder = RunFolder::open(out)?;
        let config = config.map_or_else(|| folder.config(), Ok)?;
        let (choice, split) = match data {
            Some(data) => data,
            None => folder.manifest().map(|manifest| (manifest.data, manifest.split))?,
        };
        let position = folder.last_position()?;
        ensure!(
            other.is_none() || on_run != OnRun::Keep,
            "only one run can be in progress; stop {} first",
            other.unwrap_or_default().display()
        );
        if on_run == OnRun::Ask {
            if self.is_complete(position, &config, (&choice, split.as_deref()))? {
                return Ok(Outcome::RunFinished { steps: position.step });
            }
            if let Some(outcome) = self.apply_on_run(on_run)? {
                return Ok(outcome);
            }
        }
        self.publish_as(Activity::Preparing);
        let data = self.dataset(&choice, split, &config.objective.frame_ids)?;
        if self.phase.active_run().is_none() {
            // Another run still holds memory that this one will have.
            config.validate()?;
            check_memory(&config, data.report.training.len(), self.compute.is_shared)?;
        }
        if is_same {
            self.apply_on_run(on_run)?;
        }
        let resumed = self.open_run(folder, config, &data)?;
        if !is_same {
            self.apply_on_run(on_run)?;
        }
        self.publish_as(Activity::Preparing);
        self.model = None;
        self.view_data(data.clone());
        self.install_run(resumed, data, true);
        if self.phase.active_run().is_some_and(|active| active.run.is_finished()) {
            self.finish()?;
        }
        Ok(Outcome::Done)
    }

    /// True if a run at this position has made all its steps, and all the validations that its data allows.
    fn is_complete(
        &mut self,
        position: Position,
        config: &RunConfig,
        (data, split): (&DataChoice, Option<&str>),
    ) -> Result<bool> {
        let training = &config.training;
        let total_steps = training.steps.unwrap_or((position.batches * training.num_epochs) as u64);
        if position.step < total_steps {
            return Ok(false);
        }
        if !position.ends_epoch() || position.validated == Some(position.step) {
            return Ok(true);
        }
        let data = self.dataset(data, split.map(str::to_owned), &config.objective.frame_ids)?;
        Ok(data.report.validation.is_empty())
    }

    /// Opens a run at its last checkpoint, without changing the session.
    pub(super) fn open_run(&self, folder: RunFolder, config: RunConfig, data: &Dataset) -> Result<ReadyRun> {
        let samples = data.open.samples(&config.objective.frame_ids)?;
        let here = self.compute.precision();
        let original = folder.manifest().map_or(here, |manifest| manifest.precision);
        let (run, history) = Run::resume(folder, config, &data.open, &samples, &self.compute)?;
        let is_other = original != here;
        let warning = is_other
            .then(|| format!("the run was started with --precision {original} and continues with {here}"));
        Ok(ReadyRun { run, samples, history, warning })
    }

    /// Makes a run the active one, running or paused, and publishes its start.
    pub(super) fn install_run(&mut self, opened: ReadyRun, data: Dataset, is_running: bool) {
        let ReadyRun { run, samples, history, warning: of_run } = opened;
        let (store, of_store) = SnapshotStore::open(&run.out(), run.steps(), Snapshots::MAX_BYTES);
        let snapshots = store.snapshots().all().to_vec();
        self.jobs.snapshots.set_store(store);
        let started = RunStarted { config: run.config(), out: run.out(), history, snapshots };
        let has_validation = run.has_validation();
        let active = Box::new(ActiveRun::new(run, data, self.next_version()));
        self.phase = if is_running {
            Phase::Running { active, is_single_step: false }
        } else {
            Phase::Paused { active, failure: None }
        };
        self.publish();
        self.publisher.send(Event::RunStarted(Box::new(started)));
        self.report();
        for warning in of_run.into_iter().chain(of_store) {
            self.publisher.warn(Topic::Run, warning);
        }
        if let Some((key, reason)) = samples.dropped.first() {
            let count = samples.dropped.len();
            let text = format!("{count} samples lack a frame and are left out; the first, {key}: {reason}");
            self.publisher.warn(Topic::Data, text);
        }
        if !has_validation {
            self.publisher.warn(Topic::Run, "nothing to validate on, so no checkpoint is called the best");
        }
        self.start_snapshot();
    }
}
