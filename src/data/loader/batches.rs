//! The batches of an epoch, made a little ahead of their use.

use super::epoch::Epoch;
use crate::data::{Batch, DataError, FrameKey, Sample};
use crossbeam_channel::{Receiver, Sender, never, unbounded};
use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
};

/// Batches made before they are asked for: one is in use while the next ones are filled.
const BATCHES_AHEAD: usize = 2;
/// One sample in this many of an epoch may be unreadable (but always one).
const TOLERATED_SHARE: usize = 10;

/// What comes out of a loader.
#[derive(Clone, Debug)]
pub enum LoaderEvent {
    /// The next batch.
    Batch(Batch),
    /// A sample of the next batch could not be read and is left out of it.
    Skipped {
        /// Its target.
        key: FrameKey,
        /// What is wrong, with the file's path.
        reason: String,
    },
}

/// The batches of an epoch in order, made by worker threads at most [`BATCHES_AHEAD`] ahead. Ends
/// after the epoch's last batch, or after an error when more than a tenth of the epoch's samples (but
/// more than one) or all that were asked for are unreadable. Dropping it stops the workers.
pub struct Batches {
    epoch: Arc<Epoch>,
    /// Batches not yet assembled.
    remaining: Range<usize>,
    /// Positions of samples to make. The workers make nothing else, which bounds the memory.
    permits: Option<Sender<usize>>,
    made: Receiver<Made>,
    /// Samples that came before their turn.
    reorder_buffer: BTreeMap<usize, Result<Sample, String>>,
    ready: VecDeque<LoaderEvent>,
    /// Samples delivered and left out since the first batch asked for.
    delivered: usize,
    skipped: usize,
    workers: Vec<JoinHandle<()>>,
}

/// A position in the epoch's order, and its sample or why there is none.
type Made = (usize, Result<Sample, String>);

impl Batches {
    pub(super) fn start(epoch: Epoch, batches: Range<usize>) -> Self {
        let epoch = Arc::new(epoch);
        let (permits, positions) = unbounded();
        let (results, made) = unbounded();
        let workers = (0..epoch.plan.options.workers)
            .map(|_| {
                let (epoch, positions, results) = (Arc::clone(&epoch), positions.clone(), results.clone());
                thread::spawn(move || work(&epoch, &positions, &results))
            })
            .collect();
        let batches = Self {
            epoch,
            remaining: batches,
            permits: Some(permits),
            made,
            reorder_buffer: BTreeMap::new(),
            ready: VecDeque::new(),
            delivered: 0,
            skipped: 0,
            workers,
        };
        batches.remaining.clone().take(BATCHES_AHEAD).for_each(|batch| batches.order(batch));
        batches
    }

    /// Batches that are still to come.
    pub fn left(&self) -> usize {
        self.remaining.len()
    }

    /// Whether the workers have been given all that is left.
    pub fn are_all_ordered(&self) -> bool {
        self.remaining.len() <= BATCHES_AHEAD
    }

    /// Has the workers make a batch.
    fn order(&self, batch: usize) {
        for position in self.epoch.plan.positions(batch) {
            if let Some(permits) = &self.permits {
                // The workers hold the other end for as long as this end lives; if all of them were
                // gone, waiting for the sample would say so.
                let _ = permits.send(position);
            }
        }
    }

    /// Waits for the samples of the next batch and lines up what is to be said about them.
    fn assemble(&mut self, batch: usize) -> Result<(), DataError> {
        let mut samples = Vec::with_capacity(self.epoch.plan.options.batch_size);
        for position in self.epoch.plan.positions(batch) {
            match self.wait_for(position)? {
                Ok(sample) => samples.push(sample),
                Err(reason) => {
                    let key = self.epoch.key(position).clone();
                    self.skipped += 1;
                    self.ready.push_back(LoaderEvent::Skipped { key, reason });
                }
            }
        }
        if !samples.is_empty() {
            self.delivered += samples.len();
            self.ready.push_back(LoaderEvent::Batch(Batch {
                epoch: self.epoch.number,
                index: batch,
                samples,
            }));
        }
        if batch + BATCHES_AHEAD < self.remaining.end {
            self.order(batch + BATCHES_AHEAD);
        }
        self.judge_losses()
    }

    fn wait_for(&mut self, wanted: usize) -> Result<Result<Sample, String>, DataError> {
        loop {
            if let Some(sample) = self.reorder_buffer.remove(&wanted) {
                return Ok(sample);
            }
            let (position, sample) = self
                .made
                .recv()
                .map_err(|_| DataError::Unusable("the threads that read samples have ended".to_owned()))?;
            self.reorder_buffer.insert(position, sample);
        }
    }

    /// Refuses to go on when so much is unreadable that the data must be broken.
    fn judge_losses(&self) -> Result<(), DataError> {
        let samples = self.epoch.plan.keys.len();
        let too_many = self.skipped > (samples / TOLERATED_SHARE).max(1);
        let nothing_read = self.remaining.is_empty() && self.delivered == 0;
        if !too_many && !nothing_read {
            return Ok(());
        }
        let reason = self.ready.iter().rev().find_map(|event| match event {
            LoaderEvent::Skipped { reason, .. } => Some(reason.as_str()),
            LoaderEvent::Batch(_) => None,
        });
        Err(DataError::Unusable(format!(
            "{} of the epoch's {samples} samples could not be read, so the data seems damaged; the last: {}",
            self.skipped,
            reason.unwrap_or("told before")
        )))
    }
}

impl Iterator for Batches {
    type Item = Result<LoaderEvent, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            let batch = self.remaining.next()?;
            if let Err(error) = self.assemble(batch) {
                self.remaining = 0..0;
                self.ready.clear();
                return Some(Err(error));
            }
        }
    }
}

impl Drop for Batches {
    fn drop(&mut self) {
        // Without tickets and without a reader of results a worker ends after the sample in its hands.
        self.permits = None;
        self.made = never();
        for worker in self.workers.drain(..) {
            // A panic was told when it happened, and there is nothing left to do about it here.
            let _ = worker.join();
        }
    }
}

/// A worker's life.
fn work(epoch: &Epoch, positions: &Receiver<usize>, results: &Sender<Made>) {
    for position in positions {
        // A decoder that panics on a damaged file must cost one sample, not the run.
        let sample = catch_unwind(AssertUnwindSafe(|| epoch.sample(position)))
            .unwrap_or_else(|_| Err("the decoder failed on one of its files".to_owned()));
        if results.send((position, sample)).is_err() {
            return;
        }
    }
}
