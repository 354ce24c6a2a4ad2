//! A run under way: networks, optimiser, loader, log, and the one step that is made again and again.

use super::{Learner, Log, Position, RunFolder, StepReport};
use crate::{
    compute::Compute,
    config::{RunConfig, TrainingConfig},
    data::{
        Batch, FrameKey, FrameSource,
        cache::CachedFrames,
        fingerprint,
        loader::{Batches, Loader, LoaderEvent, LoaderOptions, SampleOptions},
    },
    model::Networks,
    objective::{MapName, Noise, Objective, Outcome},
    predict::SampleTensors,
};
use anyhow::{Context, Result, bail};
use burn::module::Module;
use serde::Serialize;
use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Steps over which the rate is averaged.
const RATE_WINDOW: usize = 20;

/// A training run.
pub struct Run {
    config: RunConfig,
    learner: Learner,
    loader: Loader,
    batches: Option<Batches>,
    position: Position,
    total_steps: u64,
    folder: RunFolder,
    log: Log,
    compute: Compute,
    step_seconds: VecDeque<f64>,
    saved_step: Option<u64>,
}

/// What a step leaves behind.
pub struct Step {
    /// Its figures.
    pub report: StepReport,
    /// The samples it was made on.
    pub samples: SampleTensors,
    /// The first sample's target.
    pub key: FrameKey,
    /// Losses and the maps that were asked for.
    pub outcome: Outcome,
    /// Pictures that could not be used, with the reason.
    pub skipped: Vec<(FrameKey, String)>,
}

/// What `manifest.json` says of a run.
#[derive(Serialize)]
struct Manifest<'a> {
    program: &'a str,
    version: &'a str,
    device: &'a str,
    data: &'a str,
    samples: usize,
    data_fingerprint: String,
    seed: u64,
}

impl Run {
    /// Prepares a run; nothing is trained yet. `networks` are what to start from.
    pub fn new(
        config: RunConfig,
        networks: Networks,
        source: &Arc<dyn FrameSource>,
        keys: &[FrameKey],
        out: &Path,
        compute: &Compute,
    ) -> Result<Self> {
        config.validate()?;
        let options = LoaderOptions {
            sample: SampleOptions::of(&config.objective, config.network.size()),
            batch_size: config.training.batch_size,
            augment: !config.training.no_augmentation,
            shuffle: true,
            seed: config.training.seed,
            workers: config.training.num_workers,
            // Data that does not fill a batch is one smaller batch.
            drop_last: keys.len() >= config.training.batch_size,
        };
        let loader = Loader::new(cached(source, &config.training)?, keys.to_vec(), options)?;
        let all_epochs = (loader.batch_count() * config.training.num_epochs) as u64;
        let total_steps = config.training.steps.unwrap_or(all_epochs);
        let manifest = Manifest {
            program: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            device: &compute.name,
            data: &source.name(),
            samples: keys.len(),
            data_fingerprint: fingerprint(keys),
            seed: config.training.seed,
        };
        let folder = RunFolder::create(out, &config, &manifest)?;
        Ok(Self {
            learner: Learner::new(networks, Objective::new(&config.objective, config.network.size())),
            loader,
            batches: None,
            position: Position::default(),
            total_steps,
            log: Log::open(folder.path())?,
            folder,
            compute: compute.clone(),
            step_seconds: VecDeque::new(),
            saved_step: None,
            config,
        })
    }

    /// Whether all steps were made.
    pub fn is_finished(&self) -> bool {
        self.position.step >= self.total_steps
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.position.step
    }

    /// The run folder.
    pub fn out(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The configuration.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }

    /// The networks as they are now, in evaluation mode.
    pub fn networks(&self) -> Networks {
        self.learner.networks().valid()
    }

    /// Makes one step: load, forward, backward, update.
    ///
    /// # Errors
    /// If no batch can be made, the loss is not a number (the networks then stay as they were before
    /// the step), or the log cannot be written.
    pub fn step(&mut self, wanted: &BTreeSet<MapName>) -> Result<Step> {
        let started = Instant::now();
        let (batch, skipped) = self.next_batch()?;
        let seconds_loading = started.elapsed().as_secs_f64();
        let device = self.compute.device.clone().autodiff();
        let samples = SampleTensors::upload(&batch.samples, &device);
        let noise = Noise::Drawn { seed: self.config.training.seed, step: self.position.step };
        let learning_rate = self.config.training.learning_rate_at(batch.epoch);
        let (outcome, loss) =
            self.learner.learn(&samples, noise, learning_rate, wanted).with_context(|| {
                format!(
                    "step {} failed at learning rate {learning_rate:e}, on a batch with {}",
                    self.position.step + 1,
                    batch.samples[0].key
                )
            })?;
        self.position = Position { step: self.position.step + 1, epoch: batch.epoch, batch: batch.index + 1 };

        self.step_seconds.push_back(started.elapsed().as_secs_f64());
        if self.step_seconds.len() > RATE_WINDOW {
            self.step_seconds.pop_front();
        }
        let mean_seconds = self.step_seconds.iter().sum::<f64>() / self.step_seconds.len() as f64;
        let report = StepReport {
            step: self.position.step,
            total_steps: self.total_steps,
            epoch: batch.epoch,
            loss,
            scale_losses: outcome
                .scale_losses
                .iter()
                .map(|(scale, loss)| (*scale, loss.clone().into_scalar::<f32>()))
                .collect(),
            learning_rate,
            masked_share: outcome.masked_share.clone().into_scalar::<f32>(),
            seconds_loading,
            seconds: started.elapsed().as_secs_f64(),
            images_per_second: batch.samples.len() as f64 / mean_seconds,
            seconds_left: self.total_steps.saturating_sub(self.position.step) as f64 * mean_seconds,
        };
        if report.step.is_multiple_of(self.config.training.log_frequency) || self.is_finished() {
            self.log.write(&report)?;
        }
        Ok(Step { report, samples, key: batch.samples[0].key.clone(), outcome, skipped })
    }

    /// Whether a checkpoint is due after the step just made.
    pub fn is_checkpoint_due(&self) -> bool {
        let ends_epoch = self.position.batch == self.loader.batch_count();
        self.position.step.is_multiple_of(self.config.training.checkpoint_frequency)
            || ends_epoch
            || self.is_finished()
    }

    /// Writes a checkpoint of the present state; `None` if it is already written.
    pub fn save(&mut self) -> Result<Option<PathBuf>> {
        if self.saved_step == Some(self.position.step) {
            return Ok(None);
        }
        let path = self.folder.save(
            &self.learner.networks().valid(),
            self.config.network.size(),
            self.config.objective.uses_stereo(),
            self.learner.adam(),
            self.position,
        )?;
        self.saved_step = Some(self.position.step);
        Ok(Some(path))
    }

    fn next_batch(&mut self) -> Result<(Batch, Vec<(FrameKey, String)>)> {
        let mut skipped = Vec::new();
        loop {
            let Position { epoch, batch, .. } = self.position;
            let batches = self.batches.get_or_insert_with(|| self.loader.batches(epoch, batch));
            match batches.next() {
                Some(Ok(LoaderEvent::Batch(batch))) => return Ok((batch, skipped)),
                Some(Ok(LoaderEvent::Skipped { key, reason })) => skipped.push((key, reason)),
                Some(Err(error)) => return Err(error).context("loading stopped"),
                None if batch == 0 => bail!("an epoch of the data gave no batch; check the images"),
                None => {
                    self.batches = None;
                    self.position = Position { epoch: epoch + 1, batch: 0, ..self.position };
                }
            }
        }
    }
}

/// The source, with the cache of frames that was asked for.
fn cached(source: &Arc<dyn FrameSource>, config: &TrainingConfig) -> Result<Arc<dyn FrameSource>> {
    Ok(match &config.cache_frames {
        Some(folder) => {
            let limit = config.cache_limit.saturating_mul(1_000_000_000);
            Arc::new(CachedFrames::open(Arc::clone(source), folder, limit)?)
        }
        None => Arc::clone(source),
    })
}

/// A short name for a list of samples, equal for equal lists.
fn fingerprint(keys: &[FrameKey]) -> String {
    let hash = fingerprint::fingerprint(keys.iter().flat_map(|key| format!("{key}\n").into_bytes()));
    format!("{hash:016x}")
}
