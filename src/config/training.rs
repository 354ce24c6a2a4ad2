//! How the networks are trained: optimiser, schedule, batches, what is kept.

use super::ConfigError;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The training loop's options. The defaults are the published recipe (paper section 4).
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainingConfig {
    /// Samples in a batch; fewer if the data has not so many
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub batch_size: usize,

    /// Batches whose gradients are averaged for one update: as a batch so many times as large, apart
    /// from batch normalisation, in the memory of one
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub accumulate: usize,

    /// Adam's learning rate
    #[arg(long, default_value_t = 1e-4, value_name = "RATE")]
    pub learning_rate: f64,

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

    /// Train on the images as they are, without flip and colour jitter
    #[arg(long, help_heading = "Data")]
    pub no_augmentation: bool,

    /// Steps between lines of the metrics log
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Record")]
    pub log_frequency: u64,

    /// Write TensorBoard event files beside the metrics log
    #[arg(long, help_heading = "Record")]
    pub tensorboard: bool,

    /// Steps between checkpoints, besides those at the end of epochs and of the run
    #[arg(long, default_value_t = 500, value_name = "N", help_heading = "Record")]
    pub checkpoint_frequency: u64,

    /// Keep frames at the network's size in this folder, so that later epochs need not decode them
    #[arg(long, value_name = "DIR", help_heading = "Data")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_frames: Option<PathBuf>,

    /// The most that the folder of kept frames may hold; further frames are decoded every time
    #[arg(long, default_value_t = 20, value_name = "GIGABYTES", help_heading = "Data")]
    pub cache_limit: u64,

    /// Epochs between checkpoints that are kept
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Record")]
    pub save_frequency: usize,

    /// Checkpoints to keep besides the best and those of epochs: the newest
    #[arg(long, default_value_t = 3, value_name = "N", help_heading = "Record")]
    pub keep_checkpoints: usize,

    /// Validate on so many samples, spread evenly over the validation part of the split; all without
    /// it, so that figures of runs and epochs compare; 0 is no validation
    #[arg(long, value_name = "N", help_heading = "Record")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_samples: Option<usize>,

    /// Threads that decode and resize images
    #[arg(long, default_value_t = 1, value_name = "N", help_heading = "Data")]
    pub num_workers: usize,

    /// Seed of weights, order, augmentation and noise
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            batch_size: 12,
            accumulate: 1,
            learning_rate: 1e-4,
            clip_gradient_norm: None,
            num_epochs: 20,
            scheduler_step_size: 15,
            steps: None,
            no_augmentation: false,
            log_frequency: 1,
            tensorboard: false,
            checkpoint_frequency: 500,
            cache_frames: None,
            cache_limit: 20,
            save_frequency: 1,
            keep_checkpoints: 3,
            validation_samples: None,
            num_workers: 1,
            seed: 1,
        }
    }
}

impl TrainingConfig {
    /// The learning rate of an epoch: a tenth after every `scheduler_step_size` epochs (the paper's
    /// reading, in which the drop comes at epoch 15, counted from 0).
    pub fn learning_rate_at(&self, epoch: usize) -> f64 {
        let drops = epoch / self.scheduler_step_size;
        self.learning_rate * 0.1_f64.powi(i32::try_from(drops).unwrap_or(i32::MAX))
    }

    /// Takes from `other` what decides how long a run lasts, what it notes and what it keeps, but not
    /// how a step is made.
    pub(super) fn inherit_unset(&mut self, other: &Self) {
        *self = Self {
            batch_size: self.batch_size,
            accumulate: self.accumulate,
            learning_rate: self.learning_rate,
            clip_gradient_norm: self.clip_gradient_norm,
            scheduler_step_size: self.scheduler_step_size,
            no_augmentation: self.no_augmentation,
            seed: self.seed,
            ..other.clone()
        };
    }

    /// Refuses values with which no step can be made.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let counts = [
            ("--batch-size", self.batch_size as u64),
            ("--accumulate", self.accumulate as u64),
            ("--num-epochs", self.num_epochs as u64),
            ("--scheduler-step-size", self.scheduler_step_size as u64),
            ("--log-frequency", self.log_frequency),
            ("--checkpoint-frequency", self.checkpoint_frequency),
            ("--cache-limit", self.cache_limit),
            ("--save-frequency", self.save_frequency as u64),
            ("--keep-checkpoints", self.keep_checkpoints as u64),
            ("--num-workers", self.num_workers as u64),
            ("--steps", self.steps.unwrap_or(1)),
        ];
        if let Some((flag, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(ConfigError(format!("{flag} 0 makes no sense: use 1 or more")));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return Err(ConfigError(format!("--learning-rate {} must be above 0", self.learning_rate)));
        }
        if let Some(norm) = self.clip_gradient_norm.filter(|norm| !(*norm > 0.0 && norm.is_finite())) {
            return Err(ConfigError(format!("--clip-gradient-norm {norm} must be above 0")));
        }
        Ok(())
    }
}
