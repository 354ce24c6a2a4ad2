//! One epoch: the order of its samples, and the making of each.

use super::sample::{Preparation, SampleOptions, load_sample};
use crate::{
    config::RunConfig,
    data::{FrameKey, FrameSource, Sample, augment::Augmentation},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::{ops::Range, sync::Arc};

/// Content, order and batching of the samples of a loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Content of a sample.
    pub sample: SampleOptions,
    /// Number of samples in a batch.
    pub batch_size: usize,
    /// True to mirror and jitter.
    pub augment: bool,
    /// True for a new order in every epoch, false for the order of the keys.
    pub shuffle: bool,
    /// Seed of order and augmentation.
    pub seed: u64,
    /// Number of threads that read and resize.
    pub workers: usize,
    /// True to leave out a last batch that is not full.
    pub drop_last: bool,
}

impl LoaderOptions {
    /// Options for a run with this number of samples; a batch holds all samples of a step.
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
            // Data that does not fill one batch forms a smaller one.
            drop_last: samples >= batch_size,
        }
    }
}

/// Everything that the workers need to make any sample of any epoch.
pub(super) struct Plan {
    pub(super) source: Arc<dyn FrameSource>,
    pub(super) keys: Vec<FrameKey>,
    pub(super) options: LoaderOptions,
}

impl Plan {
    /// Positions in an epoch's order that form a batch.
    pub(super) fn positions(&self, batch: usize) -> Range<usize> {
        let size = self.options.batch_size;
        batch * size..((batch + 1) * size).min(self.keys.len())
    }

    /// Random number generator with an independent stream for every epoch and purpose: 0 for the order, i + 1
    /// for the augmentation of the sample at position i.
    fn rng(&self, epoch: usize, purpose: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.options.seed);
        rng.set_stream(((epoch as u64) << 32) | purpose as u64);
        rng
    }
}

/// One epoch.
pub(super) struct Epoch {
    pub(super) plan: Arc<Plan>,
    pub(super) number: usize,
    /// Indices of the plan's keys.
    order: Vec<usize>,
}

impl Epoch {
    pub(super) fn new(plan: Arc<Plan>, number: usize) -> Self {
        let mut order: Vec<usize> = (0..plan.keys.len()).collect();
        if plan.options.shuffle {
            order.shuffle(&mut plan.rng(number, 0));
        }
        Self { plan, number, order }
    }

    pub(super) fn key(&self, position: usize) -> &FrameKey {
        &self.plan.keys[self.order[position]]
    }

    /// Makes the sample at a position of the order.
    ///
    /// # Errors
    /// A frame cannot be read.
    pub(super) fn sample(&self, position: usize) -> Result<Sample, String> {
        let Plan { source, options, .. } = self.plan.as_ref();
        let augmentation = if options.augment {
            Augmentation::draw(&mut self.plan.rng(self.number, position + 1))
        } else {
            Augmentation::default()
        };
        load_sample(source.as_ref(), self.key(position), &options.sample, &augmentation)
            .map_err(|error| error.to_string())
    }
}
