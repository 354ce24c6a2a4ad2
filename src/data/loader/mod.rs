//! Samples in a seeded order, made by worker threads with bounded memory.
//!
//! Everything a run sees is a pure function: the order of (seed, epoch), a sample's augmentation of
//! (seed, epoch, position in the order), and which samples form a batch of the order alone. So the
//! number of workers changes nothing, and a run resumes exactly at any batch. An unreadable sample
//! leaves its batch smaller by one and moves no other.

mod batches;
mod epoch;
mod sample;

pub use batches::{Batches, LoaderEvent};
pub use epoch::LoaderOptions;
pub use sample::{Preparation, SampleOptions, load_sample};

use super::{DataError, FrameKey, FrameSource};
use epoch::{Epoch, Plan};
use std::sync::Arc;

/// Makes batches of samples from a source.
#[derive(Clone)]
pub struct Loader(Arc<Plan>);

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
