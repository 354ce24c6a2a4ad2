//! The pass over all validation samples after an epoch: losses and depth metrics in evaluation mode.

use crate::{
    compute::value,
    config::RunConfig,
    data::{
        Batch, FrameKey, FrameSource,
        loader::{Batches, Loader, LoaderEvent, LoaderOptions, Preparation, SampleOptions},
    },
    evaluate::{DepthMetrics, Protocol, compare_disparity},
    geometry::DepthRange,
    model::Networks,
    objective::{MapName, Noise, Objective},
    predict::{DisparityMap, SampleTensors, forward},
    runs::ValidationReport,
};
use anyhow::Result;
use burn::tensor::{Device, Tensor};
use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// Result of validating a batch.
pub(super) enum ValidationProgress {
    /// More batches follow.
    More,
    /// All batches are validated; `None` if no sample could be read.
    Done(Option<ValidationReport>),
}

/// Samples to validate on, and the current pass over them.
pub(super) struct Validation {
    source: Arc<dyn FrameSource>,
    loader: Loader,
    samples: usize,
    pass: Option<Pass>,
}

struct Pass {
    batches: Batches,
    started: Instant,
    samples: usize,
    /// Sums over the samples.
    loss: f64,
    scale_losses: BTreeMap<usize, f64>,
    metrics: Vec<DepthMetrics>,
}

impl Validation {
    /// Prepares to validate on as many of the samples as the configuration asks for, evenly spread; `None` if there
    /// are none.
    pub fn new(
        config: &RunConfig,
        source: &Arc<dyn FrameSource>,
        keys: &[FrameKey],
        preparation: Preparation,
    ) -> Result<Option<Self>> {
        let samples = config.training.validation_samples.map_or(keys.len(), |most| most.min(keys.len()));
        if samples == 0 {
            return Ok(None);
        }
        let keys = (0..samples).map(|index| keys[index * keys.len() / samples].clone()).collect();
        let options = LoaderOptions {
            sample: SampleOptions {
                preparation,
                ..SampleOptions::of(&config.objective, config.network.size())
            },
            batch_size: config.training.batch_size,
            augment: false,
            shuffle: false,
            seed: config.training.seed,
            workers: config.training.num_workers,
            drop_last: false,
        };
        let loader = Loader::new(Arc::clone(source), keys, options)?;
        Ok(Some(Self { source: Arc::clone(source), loader, samples, pass: None }))
    }

    /// Samples validated in this pass, and samples in all.
    pub fn progress(&self) -> (usize, usize) {
        (self.pass.as_ref().map_or(0, |pass| pass.samples), self.samples)
    }

    /// Validates the next batch, beginning a pass if there is none. `networks` are in evaluation mode. Adds frames
    /// whose image or depth cannot be used to `skipped`, with the reason.
    ///
    /// # Errors
    /// If too much of the data cannot be read, or the device was lost.
    pub fn advance(
        &mut self,
        networks: &Networks,
        config: &RunConfig,
        device: &Device,
        skipped: &mut Vec<(FrameKey, String)>,
    ) -> Result<ValidationProgress> {
        let pass = self.pass.get_or_insert_with(|| Pass {
            batches: self.loader.batches(0, 0),
            started: Instant::now(),
            samples: 0,
            loss: 0.0,
            scale_losses: BTreeMap::new(),
            metrics: Vec::new(),
        });
        loop {
            match pass.batches.next() {
                Some(Ok(LoaderEvent::Skipped { key, reason })) => skipped.push((key, reason)),
                Some(Ok(LoaderEvent::Batch(batch))) => {
                    let disparities = pass.evaluate(&batch, networks, config, device);
                    skipped.extend(pass.measure(&batch, disparities, config, self.source.as_ref())?);
                    return Ok(ValidationProgress::More);
                }
                Some(Err(error)) => {
                    self.pass = None;
                    return Err(error.into());
                }
                None => {
                    let report = pass.report();
                    self.pass = None;
                    return Ok(ValidationProgress::Done(report));
                }
            }
        }
    }
}

impl Pass {
    /// Adds the losses of a batch; returns the disparities of its samples, `[B, 1, H, W]`.
    fn evaluate(
        &mut self,
        batch: &Batch,
        networks: &Networks,
        config: &RunConfig,
        device: &Device,
    ) -> Option<Tensor<4>> {
        let objective = Objective::new(&config.objective, config.network.size());
        let samples = SampleTensors::upload(&batch.samples, device);
        // The same noise in every pass, so that losses are comparable. The step numbers count down from
        // `u64::MAX`, which no training step reaches.
        let noise = Noise::Drawn { seed: config.training.seed, step: u64::MAX - batch.index as u64 };
        let finest = config.objective.scales.iter().min().map(|scale| MapName::Disparity(*scale));
        let mut objective_output =
            forward(networks, &objective, &samples, noise, &finest.into_iter().collect());
        let count = batch.samples.len();
        self.samples += count;
        self.loss += count as f64 * f64::from(value(objective_output.loss).expect("the loss can be read"));
        for (scale, loss) in objective_output.scale_losses {
            *self.scale_losses.entry(scale).or_default() +=
                count as f64 * f64::from(value(loss).expect("the loss can be read"));
        }
        objective_output.maps.remove(&finest?)
    }

    /// Compares the predicted depth of a batch with the true depth, where there is one; returns the samples whose
    /// depth cannot be read, with the reason.
    fn measure(
        &mut self,
        batch: &Batch,
        disparities: Option<Tensor<4>>,
        config: &RunConfig,
        source: &dyn FrameSource,
    ) -> Result<Vec<(FrameKey, String)>> {
        let Some(disparities) = disparities else { return Ok(Vec::new()) };
        let range = DepthRange { min: config.objective.min_depth, max: config.objective.max_depth };
        let (offset, slope) = range.coefficients();
        let mut unreadable = Vec::new();
        for (index, sample) in batch.samples.iter().enumerate() {
            let truth = match source.depth(&sample.key) {
                Ok(Some(truth)) => truth,
                Ok(None) => continue,
                Err(error) => {
                    unreadable.push((sample.key.clone(), error.to_string()));
                    continue;
                }
            };
            let disparity = disparities.clone().narrow(0, index, 1).mul_scalar(slope).add_scalar(offset);
            let compared = compare_disparity(&DisparityMap::of(disparity)?, &truth, &Protocol::EIGEN);
            self.metrics.extend(compared.map(|(metrics, _)| metrics));
        }
        Ok(unreadable)
    }

    /// Means over the samples; `None` without samples. The run fills in step and epoch.
    fn report(&self) -> Option<ValidationReport> {
        let mean = |sum: f64| (sum / self.samples as f64) as f32;
        (self.samples > 0).then(|| ValidationReport {
            loss: mean(self.loss),
            scale_losses: self.scale_losses.iter().map(|(scale, sum)| (*scale, mean(*sum))).collect(),
            samples: self.samples,
            depths: self.metrics.len(),
            metrics: (!self.metrics.is_empty()).then(|| DepthMetrics::mean(self.metrics.iter())),
            seconds: self.started.elapsed().as_secs_f64(),
            ..ValidationReport::default()
        })
    }
}
