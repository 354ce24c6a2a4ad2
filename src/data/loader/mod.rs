//! Samples in a seeded order, made by worker threads with bounded memory.
//!
//! Everything a run sees is a pure function: the order of (seed, epoch), a sample's augmentation of
//! (seed, epoch, position in the order), and which samples form a batch of the order alone. So the
//! number of workers changes nothing, and a run resumes exactly at any batch. An unreadable sample
//! leaves its batch smaller by one and moves no other.

mod batches;
mod sample;

pub use batches::{Batches, LoaderEvent};
pub use sample::{Preparation, SampleOptions, load_sample};

use super::{DataError, FrameKey, FrameSource, Sample, augment::Augmentation};
use crate::config::RunConfig;
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::{ops::Range, sync::Arc};

/// How samples are drawn and made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// What a sample holds.
    pub sample: SampleOptions,
    /// Samples in a batch.
    pub batch_size: usize,
    /// Mirror and jitter.
    pub augment: bool,
    /// A new order every epoch; otherwise the order of the keys.
    pub shuffle: bool,
    /// Decides order and augmentation.
    pub seed: u64,
    /// Threads that read and resize.
    pub workers: usize,
    /// Leave out a last batch that would not be full.
    pub drop_last: bool,
}

impl LoaderOptions {
    /// What a run asks for that has so many samples; a batch holds all samples of a step.
    pub fn of(config: &RunConfig, samples: usize, preparation: Preparation) -> Self {
        let training = &config.training;
        let batch_size = training.batch_size * training.accumulate;
        Self {
            sample: SampleOptions {
                preparation,
                ..SampleOptions::of(&config.objective, config.network.size())
            },
            batch_size,
            augment: !training.no_augmentation,
            shuffle: true,
            seed: training.seed,
            workers: training.num_workers,
            // Data that does not fill a batch is one smaller batch.
            drop_last: samples >= batch_size,
        }
    }
}

/// Makes batches of samples from a source.
#[derive(Clone)]
pub struct Loader(Arc<Plan>);

/// What the workers need to make any sample of any epoch.
struct Plan {
    source: Arc<dyn FrameSource>,
    keys: Vec<FrameKey>,
    options: LoaderOptions,
}

impl Loader {
    /// A loader over these targets.
    ///
    /// # Errors
    /// There are no targets, or fewer than the one full batch asked for.
    pub fn new(
        source: Arc<dyn FrameSource>,
        keys: Vec<FrameKey>,
        options: LoaderOptions,
    ) -> Result<Self, DataError> {
        let options = LoaderOptions {
            batch_size: options.batch_size.max(1),
            workers: options.workers.max(1),
            ..options
        };
        let loader = Self(Arc::new(Plan { source, keys, options }));
        if loader.batch_count() == 0 {
            return Err(DataError::Unusable(format!(
                "{} samples do not fill a batch of {}; use a smaller batch size or a larger split",
                loader.0.keys.len(),
                loader.0.options.batch_size
            )));
        }
        Ok(loader)
    }

    /// Batches of an epoch.
    pub fn batch_count(&self) -> usize {
        let (samples, size) = (self.0.keys.len(), self.0.options.batch_size);
        if self.0.options.drop_last { samples / size } else { samples.div_ceil(size) }
    }

    /// Starts making the batches of an epoch, from `first_batch` on.
    pub fn batches(&self, epoch: usize, first_batch: usize) -> Batches {
        Batches::start(Epoch::new(Arc::clone(&self.0), epoch), first_batch..self.batch_count())
    }
}

impl Plan {
    /// The positions in an epoch's order that form a batch.
    fn positions(&self, batch: usize) -> Range<usize> {
        let size = self.options.batch_size;
        batch * size..((batch + 1) * size).min(self.keys.len())
    }

    /// Random numbers of their own for every purpose in every epoch: 0 is the order, the rest the
    /// samples.
    fn random(&self, epoch: usize, purpose: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
        random.set_stream(((epoch as u64) << 32) | purpose as u64);
        random
    }
}

/// One pass over the data.
struct Epoch {
    plan: Arc<Plan>,
    number: usize,
    /// Indices of the plan's keys.
    order: Vec<usize>,
}

impl Epoch {
    fn new(plan: Arc<Plan>, number: usize) -> Self {
        let mut order: Vec<usize> = (0..plan.keys.len()).collect();
        if plan.options.shuffle {
            order.shuffle(&mut plan.random(number, 0));
        }
        Self { plan, number, order }
    }

    fn key(&self, position: usize) -> &FrameKey {
        &self.plan.keys[self.order[position]]
    }

    /// Makes the sample at a position of the order, or says why it cannot be made.
    fn sample(&self, position: usize) -> Result<Sample, String> {
        let Plan { source, options, .. } = self.plan.as_ref();
        let augmentation = if options.augment {
            Augmentation::draw(&mut self.plan.random(self.number, position + 1))
        } else {
            Augmentation::default()
        };
        load_sample(source.as_ref(), self.key(position), &options.sample, &augmentation)
            .map_err(|error| error.to_string())
    }
}
