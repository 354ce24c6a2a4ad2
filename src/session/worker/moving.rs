//! Going on with everything on another device.

use super::Worker;
use crate::{compute::Compute, config::DeviceChoice, session::failure::caught, train::RunFolder};
use anyhow::{Error, Result};
use burn::module::Module;

impl Worker {
    /// Computes where `choice` says from now on. Loaded networks move there; a run goes on there from a checkpoint
    /// that is written before, and where it was if it cannot go on there.
    pub(super) fn compute_on(&mut self, choice: DeviceChoice) -> Result<()> {
        let compute = Compute::open(choice, self.compute.display.clone())?;
        if compute.name == self.compute.name {
            return Ok(());
        }
        let was_running = self.phase.is_running();
        self.pause()?;
        let run = self.phase.training_mut();
        let place = run.map(|training| {
            training.run.save()?;
            Ok::<_, Error>((training.run.out(), training.run.config(), training.data.clone()))
        });
        let place = place.transpose()?;
        drop(self.phase.take());
        let before = std::mem::replace(&mut self.compute, compute);
        if let Some((out, config, data)) = place {
            let go_on = |worker: &mut Self| {
                caught(|| worker.reopen(RunFolder::open(&out)?, config.clone(), data.clone()))
            };
            if let Err(failure) = go_on(self) {
                self.compute = before;
                go_on(self)?;
                self.phase.pause(None);
                return Err(failure.into());
            }
            if !was_running {
                self.phase.pause(None);
            }
        }
        self.device_version = self.next_version();
        self.viewer.forget_prediction();
        self.model = self.model.take().map(|mut model| {
            model.networks = model.networks.to_device(&self.compute.device);
            model
        });
        Ok(())
    }
}
