//! Dropping a run and resuming it from its last checkpoint: because its memory cannot be trusted, the device is
//! lost, or the run moves to another device.

use super::{Worker, dataset::Dataset};
use crate::{
    runs::RunFolder,
    session::{Event, Failure, RunEffect, protocol::caught},
};
use std::path::PathBuf;

/// Folder, data and step of a run that was dropped, with which it can be resumed.
pub(super) struct DroppedRun {
    pub out: PathBuf,
    pub data: Dataset,
    /// Steps that the run had made.
    pub steps: u64,
}

impl Worker {
    /// Drops the run, if there is one.
    pub(super) fn drop_run(&mut self) -> Option<DroppedRun> {
        let active = self.phase.take()?;
        let (out, data, steps) = (active.run.out(), active.data.clone(), active.run.steps());
        // Dropping reads the metrics of the last step from the device. That can fail, and the metrics are not needed.
        let _ = caught(|| {
            drop(active);
            Ok(())
        });
        Some(DroppedRun { out, data, steps })
    }

    /// Resumes a dropped run from its last checkpoint, running or paused. Returns the step of the checkpoint.
    ///
    /// # Errors
    /// If the checkpoint cannot be used now. There is no run then.
    pub(super) fn reopen(&mut self, run: &DroppedRun, is_running: bool) -> Result<u64, Failure> {
        caught(|| {
            let folder = RunFolder::open(&run.out)?;
            let config = folder.config()?;
            let opened = self.open_run(folder, config, &run.data)?;
            let step = opened.run.steps();
            self.install_run(opened, run.data.clone(), is_running);
            Ok(step)
        })
    }

    /// Sends [`Event::RunEnded`] for a dropped run that could not be resumed because of `again`. Returns
    /// `failure`, the reason why it was dropped, with advice added.
    pub(super) fn end_dropped(&self, run: DroppedRun, failure: Failure, again: &Failure) -> Failure {
        let DroppedRun { out, steps, .. } = run;
        let advice = format!(
            "the run ended at step {steps}, because its last checkpoint cannot be used now ({}); resume it from {}",
            again.text,
            out.display()
        );
        let failure = Failure { advice, effect: RunEffect::RolledBack, ..failure };
        self.publish();
        self.publisher.send(Event::RunEnded { steps, out, failure: Some(failure.clone()) });
        failure
    }
}
