//! Moving the networks and the run to another device.

use super::Worker;
use crate::{compute::Compute, config::DeviceChoice};
use anyhow::Result;
use burn::module::Module;

impl Worker {
    /// Changes the device. Loaded networks are moved. A run writes a checkpoint and is resumed from it on the new
    /// device, or on the old one if that fails.
    pub(super) fn compute_on(&mut self, choice: DeviceChoice) -> Result<()> {
        let compute = Compute::open(choice, self.compute.display.clone())?;
        if compute.name == self.compute.name {
            return Ok(());
        }
        let was_running = self.phase.is_running();
        self.pause()?;
        if let Some(active) = self.phase.active_run_mut() {
            active.run.save()?;
        }
        let run = self.drop_run();
        let before = std::mem::replace(&mut self.compute, compute);
        self.device_version = self.next_version();
        if let Some(run) = run
            && let Err(failure) = self.reopen(&run, was_running)
        {
            self.compute = before;
            self.device_version = self.next_version();
            return match self.reopen(&run, was_running) {
                Ok(_) => Err(failure.into()),
                Err(again) => Err(self.end_dropped(run, failure, &again).into()),
            };
        }
        self.viewer.forget_prediction();
        self.model = self.model.take().map(|mut model| {
            model.networks = model.networks.to_device(&self.compute.device);
            model
        });
        Ok(())
    }
}
