//! A training run: networks, optimiser, loaders, log, and its one step that is repeated.

mod saving;
mod stereo_scale;

use super::{
    MicroBatch, NonFinite, PendingStep, Progress, StartingNetworks, Step, StepOptions, TrainState,
    batch_stream::BatchStream,
    in_flight::{InFlight, Reported},
    resuming::{changed_by_hand, check_changes, check_checkpoint, check_steps, missing_in_log},
    step_clock::StepClock,
    timed::timed,
    validation::{Validation, ValidationProgress},
    warnings::{Problem, Warnings},
};
use crate::{
    compute::{Compute, ReadbackCounts, ops::AdamState},
    config::{Change, RunConfig, Setting},
    data::{FrameKey, OpenData, Samples, cache::with_cache},
    model::{Networks, weights::StatedScale},
    objective::{MapName, Noise, Objective},
    predict::SampleTensors,
    runs::{Checkpoint, Entry, Log, Manifest, Position, RunFolder, StepReport, TimeSplit, ValidationReport},
};
use anyhow::{Error, Result};
use burn::module::Module;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use tracing::debug;

/// A training run.
pub struct Run {
    config: RunConfig,
    train_state: TrainState,
    batch_stream: BatchStream,
    validation: Option<Validation>,
    position: Position,
    /// The step whose work is queued, but whose metrics are not read yet.
    in_flight: Option<InFlight>,
    /// Finished steps that [`Run::take_reported`] has not returned yet.
    reported: Vec<Reported>,
    /// Position of the last checkpoint.
    saved: Option<Position>,
    folder: RunFolder,
    manifest: Manifest,
    log: Log,
    compute: Compute,
    clock: StepClock,
    /// True if the loss or gradient of the last step was NaN or infinite.
    has_diverged: bool,
    skipped: Vec<(FrameKey, String)>,
    warnings: Warnings,
    /// Metric scale of networks that are trained with the stereo pairs of the data; `None` without such, and for KITTI's.
    stereo_scale: Option<StatedScale>,
}

impl Run {
    /// Creates a run with its folder and first checkpoint; nothing is trained yet. `start` are its networks.
    ///
    /// # Errors
    /// If the configuration cannot work, there are too few samples, or the folder cannot be made.
    pub fn new(
        config: RunConfig,
        start: impl Into<StartingNetworks>,
        data: &OpenData,
        samples: &Samples,
        out: &Path,
        compute: &Compute,
    ) -> Result<Self> {
        config.validate()?;
        let source = with_cache(&data.source, &config.training)?;
        let preparation = SampleTensors::preparation(&compute.device);
        let batch_stream = BatchStream::new(&config, &source, &samples.training, preparation)?;
        let validation = Validation::new(&config, &source, &samples.validation, preparation)?;
        let StartingNetworks { networks, pretrained } = start.into();
        let manifest = Manifest { pretrained, ..Manifest::new(data, samples, &config, compute) };
        let folder = RunFolder::create(out, &config, &manifest)?;
        let position = Position { batches: batch_stream.batch_count(), ..Position::default() };
        let start = Checkpoint { networks, adam: AdamState::default(), position };
        let create = || {
            let folder = (folder.clone(), manifest);
            let (mut run, _) =
                Self::from_checkpoint(start, config, folder, (batch_stream, validation), compute)?;
            run.find_stereo_scale(data.source.as_ref(), &samples.training);
            // From here on the run can be resumed, whatever happens.
            run.save()?;
            Ok(run)
        };
        create().inspect_err(|_| folder.discard())
    }

    /// Resumes a run from its last checkpoint; also returns the log entries up to there.
    ///
    /// # Errors
    /// If the data is not that of the run, the checkpoint cannot be read, or the configuration does not fit it.
    pub fn resume(
        folder: RunFolder,
        config: RunConfig,
        data: &OpenData,
        samples: &Samples,
        compute: &Compute,
    ) -> Result<(Self, Vec<Entry>)> {
        config.validate()?;
        let saved = folder.config()?;
        let here = Manifest::new(data, samples, &config, compute);
        let manifest = folder.manifest().ok();
        manifest.as_ref().map_or(Ok(()), |manifest| manifest.check_data(&here, &data.source.name()))?;
        let is_manifest_lost = manifest.is_none();
        let changed = manifest.as_ref().and_then(|manifest| changed_by_hand(&folder, manifest, &saved));
        let source = with_cache(&data.source, &config.training)?;
        let preparation = SampleTensors::preparation(&compute.device);
        let batch_stream = BatchStream::new(&config, &source, &samples.training, preparation)?;
        let validation = Validation::new(&config, &source, &samples.validation, preparation)?;
        let checkpoint = folder.read_last(&compute.device)?;
        let position = checkpoint.position;
        check_checkpoint(&checkpoint, &config, batch_stream.batch_count())?;
        check_changes(&folder, &saved, position)?;
        let total_steps = batch_stream.total_steps(&config);
        check_steps(&config, &saved, total_steps, position.step)?;
        let folder = (folder, manifest.unwrap_or(here));
        let (mut run, mut history) =
            Self::from_checkpoint(checkpoint, config, folder, (batch_stream, validation), compute)?;
        for entry in &mut history {
            if let Entry::Step(report) = entry {
                report.total_steps = total_steps;
            }
        }
        run.saved = Some(position);
        run.find_stereo_scale(data.source.as_ref(), &samples.training);
        run.warnings.extend(run.folder.tidy()?);
        run.warnings.extend(changed);
        let frequency = saved.training.log_frequency;
        let missing = missing_in_log(&run.folder, &history, run.log.unreadable, position, frequency);
        run.warnings.extend(missing);
        if is_manifest_lost {
            run.warnings.extend([run.folder.replace_manifest(&run.manifest)?]);
        }
        run.folder.write_config(&run.config)?;
        run.folder.point_to_best(position)?;
        Ok((run, history))
    }

    fn from_checkpoint(
        checkpoint: Checkpoint,
        config: RunConfig,
        (folder, manifest): (RunFolder, Manifest),
        (batch_stream, validation): (BatchStream, Option<Validation>),
        compute: &Compute,
    ) -> Result<(Self, Vec<Entry>)> {
        let Checkpoint { networks, adam, position } = checkpoint;
        let (log, history) = Log::open(folder.path(), &position, config.training.tensorboard)?;
        let objective = Objective::new(&config.objective, config.network.size());
        let run = Self {
            train_state: TrainState::resumed(networks, adam, objective),
            config,
            batch_stream,
            validation,
            position,
            in_flight: None,
            reported: Vec::new(),
            saved: None,
            folder,
            manifest,
            log,
            compute: compute.clone(),
            clock: StepClock::default(),
            has_diverged: false,
            skipped: Vec::new(),
            warnings: Warnings::default(),
            stereo_scale: None,
        };
        Ok((run, history))
    }

    /// Number of steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.batch_stream.total_steps(&self.config)
    }

    /// Tells if all steps were made, and the last validation too.
    pub fn is_finished(&self) -> bool {
        self.position.step >= self.total_steps() && !self.is_validation_due()
    }

    /// Number of steps made so far.
    pub fn steps(&self) -> u64 {
        self.position.step
    }

    /// Path of the run folder.
    pub fn out(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Configuration of the next step.
    pub fn config(&self) -> RunConfig {
        self.config.at_step(self.position.step + 1)
    }

    /// Tells if there are samples to validate on.
    pub fn has_validation(&self) -> bool {
        self.validation.is_some()
    }

    /// Takes the frames skipped since the last call, with the reason: their image or depth cannot be used.
    pub fn take_skipped(&mut self) -> Vec<(FrameKey, String)> {
        std::mem::take(&mut self.skipped)
    }

    /// Takes the warnings since the last call, each a sentence: problems that do not harm the run.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.warnings.take()
    }

    /// Takes the steps that finished since the last call, in order. On the CPU backend that is the step just made,
    /// on the GPU backend the previous one; after [`Run::wait_for_metrics`] none is left.
    pub fn take_reported(&mut self) -> Vec<Reported> {
        std::mem::take(&mut self.reported)
    }

    /// Counts of the reads from the device.
    pub fn readback_counts(&self) -> ReadbackCounts {
        self.train_state.readback_counts()
    }

    /// Waits for the metrics of the last step.
    ///
    /// # Errors
    /// [`NonFinite`]: the run is then back at the position before that step, with the networks unchanged.
    pub fn wait_for_metrics(&mut self) -> Result<()> {
        self.in_flight.take().map_or(Ok(()), |step| self.finish_step(step))
    }

    /// Changes the configuration from the next step on. The change is written to the run folder before it takes
    /// effect, so that the run resumes with it from any checkpoint before or after.
    ///
    /// # Errors
    /// If the value is invalid, or the configuration cannot be written. Also those of [`Run::wait_for_metrics`],
    /// in which case the change has been made.
    pub fn change(&mut self, setting: Setting) -> Result<()> {
        // A step that fails moves the position back, so the number of the next step is known only afterwards.
        let waited = self.wait_for_metrics();
        let mut config = self.config.clone();
        config.change(Change { step: self.position.step + 1, setting })?;
        self.folder.write_config(&config)?;
        self.config = config;
        waited
    }

    /// Does the next piece of work: a step, or after an epoch a batch of validation.
    ///
    /// # Errors
    /// Those of [`Run::step`].
    pub fn advance(&mut self, wanted: &BTreeSet<MapName>) -> Result<Progress> {
        if self.is_validation_due() {
            self.wait_for_metrics()?;
            self.exclude_idle_time();
            self.validate()
        } else {
            Ok(Progress::Step(Box::new(self.step(wanted)?)))
        }
    }

    /// Excludes the time from now to the next step from images per second and the time left.
    pub fn exclude_idle_time(&mut self) {
        self.clock.exclude_idle_time();
    }

    fn is_validation_due(&self) -> bool {
        let Position { step, validated, .. } = self.position;
        self.validation.is_some() && self.position.ends_epoch() && validated != Some(step)
    }

    fn validate(&mut self) -> Result<Progress> {
        let (networks, config) = (self.networks(), self.config.at_step(self.position.step));
        let validation = self.validation.as_mut().expect("only a run with validation samples validates");
        let progress = validation.advance(&networks, &config, &self.compute.device, &mut self.skipped);
        let Position { step, epoch, .. } = self.position;
        match progress {
            Ok(ValidationProgress::More) => {
                let (done, samples) = validation.progress();
                Ok(Progress::Validating { done, samples })
            }
            Ok(ValidationProgress::Done(Some(report))) => {
                let report = ValidationReport { step, epoch, ..report };
                self.position.note_validation(report.loss);
                if !report.loss.is_finite() {
                    return Ok(Progress::NotValidated(format!(
                        "its loss after step {step} is {}, so this step is not called the best; the run continues",
                        report.loss
                    )));
                }
                self.log_entry(&Entry::Validation(report.clone()));
                Ok(Progress::Validated(report))
            }
            Ok(ValidationProgress::Done(None)) => {
                self.position.validated = Some(step);
                Ok(Progress::NotValidated("no validation sample could be read".to_owned()))
            }
            Err(error) => {
                self.position.validated = Some(step);
                Ok(Progress::NotValidated(format!("{error:#}")))
            }
        }
    }

    /// A copy of the current networks in evaluation mode.
    pub fn networks(&self) -> Networks {
        self.train_state.networks().valid()
    }

    /// Makes one step: load, forward, backward, update. On the GPU backend this only queues its work, and waits
    /// for the metrics of the previous step.
    ///
    /// # Errors
    /// If no batch can be loaded, or [`NonFinite`] for this step or the previous one. Networks and position are
    /// then as before that step.
    pub fn step(&mut self, wanted: &BTreeSet<MapName>) -> Result<Step> {
        let (started, seconds_between) = self.clock.start();
        let mut seconds_upload = 0.0;
        let batch = self.batch_stream.next(self.position, self.total_steps(), &mut self.skipped)?;
        let seconds_loading = started.elapsed().as_secs_f64();
        let number = self.position.step + 1;
        let config = self.config();
        let training = &config.training;
        self.train_state.set_objective(Objective::new(&config.objective, config.network.size()));
        let options = StepOptions {
            learning_rate: training.learning_rate_at(batch.epoch),
            weight_decay: training.weight_decay,
            clip_gradient_norm: training.clip_gradient_norm,
        };
        let device = self.compute.device.clone().autodiff();
        let micro_batches =
            batch.samples.chunks(training.batch_size).zip(0..).map(|(samples, index)| MicroBatch {
                samples: timed(&mut seconds_upload, || SampleTensors::upload(samples, &device)),
                noise: Noise::Drawn {
                    seed: training.seed,
                    step: self.position.step * training.accumulate as u64 + index,
                },
                share: samples.len() as f32 / batch.samples.len() as f32,
            });
        let pending = self.train_state.begin_step(micro_batches, options, wanted);
        self.wait_for_metrics()?;

        let key = batch.samples[0].key.clone();
        let mut report = StepReport {
            step: number,
            total_steps: self.total_steps(),
            epoch: batch.epoch,
            learning_rate: options.learning_rate,
            seconds_loading,
            memory: self.compute.memory(),
            ..StepReport::default()
        };
        self.has_diverged = pending.as_ref().is_err_and(Error::is::<NonFinite>);
        let PendingStep { metrics, split, samples, objective_output } =
            pending.map_err(|error| InFlight::failed(&report, &key, error))?;
        let before = self.position;
        self.position =
            Position { step: number, epoch: batch.epoch, batch: batch.index + 1, ..self.position };

        report.seconds = started.elapsed().as_secs_f64();
        let usual_seconds = self.clock.usual_if_slow(seconds_between + report.seconds);
        if let Some(usual_seconds) = usual_seconds {
            let seconds = report.seconds;
            debug!(step = number, seconds, seconds_between, seconds_loading, usual_seconds, "slow step");
        }
        let mean_seconds = self.clock.add(seconds_between + report.seconds);
        report.images_per_second = batch.samples.len() as f64 / mean_seconds;
        report.seconds_left = self.total_steps().saturating_sub(number) as f64 * mean_seconds;
        report.split = Some(TimeSplit { seconds_upload, seconds_between, ..split });
        let changes = self.config.changes.iter().copied().filter(|change| change.step == number).collect();
        let is_known = metrics.is_known();
        let after = self.position;
        self.in_flight = Some(InFlight { metrics, report, changes, before, after, key: key.clone() });
        if is_known {
            self.wait_for_metrics()?;
        }
        self.clock.end();
        let objective = self.train_state.objective().clone();
        Ok(Step { number, samples, key, objective_output, objective })
    }

    /// Waits for the metrics of a step and logs them.
    fn finish_step(&mut self, step: InFlight) -> Result<()> {
        let InFlight { metrics, mut report, changes, before, after, key } = step;
        let finished = self.train_state.finish_step(metrics);
        self.has_diverged = finished.as_ref().is_err_and(Error::is::<NonFinite>);
        let metrics = finished.map_err(|error| {
            self.position = before;
            self.batch_stream.go_to(after);
            InFlight::failed(&report, &key, error)
        })?;
        metrics.write_to(&mut report);
        let (loss, seconds, seconds_loading) =
            (f64::from(report.loss), report.seconds, report.seconds_loading);
        debug!(step = report.step, loss, seconds, seconds_loading, "step made");
        self.log_step(&report, &changes);
        self.reported.push(Reported { report, changes });
        Ok(())
    }

    fn log_step(&mut self, report: &StepReport, changes: &[Change]) {
        for change in changes {
            self.log_entry(&Entry::Change(*change));
        }
        let is_logged = report.step.is_multiple_of(self.config.training.log_frequency);
        if is_logged || report.step >= self.total_steps() {
            self.log_entry(&Entry::Step(report.clone()));
        }
    }

    fn log_entry(&mut self, entry: &Entry) {
        self.log.push(entry);
        self.flush_log();
    }

    /// Writes the log. A failure becomes a warning: a step is worth more than its line in the log.
    fn flush_log(&mut self) {
        let written = self.log.flush();
        self.warn_of_log(written);
    }

    fn warn_of_log(&mut self, written: Result<()>) {
        let problem = written.err().map(|error| {
            format!("{error:#}; what is missing there is kept and written as soon as that works again")
        });
        self.warnings.note(Problem::Log, problem);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Finishes the last step for the log; nobody is left to report a failure to.
        let _ = self.wait_for_metrics();
    }
}
