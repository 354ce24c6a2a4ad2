//! Going on with everything on another device.

use super::{Event, RunFolder, State, Worker};
use crate::{compute::Compute, config::DeviceChoice};
use anyhow::Result;
use burn::module::Module;

impl Worker {
    /// Computes where `choice` says from now on. Loaded networks move there; a run goes on there from a
    /// checkpoint that is written before.
    pub(super) fn compute_on(&mut self, choice: DeviceChoice) -> Result<()> {
        let compute = Compute::open(choice, self.compute.display.clone())?;
        if compute.name != self.compute.name {
            let was_paused = self.state == State::Paused;
            let run = self.run.as_ref().filter(|run| !run.is_spoiled()).map(|run| (run.out(), run.config()));
            if run.is_some() {
                self.close()?;
            } else {
                self.finish()?;
            }
            self.end_trace();
            self.end_evaluation();
            self.fuser = None;
            self.photographer.forget();
            self.networks = self.networks.take().map(|networks| networks.to_device(&compute.device));
            self.compute = compute;
            self.is_show_due = self.shown.is_some();
            if let Some((out, config)) = run {
                self.enter(State::Preparing);
                self.go_on(RunFolder::open(&out)?, config)?;
                if was_paused {
                    self.pause();
                }
            }
        }
        self.tell(Event::Device { name: self.compute.name.clone(), is_shared: self.compute.is_shared });
        Ok(())
    }
}
