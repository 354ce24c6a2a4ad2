//! Going on with everything on another device.

use super::{Event, Run, RunFolder, State, Worker};
use crate::{compute::Compute, config::DeviceChoice};
use anyhow::{Context, Result};
use burn::module::Module;

impl Worker {
    /// Computes where `choice` says from now on. Loaded networks move there; a run goes on there from a
    /// checkpoint that is written before.
    pub(super) fn compute_on(&mut self, choice: DeviceChoice) -> Result<()> {
        let compute = Compute::open(choice, self.compute.display.clone())?;
        if compute.name == self.compute.name {
            return Ok(());
        }
        self.settle().context("the training step failed")?;
        let was_paused = self.state == State::Paused;
        let config = self.run.as_ref().filter(|run| !run.is_spoiled()).map(Run::config);
        let closed = self.close()?;
        self.leave_predictions();
        self.end_evaluation();
        self.networks = self.networks.take().map(|networks| networks.to_device(&compute.device));
        self.tell(Event::Device { name: compute.name.clone(), is_shared: compute.is_shared });
        self.compute = compute;
        self.is_show_due = self.shown.is_some();
        let Some((steps, out)) = closed else { return Ok(()) };
        let Some(config) = config else {
            self.tell(Event::Finished { steps, out });
            return Ok(());
        };
        self.enter(State::Preparing);
        if let Err(error) = RunFolder::open(&out).and_then(|folder| self.go_on(folder, config)) {
            self.tell(Event::Finished { steps, out });
            return Err(error);
        }
        if was_paused {
            self.pause();
        }
        Ok(())
    }
}
