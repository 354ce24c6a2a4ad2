//! Snapshots of pinned frames, taken beside the steps of a run.

use super::Worker;
use crate::train::{
    Event, Run,
    pinned::{Moment, Pinned},
};
use anyhow::Result;
use std::sync::Arc;

impl Worker {
    /// Looks at other frames from now on, and at once at those that are new.
    pub(super) fn pin(&mut self, pinned: Pinned) {
        if self.photographer.pin(pinned) {
            self.begin_snapshot();
        }
    }

    /// Begins a snapshot with the networks as they are now.
    pub(super) fn begin_snapshot(&mut self) {
        let Some(data) = &self.data else { return };
        if self.run.as_ref().is_some_and(Run::is_spoiled) {
            return;
        }
        let is_loaded = self.run.is_none();
        let moment = Moment {
            step: self.run.as_ref().map(Run::steps).or(self.networks_step),
            networks: self.present_networks(),
            config: self.config.clone(),
            source: Arc::clone(&data.source),
            knows_stereo: is_loaded && self.knows_stereo,
            stated_scale: self.stated_scale.clone().filter(|_| is_loaded),
        };
        self.photographer.begin(moment);
    }

    /// Begins the snapshot of the last step of a run, unless it was taken.
    pub(super) fn begin_last_snapshot(&mut self, step: u64) {
        self.networks_step = self.networks.as_ref().map(|_| step);
        if self.networks_step.is_some() && self.photographer.is_due(step, true) {
            self.begin_snapshot();
        }
    }

    /// Begins a snapshot if it is time, and looks at one more frame. What fails is told and ends nothing.
    pub(super) fn photograph(&mut self) -> Result<()> {
        if self.run.is_some() && self.photographer.is_due(self.steps(), false) {
            self.begin_snapshot();
        }
        match self.photographer.advance(&self.compute) {
            Ok(Some(snapshot)) => self.tell(Event::Snapshot(Arc::new(snapshot))),
            Ok(None) => {}
            Err(error) => self.warn(format!("{error:#}")),
        }
        Ok(())
    }
}
