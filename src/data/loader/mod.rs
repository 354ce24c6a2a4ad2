//! Loader: samples in a seeded order, made by worker threads in bounded memory.
//!
//! The samples of a run are a pure function of its seed: the order depends on (seed, epoch), the augmentation
//! of a sample on (seed, epoch, position in the order), and the batches on the order alone. Therefore the
//! number of workers changes nothing, and a run resumes exactly at any batch. An unreadable sample makes its
//! batch smaller by one and moves no other sample.

mod batches;
mod epoch;
mod sample;

pub use batches::{Batches, LoaderEvent};
pub use epoch::LoaderOptions;
pub use sample::{Preparation, SampleOptions, load_sample};

use super::{DataError, FrameKey, FrameSource};
use epoch::{Epoch, Plan};
use std::sync::Arc;

/// Loader of batches of samples from a source.
#[derive(Clone)]
pub struct Loader(Arc<Plan>);

impl Loader {
    /// Loader over these targets.
    ///
    /// # Errors
    /// There are no targets, or too few for the full batch that `drop_last` requires.
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

    /// Number of batches in an epoch.
    pub fn batch_count(&self) -> usize {
        let (samples, size) = (self.0.keys.len(), self.0.options.batch_size);
        if self.0.options.drop_last { samples / size } else { samples.div_ceil(size) }
    }

    /// Starts loading the batches of an epoch, from `first_batch` on.
    pub fn batches(&self, epoch: usize, first_batch: usize) -> Batches {
        Batches::start(Epoch::new(Arc::clone(&self.0), epoch), first_batch..self.batch_count())
    }
}
