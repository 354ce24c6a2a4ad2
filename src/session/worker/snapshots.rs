//! Snapshots of pinned frames, taken beside the steps of a run.

use super::Worker;
use crate::train::{Album, Event, Run, Snapshot, Snapshots, pinned::Pinned};
use anyhow::{Context, Result};
use std::sync::Arc;

impl Worker {
    /// Looks at other frames from now on, and at once at those that are new.
    pub(super) fn pin(&mut self, pinned: Pinned) {
        if self.photographer.pin(pinned) {
            self.begin_snapshot();
        }
    }

    /// Turns to the album of a run that begins or goes on; gives what is in it.
    pub(super) fn open_album(&mut self, run: &Run) -> Vec<Arc<Snapshot>> {
        let (album, trouble) = Album::open(&run.out(), run.steps(), Snapshots::MOST_BYTES);
        if let Some(trouble) = trouble {
            self.warn(trouble);
        }
        let snapshots = album.snapshots().all().to_vec();
        self.photographer.forget();
        self.photographer.fill(album);
        snapshots
    }

    /// Begins a snapshot with the networks as they are now.
    pub(super) fn begin_snapshot(&mut self) {
        if self.run.as_ref().is_some_and(Run::is_spoiled) {
            return;
        }
        let Some(moment) = self.moment() else { return };
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
            // What a snapshot says of a step it says of one that succeeded.
            self.settle().context("the training step failed")?;
            self.begin_snapshot();
        }
        match self.photographer.advance(&self.compute) {
            Ok(Some(snapshot)) => {
                let snapshot = Arc::new(snapshot);
                self.tell(Event::Snapshot(Arc::clone(&snapshot)));
                if let Err(error) = self.photographer.keep(&snapshot) {
                    self.warn(format!("{error:#}"));
                }
            }
            Ok(None) => {}
            Err(error) => self.warn(format!("{error:#}")),
        }
        Ok(())
    }
}
