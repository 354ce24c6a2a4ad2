//! Options of the training loop: optimiser, schedule, batches, and files on disk.

use super::{ConfigError, part::config_part};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of the training loop. The defaults are the published recipe (paper section 4).
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Samples in a batch; fewer if the data has fewer
    #[arg(long, default_value_t = 12, value_name = "SAMPLES")]
    pub batch_size: usize,

    /// Batches whose gradients are averaged for one update, which takes the memory of one batch and, apart
    /// from batch normalisation, equals a batch that many times as large
    #[arg(long, default_value_t = 1, value_name = "BATCHES")]
    pub accumulate: usize,

    /// Adam's learning rate
    #[arg(long, default_value_t = 1e-4, value_name = "RATE")]
    pub learning_rate: f64,

    /// Decoupled weight decay (AdamW) of all parameters, biases and the weights of normalisation included: each is
    /// multiplied by 1 - rate * decay before its update
    #[arg(long, default_value_t = 0.0, value_name = "DECAY")]
    pub weight_decay: f64,

    /// Scale the gradient of all weights together down to this norm where it is longer
    #[arg(long, value_name = "NORM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_gradient_norm: Option<f64>,

    /// Passes over the training samples
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub num_epochs: usize,

    /// Epochs after which the learning rate falls to a tenth
    #[arg(long, default_value_t = 15, value_name = "N")]
    pub scheduler_step_size: usize,

    /// Stop after this many steps instead of after the last epoch
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,

    /// Train on the original images, without flip and colour jitter
    #[arg(long, help_heading = "Data")]
    pub no_augmentation: bool,

    /// Steps between lines of the metrics log
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Record")]
    pub log_frequency: u64,

    /// Write TensorBoard event files next to the metrics log
    #[arg(long, help_heading = "Record")]
    pub tensorboard: bool,

    /// Steps between checkpoints, besides those at the end of epochs and of the run
    #[arg(long, default_value_t = 500, value_name = "N", help_heading = "Record")]
    pub checkpoint_frequency: u64,

    /// Keep frames at the network's size in this folder, so that later epochs need not decode them
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_frames: Option<PathBuf>,

    /// Limit of the folder of kept frames; further frames are decoded every time
    #[arg(long, default_value_t = 20, value_name = "GIGABYTES", help_heading = "Data")]
    pub cache_limit: u64,

    /// Epochs between checkpoints that are kept
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Record")]
    pub save_frequency: usize,

    /// Checkpoints to keep besides the best and those of epochs: the newest
    #[arg(long, default_value_t = 3, value_name = "N", help_heading = "Record")]
    pub keep_checkpoints: usize,

    /// Validate on this many samples, spread evenly over the validation part of the split; on all if left out, so
    /// that runs and epochs are comparable; 0 turns validation off
    #[arg(long, value_name = "COUNT", help_heading = "Record")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_samples: Option<usize>,

    /// Threads that decode and resize images
    #[arg(long, default_value_t = 1, value_name = "THREADS", help_heading = "Data")]
    pub num_workers: usize,

    /// Seed of weights, order, augmentation and noise
    #[arg(long, default_value_t = 1, value_name = "SEED")]
    pub seed: u64,
}

config_part!(TrainingConfig);

impl TrainingConfig {
    /// Learning rate of an epoch, counted from 0: it falls to a tenth after every `scheduler_step_size` epochs, so
    /// by default at epoch 15, as in the paper.
    pub fn learning_rate_at(&self, epoch: usize) -> f64 {
        let drops = epoch / self.scheduler_step_size;
        self.learning_rate * 0.1_f64.powi(i32::try_from(drops).unwrap_or(i32::MAX))
    }

    /// Copies the options of `other` that may differ when a run is resumed, because no step made so far depends on
    /// them. Every option that is not listed here affects the steps: resuming with another value of it is refused.
    pub(super) fn take_resumable(&mut self, other: &Self) {
        let other = other.clone();
        *self = Self {
            num_epochs: other.num_epochs,
            steps: other.steps,
            log_frequency: other.log_frequency,
            tensorboard: other.tensorboard,
            checkpoint_frequency: other.checkpoint_frequency,
            cache_frames: other.cache_frames,
            cache_limit: other.cache_limit,
            save_frequency: other.save_frequency,
            keep_checkpoints: other.keep_checkpoints,
            validation_samples: other.validation_samples,
            num_workers: other.num_workers,
            ..self.clone()
        };
    }

    /// Refuses values that do not allow a step.
    ///
    /// # Errors
    /// The first option whose value is outside its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_ranges()
    }
}
