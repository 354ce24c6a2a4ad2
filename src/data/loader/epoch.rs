//! One pass over the data: the order of its samples, and how each is made.

use super::sample::{Preparation, SampleOptions, load_sample};
use crate::{
    config::RunConfig,
    data::{FrameKey, FrameSource, Sample, augment::Augmentation},
};
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

/// What the workers need to make any sample of any epoch.
pub(super) struct Plan {
    pub(super) source: Arc<dyn FrameSource>,
    pub(super) keys: Vec<FrameKey>,
    pub(super) options: LoaderOptions,
}

impl Plan {
    /// The positions in an epoch's order that form a batch.
    pub(super) fn positions(&self, batch: usize) -> Range<usize> {
        let size = self.options.batch_size;
        batch * size..((batch + 1) * size).min(self.keys.len())
    }

    /// Random numbers of their own for every purpose in every epoch: 0 is the order, the rest the
    /// samples.
    pub(super) fn random(&self, epoch: usize, purpose: usize) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.options.seed);
        random.set_stream(((epoch as u64) << 32) | purpose as u64);
        random
    }
}

/// One pass over the data.
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
            order.shuffle(&mut plan.random(number, 0));
        }
        Self { plan, number, order }
    }

    pub(super) fn key(&self, position: usize) -> &FrameKey {
        &self.plan.keys[self.order[position]]
    }

    /// Makes the sample at a position of the order, or says why it cannot be made.
    pub(super) fn sample(&self, position: usize) -> Result<Sample, String> {
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
