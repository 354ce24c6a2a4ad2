//! A run that is dropped and read anew from its last checkpoint, because what it held cannot be trusted, lies on a
//! lost device, or is to lie on another.

use super::{Dataset, Worker};
use crate::{
    runs::RunFolder,
    session::{Event, Failure, RunEffect, failure::caught},
};
use std::path::PathBuf;

/// What is left of a run that was dropped.
pub(super) struct DroppedRun {
    pub out: PathBuf,
    pub data: Dataset,
    /// Steps that it had made.
    pub steps: u64,
}

impl Worker {
    /// Drops the run, if there is one.
    pub(super) fn drop_run(&mut self) -> Option<DroppedRun> {
        let training = self.phase.take()?;
        let (out, data, steps) = (training.run.out(), training.data.clone(), training.run.steps());
        // It asks its device for its last numbers, which may fail in any way and matters no more.
        let _ = caught(|| {
            drop(training);
            Ok(())
        });
        Some(DroppedRun { out, data, steps })
    }

    /// Goes on with a dropped run from its last checkpoint, or only stands there; gives the step of that.
    ///
    /// # Errors
    /// If the checkpoint cannot be used now; there is no run then.
    pub(super) fn reopen(&mut self, run: &DroppedRun, goes_on: bool) -> Result<u64, Failure> {
        caught(|| {
            let folder = RunFolder::open(&run.out)?;
            let config = folder.config()?;
            let opened = self.open_run(folder, config, &run.data)?;
            let step = opened.run.steps();
            self.begin(opened, run.data.clone(), goes_on);
            Ok(step)
        })
    }

    /// Tells that a dropped run has ended, because it could not be reopened for the reason `again`; gives the
    /// failure that led to it with what to do.
    pub(super) fn end_dropped(&self, run: DroppedRun, failure: Failure, again: &Failure) -> Failure {
        let DroppedRun { out, steps, .. } = run;
        let advice = format!(
            "the run ended at step {steps}, because its last checkpoint cannot be used now ({}); resume it from {}",
            again.text,
            out.display()
        );
        let failure = Failure { advice, effect: RunEffect::SetBack, ..failure };
        self.publish();
        self.publisher.send(Event::RunEnded { steps, out, failure: Some(failure.clone()) });
        failure
    }
}
