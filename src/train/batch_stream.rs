//! The batches that a run trains on, from wherever it stands, without a wait between epochs.

use crate::{
    config::RunConfig,
    data::{
        Batch, FrameKey, FrameSource,
        loader::{Batches, Loader, LoaderEvent, LoaderOptions, Preparation},
    },
    runs::Position,
};
use anyhow::{Context, Result, bail};
use std::sync::Arc;

/// A loader with its place in the data.
pub(super) struct BatchStream {
    loader: Loader,
    batches: Option<Batches>,
    /// The next epoch's batches, begun when those of the present one are all being made.
    ahead: Option<Batches>,
}

impl BatchStream {
    /// Prepares to load; a batch holds all samples of a step.
    ///
    /// # Errors
    /// If there are too few samples for a batch.
    pub fn new(
        config: &RunConfig,
        source: &Arc<dyn FrameSource>,
        keys: &[FrameKey],
        preparation: Preparation,
    ) -> Result<Self> {
        let options = LoaderOptions::of(config, keys.len(), preparation);
        let loader = Loader::new(Arc::clone(source), keys.to_vec(), options)?;
        Ok(Self { loader, batches: None, ahead: None })
    }

    /// Batches of an epoch.
    pub fn batch_count(&self) -> usize {
        self.loader.batch_count()
    }

    /// Steps of the whole run: those that were asked for, or those of its epochs.
    pub fn total_steps(&self, RunConfig { training, .. }: &RunConfig) -> u64 {
        training.steps.unwrap_or((self.batch_count() * training.num_epochs) as u64)
    }

    /// Goes on behind another position than that of the last batch.
    pub fn go_to(&mut self, Position { epoch, batch, .. }: Position) {
        self.batches = Some(self.loader.batches(epoch, batch));
        self.ahead = None;
    }

    /// The batch after a position, of a run that makes so many steps in all. Adds to `skipped` what could
    /// not be read.
    ///
    /// # Errors
    /// If the data seems damaged.
    pub fn next(
        &mut self,
        position: Position,
        total_steps: u64,
        skipped: &mut Vec<(FrameKey, String)>,
    ) -> Result<Batch> {
        let Position { step, mut epoch, mut batch, .. } = position;
        loop {
            let batches = self.batches.get_or_insert_with(|| self.loader.batches(epoch, batch));
            match batches.next() {
                Some(Ok(LoaderEvent::Batch(batch))) => {
                    let is_last_epoch = step + 1 + batches.left() as u64 >= total_steps;
                    if self.ahead.is_none() && batches.are_all_requested() && !is_last_epoch {
                        self.ahead = Some(self.loader.batches(batch.epoch + 1, 0));
                    }
                    return Ok(batch);
                }
                Some(Ok(LoaderEvent::Skipped { key, reason })) => skipped.push((key, reason)),
                Some(Err(error)) => return Err(error).context("loading stopped"),
                None if batch == 0 => bail!("an epoch of the data gave no batch; check the images"),
                None => {
                    self.batches = self.ahead.take();
                    (epoch, batch) = (epoch + 1, 0);
                }
            }
        }
    }
}
