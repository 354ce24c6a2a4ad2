//! Runs: how they start, make steps, stand still after a failure, and end.

use super::{ActiveRun, Dataset, Worker, phase::Phase};
use crate::{
    config::{DataChoice, RunConfig, Setting},
    data::Samples,
    runs::{Entry, Position, RunFolder, SnapshotStore, Snapshots},
    session::{
        Activity, Command, Event, Failure, Level, Notice, OnRun, Outcome, RunEffect, RunStarted, Topic,
        failure::{caught, guarded},
        jobs::Job,
    },
    train::{Progress, Reported, Run, StartingNetworks, Step},
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

const STEP_FAILED: &str = "the training step failed";

impl Command {
    /// Whether its failure is that of a run that was to start.
    pub(super) fn starts_run(&self) -> bool {
        matches!(self, Self::Start { .. } | Self::Resume { .. })
    }

    /// Whether a panic while it is handled leaves doubt about the run.
    pub(super) fn changes_run(&self) -> bool {
        matches!(
            self,
            Self::Start { .. }
                | Self::Resume { .. }
                | Self::Change(_)
                | Self::Pause
                | Self::Continue
                | Self::Step
                | Self::Stop
                | Self::ComputeOn(_)
                | Self::Shutdown { .. }
        )
    }
}

/// A run that is ready to go on.
pub(super) struct ReadyRun {
    pub run: Run,
    samples: Samples,
    history: Vec<Entry>,
    /// What is worth knowing before it does.
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
        if let Some(training) = self.phase.training() {
            bail!("the run {} is under way; stop it first", training.run.out().display());
        }
        self.publish_as(Activity::Preparing);
        config.validate()?;
        let loaded = self.model.as_ref().filter(|model| model.is_start());
        let loaded = loaded.map(|model| &model.networks);
        let start = StartingNetworks::new(&config, loaded, &self.compute.device)?;
        let pretrained = start.pretrained.as_ref().map(ToString::to_string);
        let data = self.data.clone().context("there is no data to train on; open some first")?;
        let samples = data.open.samples(&config.objective.frame_ids)?;
        let run = Run::new(config, start, &data.open, &samples, out, &self.compute)?;
        self.model = None;
        self.begin(ReadyRun { run, samples, history: Vec::new(), warning: None }, data, true);
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
        let other = self.phase.training().map(|training| training.run.out());
        // A run keeps its own folder locked, so only then it ends before the folder is known to be good.
        let is_same = other.as_ref().is_some_and(|other| is_same_folder(other, out));
        if let Some(training) = self.phase.training().filter(|_| is_same && on_run != OnRun::End) {
            return Ok(Outcome::AlreadyUnderWay { step: training.run.steps() });
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
            "only one run can be under way; stop {} first",
            other.unwrap_or_default().display()
        );
        if on_run == OnRun::Ask {
            if self.is_complete(position, &config, (&choice, split.as_deref()))? {
                return Ok(Outcome::RunFinished { steps: position.step });
            }
            if let Some(question) = self.make_way(on_run)? {
                return Ok(question);
            }
        }
        self.publish_as(Activity::Preparing);
        let data = self.dataset(&choice, split, &config.objective.frame_ids)?;
        if is_same {
            self.make_way(on_run)?;
        }
        let resumed = self.open_run(folder, config, &data)?;
        if !is_same {
            self.make_way(on_run)?;
        }
        self.publish_as(Activity::Preparing);
        self.model = None;
        self.look_at_data(data.clone());
        self.begin(resumed, data, true);
        if self.phase.training().is_some_and(|training| training.run.is_finished()) {
            self.finish()?;
        }
        Ok(Outcome::Done)
    }

    /// Whether a run that stands there has made all its steps, and every validation that its data allows.
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

    /// Opens a run at its last checkpoint; nothing else changes yet.
    pub(super) fn open_run(&self, folder: RunFolder, config: RunConfig, data: &Dataset) -> Result<ReadyRun> {
        let samples = data.open.samples(&config.objective.frame_ids)?;
        let here = self.compute.precision();
        let begun = folder.manifest().map_or(here, |manifest| manifest.precision);
        let (run, history) = Run::resume(folder, config, &data.open, &samples, &self.compute)?;
        let is_other = begun != here;
        let warning =
            is_other.then(|| format!("the run was begun with --precision {begun} and goes on with {here}"));
        Ok(ReadyRun { run, samples, history, warning })
    }

    pub(super) fn begin(&mut self, opened: ReadyRun, data: Dataset, goes_on: bool) {
        let ReadyRun { run, samples, history, warning: precision } = opened;
        let (album, warning) = SnapshotStore::open(&run.out(), run.steps(), Snapshots::MOST_BYTES);
        let snapshots = album.snapshots().all().to_vec();
        self.jobs.snapshots.fill(album);
        let started = RunStarted { config: run.config(), out: run.out(), history, snapshots };
        let has_validation = run.has_validation();
        let training = Box::new(ActiveRun::new(run, data, self.next_version()));
        self.phase = if goes_on {
            Phase::Running { training, one_step: false }
        } else {
            Phase::Paused { training, failure: None }
        };
        self.publish();
        self.publisher.send(Event::RunStarted(Box::new(started)));
        self.report();
        for warning in precision.into_iter().chain(warning) {
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
        self.begin_snapshot();
    }

    /// Makes the next step, or validates a batch. What fails pauses the run.
    pub(super) fn train(&mut self) {
        let follows = self.is_following();
        let maps = self.maps_of_step();
        let advanced = guarded(STEP_FAILED, || self.advance(&maps));
        let step = match advanced {
            Ok(step) => step,
            Err(failure) => return self.interrupt_by_itself(failure),
        };
        let made_step = step.is_some();
        if let Some(step) = step.filter(|_| follows) {
            self.show_step(*step);
        }
        let saved = caught(|| {
            self.save_if_due()?;
            self.take_snapshot_if_due()
        });
        if let Err(failure) = saved {
            return self.interrupt_by_itself(failure);
        }
        if self.phase.training().is_some_and(|training| training.run.is_finished()) {
            if let Err(failure) = caught(|| self.finish()) {
                self.publisher.tell(Level::Error, Topic::Run, failure);
            }
        } else if made_step && self.phase.ends_after_step() {
            match guarded(STEP_FAILED, || self.settle()) {
                Ok(()) => self.phase.pause(None),
                Err(failure) => return self.interrupt_by_itself(failure),
            }
        }
        self.publish();
    }

    fn advance(&mut self, maps: &BTreeSet<crate::objective::MapName>) -> Result<Option<Box<Step>>> {
        let Some(training) = self.phase.training_mut() else { return Ok(None) };
        let progress = training.run.advance(maps);
        training.validating = None;
        for (key, reason) in training.run.take_skipped() {
            self.publisher.warn(Topic::Data, format!("{key} was skipped: {reason}"));
        }
        self.report();
        match progress? {
            Progress::Step(step) => return Ok(Some(step)),
            Progress::Validating { done, samples } => {
                if let Some(training) = self.phase.training_mut() {
                    training.validating = Some((done, samples));
                }
            }
            Progress::Validated(report) => self.publisher.send(Event::Validation(report)),
            Progress::NotValidated(reason) => {
                self.publisher.warn(Topic::Run, format!("validation was given up: {reason}"));
            }
        }
        Ok(None)
    }

    fn save_if_due(&mut self) -> Result<()> {
        let Some(training) = self.phase.training_mut() else { return Ok(()) };
        let saved = training.run.save_if_due();
        self.report();
        if let Some(path) = saved? {
            self.publisher.send(Event::Checkpoint(path));
        }
        Ok(())
    }

    fn take_snapshot_if_due(&mut self) -> Result<()> {
        let is_due = |training: &ActiveRun| self.jobs.snapshots.is_due(training.run.steps(), false);
        if self.phase.training().is_some_and(is_due) {
            // What a snapshot says of a step it says of one that succeeded.
            self.settle().context(STEP_FAILED)?;
            self.begin_snapshot();
        }
        Ok(())
    }

    /// Waits for the numbers of the last step and tells them.
    fn settle(&mut self) -> Result<()> {
        let settled = self.phase.training_mut().map_or(Ok(()), |training| training.run.settle());
        self.report();
        settled
    }

    /// Tells of the steps whose numbers arrived, and of what went wrong beside them.
    fn report(&mut self) {
        let Some(training) = self.phase.training_mut() else { return };
        let (reported, warnings) = (training.run.take_reported(), training.run.take_warnings());
        warnings.into_iter().for_each(|warning| self.publisher.warn(Topic::Run, warning));
        if !reported.is_empty() {
            self.publish();
        }
        for Reported { report, changes } in reported {
            changes.into_iter().for_each(|change| self.publisher.send(Event::Changed(change)));
            self.publisher.send(Event::Step(report));
        }
    }

    pub(super) fn change(&mut self, setting: Setting) -> Result<()> {
        let Some(training) = self.phase.training_mut() else { bail!("there is no run to change") };
        let changed = training.run.change(setting);
        self.report();
        // A step that failed meanwhile is another matter than a value that cannot be.
        match changed {
            Err(error) if self.is_spoiled() => Err(self.interrupt(Failure::of(error)).into()),
            changed => changed,
        }
    }

    fn is_spoiled(&self) -> bool {
        self.phase.training().is_some_and(|training| training.run.is_spoiled())
    }

    pub(super) fn pause(&mut self) -> Result<()> {
        if !self.phase.is_running() {
            return Ok(());
        }
        match guarded(STEP_FAILED, || self.settle()) {
            Ok(()) => {
                self.phase.pause(None);
                Ok(())
            }
            Err(failure) => Err(self.interrupt(failure).into()),
        }
    }

    pub(super) fn go_on(&mut self, one_step: bool) -> Result<()> {
        let training = self.phase.training().context("there is no run to go on with")?;
        if training.run.is_finished() {
            // Only its last checkpoint is missing.
            return self.finish();
        }
        if training.run.is_spoiled() {
            self.go_back()?;
        }
        self.phase.run(one_step);
        Ok(())
    }

    /// Goes back to the last checkpoint of a run whose networks give no finite loss any more, with the options that
    /// it has now: a value that broke it after the checkpoint does not come back.
    fn go_back(&mut self) -> Result<()> {
        let Some(wanted) = self.phase.training().map(|training| training.run.config()) else { return Ok(()) };
        let Some(run) = self.drop_run() else { return Ok(()) };
        let reopened = caught(|| {
            let folder = RunFolder::open(&run.out)?;
            let next = folder.last_position()?.step + 1;
            folder.write_config(&folder.config()?.without_changes(next, |_| true))
        });
        if let Err(again) = reopened.and_then(|()| self.reopen(&run, false)) {
            let failure = Failure { text: "the run cannot go back".to_owned(), ..Failure::default() };
            return Err(self.end_dropped(run, failure, &again).into());
        }
        let now = self.phase.training().map(|training| training.run.config()).unwrap_or_default();
        for setting in Setting::differences(&now, &wanted) {
            self.change(setting)?;
        }
        Ok(())
    }

    /// Pauses the run because of a failure that answers no request, and tells it.
    pub(super) fn interrupt_by_itself(&mut self, failure: Failure) {
        if self.recover().is_some() {
            return;
        }
        let failure = self.interrupt(failure);
        self.publish();
        self.publisher.tell(Level::Error, Topic::Run, failure);
    }

    /// Pauses the run because of a failure; gives the failure with what it did and what to do.
    fn interrupt(&mut self, failure: Failure) -> Failure {
        if let Some(failure) = self.recover() {
            return failure;
        }
        if failure.is_panic() {
            return self.set_back(failure);
        }
        if let Err(late) = guarded(STEP_FAILED, || self.settle()) {
            self.publisher.tell(Level::Warning, Topic::Run, late);
        }
        let Some(training) = self.phase.training() else { return failure };
        let failure = if training.run.is_spoiled() {
            let advice = format!(
                "the run is paused and writes no further checkpoint: continue it with a lower learning rate, which goes \
                 back to its checkpoint of step {} (--resume with --learning-rate on the command line), or limit the \
                 gradient's norm in a new run; if that fails at once, remove the folder of this checkpoint to go on \
                 from the one before",
                training.run.saved_step()
            );
            Failure { advice, effect: RunEffect::Spoiled, ..failure }
        } else {
            let advice = "the run is paused and its checkpoints are kept".to_owned();
            let is_unsaved = failure.effect == RunEffect::Unsaved;
            let effect = if is_unsaved { RunEffect::Unsaved } else { RunEffect::Paused };
            Failure { advice, effect, ..failure }
        };
        self.phase.pause(Some(failure.clone()));
        failure
    }

    /// Sets the run back to its last checkpoint, paused, because what it holds cannot be trusted any more; gives the
    /// failure with what it did and what to do.
    pub(super) fn set_back(&mut self, failure: Failure) -> Failure {
        let Some(run) = self.drop_run() else { return failure };
        match self.reopen(&run, false) {
            Ok(step) => {
                let advice =
                    format!("the run is paused at its checkpoint of step {step}: continue it from there");
                let failure = Failure { advice, effect: RunEffect::SetBack, ..failure };
                self.phase.pause(Some(failure.clone()));
                failure
            }
            Err(again) => self.end_dropped(run, failure, &again),
        }
    }

    /// Ends the run, if there is one: writes its last checkpoint and keeps its networks to look at. If the checkpoint
    /// cannot be written, the run stays, paused.
    pub(super) fn finish(&mut self) -> Result<()> {
        // A last step that failed is told of; the run ends all the same.
        if let Err(failure) = guarded(STEP_FAILED, || self.settle()) {
            self.publisher.tell(Level::Warning, Topic::Run, failure);
        }
        let Some(training) = self.phase.training_mut() else { return Ok(()) };
        let saved = guarded("the last checkpoint failed", || training.run.save());
        self.report();
        let path = match saved {
            Ok(path) => path,
            Err(failure) => {
                let failure = Failure { effect: RunEffect::Unsaved, ..failure };
                return Err(self.interrupt(failure).into());
            }
        };
        let Some(training) = self.phase.training() else { return Ok(()) };
        let (steps, out): (u64, PathBuf) = (training.run.steps(), training.run.out());
        if self.model.is_none() {
            // Networks that give no numbers are good for nothing.
            self.model = (!training.run.is_spoiled()).then(|| training.model());
        }
        if !self.is_spoiled() && self.jobs.snapshots.is_due(steps, true) {
            self.begin_snapshot();
        }
        if self.looked_at() != self.recorded() {
            // It is complete before the run is gone, because then other data or networks are looked at.
            while self.jobs.snapshots.has_work() {
                self.jobs.advance_snapshots(&self.publisher);
            }
        }
        drop(self.phase.take());
        self.compute.release_unused_memory();
        self.publish();
        if let Some(path) = path {
            self.publisher.send(Event::Checkpoint(path));
        }
        self.publisher.send(Event::RunEnded { steps, out, failure: None });
        Ok(())
    }
}
