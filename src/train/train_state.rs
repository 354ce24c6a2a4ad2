//! The step of training: forward, backward, Adam.

use super::{
    NonFinite, PendingMetrics, StepMetrics,
    adam::gradients,
    parameters::{Replace, SavedStatistics, is_host, take},
    timed::timed,
};
use crate::{
    compute::{
        Readback, ReadbackCounts,
        ops::{AdamState, Guard},
        value,
    },
    model::Networks,
    objective::{MapName, Noise, Objective, ObjectiveOutput},
    predict::{SampleTensors, forward},
    runs::TimeSplit,
};
use anyhow::Result;
use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Tensor,
};
use std::collections::BTreeSet;

/// Networks with their optimiser and the objective that they are trained on.
#[derive(Debug)]
pub struct TrainState {
    /// `None` only while the optimiser updates them: it writes weights in place if nothing else refers to
    /// them, and would have to copy shared ones.
    networks: Option<Networks>,
    adam: AdamState,
    objective: Objective,
    /// On the GPU backend: permits updates as long as all metrics are finite. `None` before the first step and
    /// after a step that was not finite.
    guard: Option<Guard>,
    readback: Readback,
}

/// Some of a step's samples, few enough for one pass through the networks; gradients are accumulated over all
/// micro-batches of a step.
#[derive(Clone, Debug)]
pub struct MicroBatch {
    /// Samples on the autodiff device.
    pub samples: SampleTensors,
    /// Tie-breaking noise of their identity losses.
    pub noise: Noise,
    /// Number of its samples divided by that of the whole step.
    pub share: f32,
}

/// Learning rate, weight decay and clipping of one optimiser step. By default nothing decays and nothing is clipped; the
/// learning rate has no useful default (it is 0).
#[derive(Clone, Copy, Debug, Default)]
pub struct StepOptions {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Every parameter is multiplied by `1 - learning_rate * weight_decay` before its update
    /// ([`crate::compute::ops::AdamStep::with_weight_decay`]).
    pub weight_decay: f64,
    /// Norm above which the gradient of all weights together is scaled down to it; `None` clips nothing.
    pub clip_gradient_norm: Option<f64>,
}

/// Results of a step.
pub struct StepOutput {
    /// Losses, gradient norm and prediction statistics, averaged over all samples.
    pub metrics: StepMetrics,
    /// Seconds by phase of the step.
    pub split: TimeSplit,
    /// Samples of the first micro-batch.
    pub samples: SampleTensors,
    /// Losses and maps of the first micro-batch.
    pub objective_output: ObjectiveOutput,
}

/// A step whose work was queued on the device.
pub struct PendingStep {
    /// Metrics, for [`TrainState::finish_step`].
    pub metrics: PendingMetrics,
    /// Seconds by phase of the step.
    pub split: TimeSplit,
    /// Samples of the first micro-batch.
    pub samples: SampleTensors,
    /// Losses and maps of the first micro-batch.
    pub objective_output: ObjectiveOutput,
}

impl TrainState {
    /// Fresh optimiser state for networks on any device.
    pub fn new(networks: Networks, objective: Objective) -> Self {
        Self::resumed(networks, AdamState::default(), objective)
    }

    /// Continues with networks and the state of their optimiser.
    pub fn resumed(networks: Networks, adam: AdamState, objective: Objective) -> Self {
        let networks = Some(networks.train());
        Self { networks, adam, objective, guard: None, readback: Readback::default() }
    }

    /// Trains on another objective from the next step on.
    pub fn set_objective(&mut self, objective: Objective) {
        self.objective = objective;
    }

    /// The networks in training mode, on the autodiff device.
    pub fn networks(&self) -> &Networks {
        self.networks.as_ref().expect("the optimiser returns the networks")
    }

    /// Objective of the next step.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// State of the optimiser.
    pub fn adam(&self) -> &AdamState {
        &self.adam
    }

    /// Counts of the reads from the device.
    pub fn readback_counts(&self) -> ReadbackCounts {
        self.readback.counts()
    }

    /// Makes a step on one batch without clipping; returns losses and maps, and the loss as a number.
    ///
    /// # Errors
    /// As [`TrainState::step`].
    pub fn step_on_batch(
        &mut self,
        samples: &SampleTensors,
        noise: Noise,
        learning_rate: f64,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(ObjectiveOutput, f32)> {
        let whole = MicroBatch { samples: samples.clone(), noise, share: 1.0 };
        let options = StepOptions { learning_rate, ..StepOptions::default() };
        let output = self.step([whole], options, wanted)?;
        Ok((output.objective_output, output.metrics.loss))
    }

    /// Makes a step on all micro-batches together, and waits for its metrics.
    ///
    /// # Errors
    /// [`NonFinite`], if loss or gradient is not finite; the networks are then unchanged.
    pub fn step(
        &mut self,
        micro_batches: impl IntoIterator<Item = MicroBatch>,
        options: StepOptions,
        wanted: &BTreeSet<MapName>,
    ) -> Result<StepOutput> {
        let PendingStep { metrics, split, samples, objective_output } =
            self.begin_step(micro_batches, options, wanted)?;
        Ok(StepOutput { metrics: self.finish_step(metrics)?, split, samples, objective_output })
    }

    /// Queues a step on all micro-batches together. The GPU backend reads nothing back here: the metrics arrive
    /// later. If they turn out not to be finite, this step and all steps begun before
    /// [`TrainState::finish_step`] reports it leave networks, optimiser and running statistics as they were.
    ///
    /// # Errors
    /// On the CPU backend [`NonFinite`], if loss or gradient is not finite; everything is then unchanged.
    ///
    /// # Panics
    /// If there is no micro-batch.
    pub fn begin_step(
        &mut self,
        micro_batches: impl IntoIterator<Item = MicroBatch>,
        options: StepOptions,
        wanted: &BTreeSet<MapName>,
    ) -> Result<PendingStep> {
        let statistics = SavedStatistics::of(self.networks());
        if !self.networks().devices().iter().all(is_host) {
            return Ok(self.begin_step_on_gpu(micro_batches, options, wanted, statistics));
        }
        let updates_before = self.adam.steps;
        match self.begin_step_on_cpu(micro_batches, options, wanted) {
            Ok(StepOutput { metrics, split, samples, objective_output }) => {
                let metrics = PendingMetrics::known(metrics, updates_before);
                Ok(PendingStep { metrics, split, samples, objective_output })
            }
            Err(error) => {
                let mut replace = Replace::default();
                statistics.restore(&mut replace);
                self.networks = self.networks.take().map(|networks| networks.map(&mut replace));
                Err(error)
            }
        }
    }

    fn begin_step_on_cpu(
        &mut self,
        micro_batches: impl IntoIterator<Item = MicroBatch>,
        options: StepOptions,
        wanted: &BTreeSet<MapName>,
    ) -> Result<StepOutput> {
        let (mut output, gradients) = self.accumulate(micro_batches, wanted)?;
        output.metrics.check()?;
        let norm = output.metrics.gradient_norm;
        let factor = match options.clip_gradient_norm {
            Some(max_norm) if f64::from(norm) > max_norm => (max_norm / f64::from(norm)) as f32,
            _ => 1.0,
        };
        let networks = self.networks.take().expect("the optimiser returns the networks");
        let adam = &mut self.adam;
        let updated = timed(&mut output.split.seconds_optimiser, || {
            adam.step(networks, gradients, factor, options.learning_rate, options.weight_decay)
        });
        self.networks = Some(updated);
        Ok(output)
    }

    fn begin_step_on_gpu(
        &mut self,
        micro_batches: impl IntoIterator<Item = MicroBatch>,
        options: StepOptions,
        wanted: &BTreeSet<MapName>,
        statistics: SavedStatistics,
    ) -> PendingStep {
        let mut accumulated = GradientsAccumulator::new();
        let (mut sums, mut first) = (None, None);
        let nothing = BTreeSet::new();
        let mut split = TimeSplit::default();
        for micro_batch in micro_batches {
            let wanted = if first.is_none() { wanted } else { &nothing };
            let objective_output = timed(&mut split.seconds_forward, || self.forward(&micro_batch, wanted));
            timed(&mut split.seconds_backward, || {
                accumulated.accumulate(self.networks(), self.backward(&objective_output, micro_batch.share));
                let config = self.objective.config();
                sums = Some(StepMetrics::sum_on_device(
                    sums.take(),
                    &objective_output,
                    micro_batch.share,
                    config,
                ));
            });
            first.get_or_insert((micro_batch.samples, objective_output));
        }
        let (samples, objective_output) = first.expect("an update has samples");
        let sums = sums.expect("each micro-batch has numbers");
        let updates_before = self.adam.steps;
        let read = timed(&mut split.seconds_optimiser, || {
            let guard = self.guard.take().unwrap_or_else(|| Guard::open(1.0, &sums.device()));
            let networks = self.networks.take().expect("the optimiser returns the networks");
            let new_statistics = SavedStatistics::of(&networks);
            let (networks, taken) = take(networks, accumulated.grads());
            let max_norm = options.clip_gradient_norm.map(|max_norm| max_norm as f32);
            let (guard, report) = guard.check(&gradients(&taken), sums, max_norm, None);
            let mut replace = Replace::default();
            self.adam.update(taken, &guard, options.learning_rate, options.weight_decay, &mut replace);
            statistics.restore_unless_open(new_statistics, &guard, &mut replace);
            self.networks = Some(networks.map(&mut replace));
            self.guard = Some(guard);
            self.readback.begin(report)
        });
        let config = self.objective.config().clone();
        let metrics = PendingMetrics::reading(read, &objective_output, config, updates_before);
        PendingStep { metrics, split, samples, objective_output }
    }

    /// Waits for the metrics of the oldest unfinished step. If they are not finite, neither that step nor any step
    /// begun since has changed the networks: drop their metrics and continue from the step before.
    ///
    /// # Errors
    /// [`NonFinite`], or if the device was lost.
    pub fn finish_step(&mut self, metrics: PendingMetrics) -> Result<StepMetrics> {
        let updates_before = metrics.updates_before;
        let metrics = metrics.wait()?;
        metrics.check().inspect_err(|_| {
            self.adam.steps = updates_before;
            self.guard = None;
        })?;
        Ok(metrics)
    }

    /// Accumulates the gradients of all micro-batches. The result equals [`TrainState::gradients`] of one large batch,
    /// apart from batch normalisation, which sees one micro-batch at a time. Waits for the metrics.
    ///
    /// # Errors
    /// [`NonFinite`], if the loss of a micro-batch is not finite.
    ///
    /// # Panics
    /// If there is no micro-batch.
    pub fn accumulate(
        &self,
        micro_batches: impl IntoIterator<Item = MicroBatch>,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(StepOutput, GradientsParams)> {
        let mut accumulated = GradientsAccumulator::new();
        let mut metrics = StepMetrics::default();
        let mut first = None;
        let nothing = BTreeSet::new();
        let mut split = TimeSplit::default();
        for micro_batch in micro_batches {
            let wanted = if first.is_none() { wanted } else { &nothing };
            let (objective_output, loss) =
                timed(&mut split.seconds_forward, || self.forward_to_loss(&micro_batch, wanted));
            NonFinite::check("loss", loss)?;
            timed(&mut split.seconds_backward, || {
                accumulated.accumulate(self.networks(), self.backward(&objective_output, micro_batch.share));
                metrics.add(&objective_output, loss, micro_batch.share, self.objective.config())
            })?;
            first.get_or_insert((micro_batch.samples, objective_output));
        }
        let (samples, objective_output) = first.expect("an update has samples");
        let gradients = timed(&mut split.seconds_backward, || {
            let gradients = accumulated.grads();
            metrics.gradient_norm = gradient_norm(self.networks(), &gradients);
            gradients
        });
        Ok((StepOutput { metrics, split, samples, objective_output }, gradients))
    }

    /// Losses and requested maps of a batch on the autodiff device, its loss as a number, and the gradient of
    /// every parameter.
    ///
    /// # Errors
    /// [`NonFinite`], if the loss is not finite.
    pub fn gradients(
        &self,
        samples: &SampleTensors,
        noise: Noise,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(ObjectiveOutput, f32, GradientsParams)> {
        let micro_batch = MicroBatch { samples: samples.clone(), noise, share: 1.0 };
        let split = &mut TimeSplit::default();
        let (objective_output, loss) =
            timed(&mut split.seconds_forward, || self.forward_to_loss(&micro_batch, wanted));
        NonFinite::check("loss", loss)?;
        let gradients = self.backward(&objective_output, 1.0);
        Ok((objective_output, loss, gradients))
    }

    /// Losses and requested maps of a micro-batch, and its loss as a number; waits for the device.
    fn forward_to_loss(
        &self,
        micro_batch: &MicroBatch,
        wanted: &BTreeSet<MapName>,
    ) -> (ObjectiveOutput, f32) {
        let objective_output = self.forward(micro_batch, wanted);
        let loss = value(objective_output.loss.clone()).expect("the loss can be read");
        (objective_output, loss)
    }

    fn forward(
        &self,
        MicroBatch { samples, noise, .. }: &MicroBatch,
        wanted: &BTreeSet<MapName>,
    ) -> ObjectiveOutput {
        forward(self.networks(), &self.objective, samples, noise.clone(), wanted)
    }

    /// Gradients of `share` times the loss.
    fn backward(&self, objective_output: &ObjectiveOutput, share: f32) -> GradientsParams {
        let weighted = objective_output.loss.clone();
        let weighted = if share == 1.0 { weighted } else { weighted.mul_scalar(share) };
        GradientsParams::from_grads(weighted.backward(), self.networks())
    }
}

/// Euclidean norm of all gradients together.
pub fn gradient_norm(networks: &Networks, gradients: &GradientsParams) -> f32 {
    struct Squares<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.get::<D>(parameter.id) {
                self.1.push(gradient.square().sum());
            }
        }
    }
    let mut squares = Squares(gradients, Vec::new());
    networks.visit(&mut squares);
    match squares.1 {
        squares if squares.is_empty() => 0.0,
        squares => value(Tensor::cat(squares, 0).sum().sqrt()).expect("the norm can be read"),
    }
}
