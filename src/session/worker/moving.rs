//! Going on with everything on another device.

use super::Worker;
use crate::{
    compute::Compute,
    config::DeviceChoice,
    session::{Event, Failure, RunEffect, failure::caught},
    train::RunFolder,
};
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
            Ok::<_, Error>((training.run.out(), training.data.clone(), training.run.steps()))
        });
        let place = place.transpose()?;
        drop(self.phase.take());
        let before = std::mem::replace(&mut self.compute, compute);
        if let Some((out, data, steps)) = place {
            let go_on = |worker: &mut Self| {
                caught(|| {
                    let folder = RunFolder::open(&out)?;
                    let config = folder.config()?;
                    worker.reopen(folder, config, data.clone(), was_running)
                })
            };
            if let Err(failure) = go_on(self) {
                self.compute = before;
                if let Err(again) = go_on(self) {
                    let advice =
                        format!("the run ended, because it cannot go on here either: {}", again.text);
                    let failure = Failure { advice, effect: RunEffect::SetBack, ..failure };
                    let ended = Event::RunEnded { steps, out, failure: Some(failure.clone()) };
                    self.publisher.send(ended);
                    return Err(failure.into());
                }
                return Err(failure.into());
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
