//! Batches of an epoch, prefetched by worker threads.

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
use tracing::debug;

/// Number of batches that are prefetched.
const PREFETCH: usize = 2;
/// One in this many samples of an epoch may be unreadable.
const TOLERATED_SHARE: usize = 10;
/// Samples that may be unreadable in any case, unless they are more than half: those of two damaged pictures, each of
/// which is in three samples.
const TOLERATED: usize = 6;

/// Output of a loader.
#[derive(Clone, Debug)]
pub enum LoaderEvent {
    /// Next batch.
    Batch(Batch),
    /// Sample of the next batch that could not be read and is left out.
    Skipped {
        /// Key of the target.
        key: FrameKey,
        /// Error, with the path of the file.
        reason: String,
    },
}

/// Batches of an epoch in order, made by worker threads at most two batches ahead. The iterator ends after
/// the epoch's last batch, or after an error if all samples, or more than a tenth of the epoch's (and more
/// than one), are unreadable. Dropping it stops the workers.
pub struct Batches {
    epoch: Arc<Epoch>,
    /// Indices of the batches that are not yet assembled.
    remaining: Range<usize>,
    /// Positions of the samples that the workers may make, which bounds the memory.
    permits: Option<Sender<usize>>,
    results: Receiver<SampleResult>,
    /// Samples that arrived before their turn, by position.
    reorder_buffer: BTreeMap<usize, Result<Sample, String>>,
    ready: VecDeque<LoaderEvent>,
    /// Number of samples delivered since the first batch.
    delivered: usize,
    /// Number of samples left out since the first batch.
    skipped: usize,
    workers: Vec<JoinHandle<()>>,
}

/// Position in the epoch's order, and its sample or the reason why it cannot be read.
type SampleResult = (usize, Result<Sample, String>);

impl Batches {
    pub(super) fn start(epoch: Epoch, batches: Range<usize>) -> Self {
        let epoch = Arc::new(epoch);
        #[expect(clippy::disallowed_methods, reason = "`request` never permits more than PREFETCH batches")]
        let ((permits, positions), (sender, results)) = (unbounded(), unbounded());
        let workers = (0..epoch.plan.options.workers)
            .map(|_| {
                let (epoch, positions, sender) = (Arc::clone(&epoch), positions.clone(), sender.clone());
                thread::spawn(move || work(&epoch, &positions, &sender))
            })
            .collect();
        let batches = Self {
            epoch,
            remaining: batches,
            permits: Some(permits),
            results,
            reorder_buffer: BTreeMap::new(),
            ready: VecDeque::new(),
            delivered: 0,
            skipped: 0,
            workers,
        };
        batches.remaining.clone().take(PREFETCH).for_each(|batch| batches.request(batch));
        batches
    }

    /// Number of batches that are still to come.
    pub fn left(&self) -> usize {
        self.remaining.len()
    }

    /// True if the workers have been given all remaining batches.
    pub fn are_all_requested(&self) -> bool {
        self.remaining.len() <= PREFETCH
    }

    /// Gives a batch to the workers.
    fn request(&self, batch: usize) {
        for position in self.epoch.plan.positions(batch) {
            if let Some(permits) = &self.permits {
                // Sending fails only if all workers have ended, and then waiting for the sample reports it.
                let _ = permits.send(position);
            }
        }
    }

    /// Waits for the samples of the next batch and queues the events for them.
    ///
    /// # Errors
    /// Too many samples are unreadable, or the workers have ended.
    fn assemble(&mut self, batch: usize) -> Result<(), DataError> {
        let mut samples = Vec::with_capacity(self.epoch.plan.options.batch_size);
        for position in self.epoch.plan.positions(batch) {
            match self.wait_for(position)? {
                Ok(sample) => samples.push(sample),
                Err(reason) => {
                    let key = self.epoch.key(position).clone();
                    debug!(sample = %key, reason, "sample skipped");
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
        if batch + PREFETCH < self.remaining.end {
            self.request(batch + PREFETCH);
        }
        self.check_skipped()
    }

    fn wait_for(&mut self, wanted: usize) -> Result<Result<Sample, String>, DataError> {
        loop {
            if let Some(sample) = self.reorder_buffer.remove(&wanted) {
                return Ok(sample);
            }
            let (position, sample) = self
                .results
                .recv()
                .map_err(|_| DataError::Unusable("the threads that read samples have ended".to_owned()))?;
            self.reorder_buffer.insert(position, sample);
        }
    }

    /// Fails if so many samples are unreadable that the data must be damaged.
    fn check_skipped(&self) -> Result<(), DataError> {
        let samples = self.epoch.plan.keys.len();
        let is_too_many = self.skipped > (samples / TOLERATED_SHARE).max(TOLERATED.min(samples / 2)).max(1);
        let is_nothing_read = self.remaining.is_empty() && self.delivered == 0;
        if !is_too_many && !is_nothing_read {
            return Ok(());
        }
        let reason = self.ready.iter().rev().find_map(|event| match event {
            LoaderEvent::Skipped { reason, .. } => Some(reason.as_str()),
            LoaderEvent::Batch(_) => None,
        });
        Err(DataError::Unusable(format!(
            "{} of the epoch's {samples} samples could not be read, so the data seems damaged; the last: {}",
            self.skipped,
            reason.unwrap_or("reported before")
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
        // Without permits and without a receiver of results a worker ends after its current sample.
        self.permits = None;
        self.results = never();
        for worker in self.workers.drain(..) {
            // A panic was reported when it happened.
            let _ = worker.join();
        }
    }
}

/// Makes samples until there are no more permits, or the receiver is gone.
fn work(epoch: &Epoch, positions: &Receiver<usize>, sender: &Sender<SampleResult>) {
    for position in positions {
        // A decoder that panics on a damaged file must cost one sample, not the run.
        let sample = catch_unwind(AssertUnwindSafe(|| epoch.sample(position)))
            .unwrap_or_else(|_| Err("the decoder failed on one of its files".to_owned()));
        if sender.send((position, sample)).is_err() {
            return;
        }
    }
}
