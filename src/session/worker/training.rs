//! The active run: its steps, its pause after a failure, and its end.

use super::{Worker, phase::ActiveRun};
use crate::{
    config::Setting,
    objective::MapName,
    runs::RunFolder,
    session::{
        Event, Failure, Level, RunEffect, Topic,
        jobs::Job,
        protocol::{caught, guarded},
    },
    train::{Progress, Reported, Step},
};
use anyhow::{Context, Result, bail};
use std::{collections::BTreeSet, path::PathBuf};

const STEP_FAILED: &str = "the training step failed";

impl Worker {
    /// Makes the next step, or validates a batch. A failure pauses the run.
    pub(super) fn train(&mut self) {
        let follows = self.is_following();
        let maps = self.step_maps();
        let advanced = guarded(STEP_FAILED, || self.advance(&maps));
        let step = match advanced {
            Ok(step) => step,
            Err(failure) => return self.interrupt_and_notify(failure),
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
            return self.interrupt_and_notify(failure);
        }
        if self.phase.active_run().is_some_and(|active| active.run.is_finished()) {
            if let Err(failure) = caught(|| self.finish()) {
                self.publisher.notify(Level::Error, Topic::Run, failure);
            }
        } else if made_step && self.phase.ends_after_step() {
            match guarded(STEP_FAILED, || self.wait_for_metrics()) {
                Ok(()) => self.phase.pause(None),
                Err(failure) => return self.interrupt_and_notify(failure),
            }
        }
        self.publish();
    }

    fn advance(&mut self, maps: &BTreeSet<MapName>) -> Result<Option<Box<Step>>> {
        let Some(active) = self.phase.active_run_mut() else { return Ok(None) };
        let progress = active.run.advance(maps);
        active.validating = None;
        for (key, reason) in active.run.take_skipped() {
            self.publisher.warn(Topic::Data, format!("{key} was skipped: {reason}"));
        }
        self.report();
        match progress? {
            Progress::Step(step) => return Ok(Some(step)),
            Progress::Validating { done, samples } => {
                if let Some(active) = self.phase.active_run_mut() {
                    active.validating = Some((done, samples));
                }
            }
            Progress::Validated(report) => self.publisher.send(Event::Validation(report)),
            Progress::NotValidated(reason) => {
                self.publisher.warn(Topic::Run, format!("validation was abandoned: {reason}"));
            }
        }
        Ok(None)
    }

    fn save_if_due(&mut self) -> Result<()> {
        let Some(active) = self.phase.active_run_mut() else { return Ok(()) };
        let saved = active.run.save_if_due();
        self.report();
        if let Some(path) = saved? {
            self.publisher.send(Event::Checkpoint(path));
        }
        Ok(())
    }

    fn take_snapshot_if_due(&mut self) -> Result<()> {
        let is_due = |active: &ActiveRun| self.jobs.snapshots.is_due(active.run.steps(), false);
        if self.phase.active_run().is_some_and(is_due) {
            // A snapshot must be of a step that succeeded.
            self.wait_for_metrics().context(STEP_FAILED)?;
            self.start_snapshot();
        }
        Ok(())
    }

    /// Waits for the metrics of the last step and sends them.
    fn wait_for_metrics(&mut self) -> Result<()> {
        let waited = self.phase.active_run_mut().map_or(Ok(()), |active| active.run.wait_for_metrics());
        self.report();
        waited
    }

    /// Sends the metrics that have arrived from the device, and the warnings of the run.
    pub(super) fn report(&mut self) {
        let Some(active) = self.phase.active_run_mut() else { return };
        let (reported, warnings) = (active.run.take_reported(), active.run.take_warnings());
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
        let Some(active) = self.phase.active_run_mut() else { bail!("there is no run to change") };
        let changed = active.run.change(setting);
        self.report();
        // The error may also come from the step in flight, which interrupts the run.
        match changed {
            Err(error) if self.has_diverged() => Err(self.interrupt(Failure::of(error)).into()),
            changed => changed,
        }
    }

    fn has_diverged(&self) -> bool {
        self.phase.active_run().is_some_and(|active| active.run.has_diverged())
    }

    pub(super) fn pause(&mut self) -> Result<()> {
        if !self.phase.is_running() {
            return Ok(());
        }
        match guarded(STEP_FAILED, || self.wait_for_metrics()) {
            Ok(()) => {
                self.phase.pause(None);
                Ok(())
            }
            Err(failure) => Err(self.interrupt(failure).into()),
        }
    }

    pub(super) fn continue_run(&mut self, is_single_step: bool) -> Result<()> {
        let active = self.phase.active_run().context("there is no run to continue")?;
        if active.run.is_finished() {
            // All steps are made; only the last checkpoint is missing.
            return self.finish();
        }
        if active.run.has_diverged() {
            self.reopen_with_options()?;
        }
        self.phase.run(is_single_step);
        Ok(())
    }

    /// Goes back to the last checkpoint of a run that has diverged, but keeps its present options. Changes after
    /// the checkpoint are removed from the stored configuration, because one of them may be the cause.
    fn reopen_with_options(&mut self) -> Result<()> {
        let Some(options) = self.phase.active_run().map(|active| active.run.config()) else { return Ok(()) };
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
        let stored = self.phase.active_run().map(|active| active.run.config()).unwrap_or_default();
        for setting in Setting::differences(&stored, &options) {
            self.change(setting)?;
        }
        Ok(())
    }

    /// Pauses the run because of a failure of its own, not of a request, and sends a notice.
    pub(super) fn interrupt_and_notify(&mut self, failure: Failure) {
        if self.recover().is_some() {
            return;
        }
        let failure = self.interrupt(failure);
        self.publish();
        self.publisher.notify(Level::Error, Topic::Run, failure);
    }

    /// Pauses the run because of a failure. Returns the failure with its effect and advice.
    fn interrupt(&mut self, failure: Failure) -> Failure {
        if let Some(failure) = self.recover() {
            return failure;
        }
        if failure.is_panic() {
            return self.roll_back(failure);
        }
        if let Err(of_step) = guarded(STEP_FAILED, || self.wait_for_metrics()) {
            self.publisher.notify(Level::Warning, Topic::Run, of_step);
        }
        let Some(active) = self.phase.active_run() else { return failure };
        let failure = if active.run.has_diverged() {
            let step = active.run.saved_step();
            let otherwise = if step == 0 {
                "start a new run with another seed"
            } else {
                "remove the folder of this checkpoint to continue from the previous one"
            };
            let advice = format!(
                "the run is paused and writes no further checkpoint: continue it with a lower learning rate, which goes \
                 back to its checkpoint of step {step} (--resume with --learning-rate on the command line), or limit the \
                 gradient's norm in a new run; if that fails at once, {otherwise}"
            );
            Failure { advice, effect: RunEffect::NonFinite, ..failure }
        } else {
            let advice = "the run is paused and its checkpoints are kept".to_owned();
            let is_unsaved = failure.effect == RunEffect::Unsaved;
            let effect = if is_unsaved { RunEffect::Unsaved } else { RunEffect::Paused };
            Failure { advice, effect, ..failure }
        };
        self.phase.pause(Some(failure.clone()));
        failure
    }

    /// Resumes the run from its last checkpoint, paused, because its memory cannot be trusted any more. Returns the
    /// failure with its effect and advice.
    pub(super) fn roll_back(&mut self, failure: Failure) -> Failure {
        let Some(run) = self.drop_run() else { return failure };
        match self.reopen(&run, false) {
            Ok(step) => {
                let advice =
                    format!("the run is paused at its checkpoint of step {step}: continue it from there");
                let failure = Failure { advice, effect: RunEffect::RolledBack, ..failure };
                self.phase.pause(Some(failure.clone()));
                failure
            }
            Err(again) => self.end_dropped(run, failure, &again),
        }
    }

    /// Ends the run, if there is one: writes its last checkpoint and keeps its networks for viewing. If the checkpoint
    /// cannot be written, the run stays, paused.
    pub(super) fn finish(&mut self) -> Result<()> {
        // The run ends even if its last step failed.
        if let Err(failure) = guarded(STEP_FAILED, || self.wait_for_metrics()) {
            self.publisher.notify(Level::Warning, Topic::Run, failure);
        }
        let Some(active) = self.phase.active_run_mut() else { return Ok(()) };
        let saved = guarded("the last checkpoint failed", || active.run.save());
        self.report();
        let path = match saved {
            Ok(path) => path,
            Err(failure) => {
                let failure = Failure { effect: RunEffect::Unsaved, ..failure };
                return Err(self.interrupt(failure).into());
            }
        };
        let Some(active) = self.phase.active_run() else { return Ok(()) };
        let (steps, out): (u64, PathBuf) = (active.run.steps(), active.run.out());
        if self.model.is_none() {
            // Networks with non-finite outputs are of no use.
            self.model = (!active.run.has_diverged()).then(|| active.model());
        }
        if !self.has_diverged() && self.jobs.snapshots.is_due(steps, true) {
            self.start_snapshot();
        }
        if self.viewed_versions() != self.snapshot_versions() {
            // The snapshots are completed now, because they would be stale once the run is gone.
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
