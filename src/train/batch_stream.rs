//! The batches that a run trains on, from any position, without a pause between epochs.

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

/// A loader and its position in the data.
pub(super) struct BatchStream {
    loader: Loader,
    batches: Option<Batches>,
    /// Batches of the next epoch, begun once all those of the current epoch are being loaded.
    ahead: Option<Batches>,
}

impl BatchStream {
    /// Prepares to load batches of all samples of a step, which is several micro-batches if gradients accumulate.
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

    /// Number of batches in an epoch.
    pub fn batch_count(&self) -> usize {
        self.loader.batch_count()
    }

    /// Steps of the whole run: as configured, else those of its epochs.
    pub fn total_steps(&self, RunConfig { training, .. }: &RunConfig) -> u64 {
        training.steps.unwrap_or((self.batch_count() * training.num_epochs) as u64)
    }

    /// Moves to a position; the next batch is the one after it.
    pub fn go_to(&mut self, Position { epoch, batch, .. }: Position) {
        self.batches = Some(self.loader.batches(epoch, batch));
        self.ahead = None;
    }

    /// Waits for the batch after `position` of a run that makes `total_steps`. Adds frames that cannot be read to
    /// `skipped`, with the reason.
    ///
    /// # Errors
    /// If too much of the data cannot be read.
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
