//! A run under way: networks, optimiser, loaders, log, and the one step that is made again and again.

mod saving;

use super::{
    MicroBatch, NonFinite, Progress, StartingNetworks, Step, StepOptions, Submitted, TrainState,
    batch_stream::BatchStream,
    in_flight::{InFlight, Reported},
    resuming::{check_changes, check_checkpoint, check_steps, missing_in_log},
    timed::timed,
    validation::{Validation, ValidationProgress},
    warnings::{Trouble, Warnings},
};
use crate::{
    compute::{Compute, ReadbackCounts, ops::AdamState},
    config::{Change, RunConfig, Setting},
    data::{FrameKey, OpenData, Samples, cache::with_cache},
    model::Networks,
    objective::{MapName, Noise, Objective},
    predict::SampleTensors,
    runs::{Checkpoint, Entry, Log, Manifest, Position, RunFolder, StepReport, TimeSplit, ValidationReport},
};
use anyhow::{Error, Result};
use burn::module::Module;
use std::{
    collections::{BTreeSet, VecDeque},
    path::{Path, PathBuf},
    time::Instant,
};

/// Steps over which the rate is averaged.
const RATE_WINDOW: usize = 20;

/// A training run.
pub struct Run {
    config: RunConfig,
    train_state: TrainState,
    batch_stream: BatchStream,
    validation: Option<Validation>,
    position: Position,
    /// The step whose work was given to the device, but whose numbers were not taken.
    in_flight: Option<InFlight>,
    /// Steps whose numbers were taken, but not asked for.
    reported: Vec<Reported>,
    saved: Option<Position>,
    folder: RunFolder,
    manifest: Manifest,
    log: Log,
    compute: Compute,
    step_seconds: VecDeque<f64>,
    /// When the last step ended, if nothing but showing and saving came after it.
    ended: Option<Instant>,
    /// Whether the networks no longer give numbers.
    is_spoiled: bool,
    skipped: Vec<(FrameKey, String)>,
    warnings: Warnings,
}

impl Run {
    /// Begins a run; nothing is trained yet. `start` is what it starts from.
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
        let manifest = Manifest { pretrained, ..Manifest::new(data, samples, config.training.seed, compute) };
        let folder = RunFolder::create(out, &config, &manifest)?;
        let position = Position { batches: batch_stream.batch_count(), ..Position::default() };
        let start = Checkpoint { networks, adam: AdamState::default(), position };
        let begin = || {
            let within = (folder.clone(), manifest);
            let (mut run, _) = Self::at(start, config, within, (batch_stream, validation), compute)?;
            // From here on the run can be resumed, whatever happens.
            run.save()?;
            Ok(run)
        };
        begin().inspect_err(|_| folder.discard())
    }

    /// Goes on with a run from its last checkpoint; also gives what the run has behind it.
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
        let here = Manifest::new(data, samples, config.training.seed, compute);
        let manifest = folder.manifest().ok();
        manifest.as_ref().map_or(Ok(()), |manifest| manifest.check_data(&here, &data.source.name()))?;
        let is_manifest_lost = manifest.is_none();
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
        let within = (folder, manifest.unwrap_or(here));
        let (mut run, mut history) =
            Self::at(checkpoint, config, within, (batch_stream, validation), compute)?;
        for entry in &mut history {
            if let Entry::Step(report) = entry {
                report.total_steps = total_steps;
            }
        }
        run.saved = Some(position);
        run.warnings.extend(run.folder.tidy()?);
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

    fn at(
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
            step_seconds: VecDeque::new(),
            ended: None,
            is_spoiled: false,
            skipped: Vec::new(),
            warnings: Warnings::default(),
        };
        Ok((run, history))
    }

    /// Steps that the run makes in all.
    pub fn total_steps(&self) -> u64 {
        self.batch_stream.total_steps(&self.config)
    }

    /// Whether all steps were made.
    pub fn is_finished(&self) -> bool {
        self.position.step >= self.total_steps() && !self.is_validation_due()
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.position.step
    }

    /// The run folder.
    pub fn out(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The configuration that the next step is made with.
    pub fn config(&self) -> RunConfig {
        self.config.at_step(self.position.step + 1)
    }

    /// Whether there is something to validate on.
    pub fn has_validation(&self) -> bool {
        self.validation.is_some()
    }

    /// Pictures and depths that could not be used since the last call, with the reason.
    pub fn take_skipped(&mut self) -> Vec<(FrameKey, String)> {
        std::mem::take(&mut self.skipped)
    }

    /// What went wrong without harm to the run since the last call, each in a sentence.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.warnings.take()
    }

    /// Steps whose numbers arrived since the last call, in order. On the CPU backend that is the step that
    /// was just made, on the GPU backend the one before it, or with [`Run::settle`] every one.
    pub fn take_reported(&mut self) -> Vec<Reported> {
        std::mem::take(&mut self.reported)
    }

    /// How often numbers were read back from the device.
    pub fn readback_counts(&self) -> ReadbackCounts {
        self.train_state.readback_counts()
    }

    /// Waits for the numbers of the last step.
    ///
    /// # Errors
    /// If they are none: the run then stands before that step, its networks as they were.
    pub fn settle(&mut self) -> Result<()> {
        self.in_flight.take().map_or(Ok(()), |step| self.conclude(step))
    }

    /// Changes the configuration from the next step on. The change is written down before it counts, so
    /// that the run resumes with it from any checkpoint before or after.
    ///
    /// # Errors
    /// If the value cannot be, or the configuration cannot be written. As [`Run::settle`]; the change is
    /// then made all the same.
    pub fn change(&mut self, setting: Setting) -> Result<()> {
        // Which step is the next is known only when the last one is known to have succeeded.
        let settled = self.settle();
        let mut config = self.config.clone();
        config.change(Change { step: self.position.step + 1, setting })?;
        self.folder.write_config(&config)?;
        self.config = config;
        settled
    }

    /// Does the next piece of work: a step, or after an epoch a batch of validation.
    ///
    /// # Errors
    /// As [`Run::step`].
    pub fn advance(&mut self, wanted: &BTreeSet<MapName>) -> Result<Progress> {
        if self.is_validation_due() {
            self.settle()?;
            self.rest();
            self.validate()
        } else {
            Ok(Progress::Step(Box::new(self.step(wanted)?)))
        }
    }

    /// The time from now to the next step is none that steps take.
    pub fn rest(&mut self) {
        self.ended = None;
    }

    fn is_validation_due(&self) -> bool {
        let Position { step, validated, .. } = self.position;
        self.validation.is_some() && self.position.ends_epoch() && validated != Some(step)
    }

    fn validate(&mut self) -> Result<Progress> {
        let (networks, config) = (self.networks(), self.config.at_step(self.position.step));
        let validation = self.validation.as_mut().expect("only a run with validation samples validates");
        let glance = validation.advance(&networks, &config, &self.compute.device, &mut self.skipped);
        let Position { step, epoch, .. } = self.position;
        match glance {
            Ok(ValidationProgress::More) => {
                let (done, samples) = validation.progress();
                Ok(Progress::Validating { done, samples })
            }
            Ok(ValidationProgress::Done(Some(report))) => {
                let report = ValidationReport { step, epoch, ..report };
                self.position.note_validation(report.loss);
                if !report.loss.is_finite() {
                    return Ok(Progress::NotValidated(format!(
                        "its loss after step {step} is {}, so this step is not called the best; the run goes on",
                        report.loss
                    )));
                }
                self.note(&Entry::Validation(report.clone()));
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

    /// The networks as they are now, in evaluation mode.
    pub fn networks(&self) -> Networks {
        self.train_state.networks().valid()
    }

    /// Makes one step: load, forward, backward, update. On the GPU backend its work is only queued, and the
    /// numbers of the step before are taken.
    ///
    /// # Errors
    /// If no batch can be made, or the loss is not a number: that of this step or of the one before it.
    /// Networks and position then are as before the step whose loss it is.
    pub fn step(&mut self, wanted: &BTreeSet<MapName>) -> Result<Step> {
        let started = Instant::now();
        let seconds_between = self.ended.take().map_or(0.0, |ended| (started - ended).as_secs_f64());
        let mut seconds_upload = 0.0;
        let batch = self.batch_stream.next(self.position, self.total_steps(), &mut self.skipped)?;
        let seconds_loading = started.elapsed().as_secs_f64();
        let number = self.position.step + 1;
        let config = self.config();
        let training = &config.training;
        self.train_state.set_objective(Objective::new(&config.objective, config.network.size()));
        let stride = StepOptions {
            learning_rate: training.learning_rate_at(batch.epoch),
            weight_decay: training.weight_decay,
            clip_gradient_norm: training.clip_gradient_norm,
        };
        let device = self.compute.device.clone().autodiff();
        let parts = batch.samples.chunks(training.batch_size).zip(0..).map(|(samples, part)| MicroBatch {
            samples: timed(&mut seconds_upload, || SampleTensors::upload(samples, &device)),
            noise: Noise::Drawn {
                seed: training.seed,
                step: self.position.step * training.accumulate as u64 + part,
            },
            share: samples.len() as f32 / batch.samples.len() as f32,
        });
        let submitted = self.train_state.submit(parts, stride, wanted);
        self.settle()?;

        let key = batch.samples[0].key.clone();
        let mut report = StepReport {
            step: number,
            total_steps: self.total_steps(),
            epoch: batch.epoch,
            learning_rate: stride.learning_rate,
            seconds_loading,
            memory: self.compute.memory(),
            ..StepReport::default()
        };
        self.is_spoiled = submitted.as_ref().is_err_and(Error::is::<NonFinite>);
        let Submitted { metrics, split, samples, outcome } =
            submitted.map_err(|error| InFlight::failed(&report, &key, error))?;
        let before = self.position;
        self.position =
            Position { step: number, epoch: batch.epoch, batch: batch.index + 1, ..self.position };

        report.seconds = started.elapsed().as_secs_f64();
        self.step_seconds.push_back(seconds_between + report.seconds);
        if self.step_seconds.len() > RATE_WINDOW {
            self.step_seconds.pop_front();
        }
        let mean_seconds = self.step_seconds.iter().sum::<f64>() / self.step_seconds.len() as f64;
        report.images_per_second = batch.samples.len() as f64 / mean_seconds;
        report.seconds_left = self.total_steps().saturating_sub(number) as f64 * mean_seconds;
        report.split = Some(TimeSplit { seconds_upload, seconds_between, ..split });
        let changes = self.config.changes.iter().copied().filter(|change| change.step == number).collect();
        let is_known = metrics.is_known();
        let after = self.position;
        self.in_flight = Some(InFlight { metrics, report, changes, before, after, key: key.clone() });
        if is_known {
            self.settle()?;
        }
        self.ended = Some(Instant::now());
        let objective = self.train_state.objective().clone();
        Ok(Step { number, samples, key, outcome, objective })
    }

    /// Takes the numbers of a step and notes them.
    fn conclude(&mut self, step: InFlight) -> Result<()> {
        let InFlight { metrics, mut report, changes, before, after, key } = step;
        let concluded = self.train_state.conclude(metrics);
        self.is_spoiled = concluded.as_ref().is_err_and(Error::is::<NonFinite>);
        let metrics = concluded.map_err(|error| {
            self.position = before;
            self.batch_stream.go_to(after);
            InFlight::failed(&report, &key, error)
        })?;
        metrics.complete(&mut report);
        self.log_step(&report, &changes);
        self.reported.push(Reported { report, changes });
        Ok(())
    }

    fn log_step(&mut self, report: &StepReport, changes: &[Change]) {
        for change in changes {
            self.note(&Entry::Change(*change));
        }
        let is_logged = report.step.is_multiple_of(self.config.training.log_frequency);
        if is_logged || report.step >= self.total_steps() {
            self.note(&Entry::Step(report.clone()));
        }
    }

    fn note(&mut self, entry: &Entry) {
        self.log.push(entry);
        self.flush_log();
    }

    /// Writes the log as far as that goes: steps are worth more than their figures.
    fn flush_log(&mut self) {
        let written = self.log.flush();
        self.note_log(written);
    }

    fn note_log(&mut self, written: Result<()>) {
        let trouble = written.err().map(|error| {
            format!("{error:#}; what is missing there is kept and written as soon as that works again")
        });
        self.warnings.note(Trouble::Log, trouble);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // The log has every step that was made; who drops a run asks for nothing more.
        let _ = self.settle();
    }
}
