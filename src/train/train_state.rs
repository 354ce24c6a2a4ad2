//! The update that training consists of: forward, backward, Adam.

use super::{
    PendingMetrics, StepMetrics,
    adam::gradients as flattened,
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

/// Loss or gradient of a step cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the {what} is {value}, most often because the learning rate is too high; the networks are kept as they \
     were"
)]
pub struct NonFinite {
    /// What was computed.
    pub what: &'static str,
    /// What it is.
    pub value: f32,
}

impl NonFinite {
    pub(super) fn check(what: &'static str, value: f32) -> Result<(), Self> {
        if value.is_finite() { Ok(()) } else { Err(Self { what, value }) }
    }
}

/// Networks with what is needed to improve them.
#[derive(Debug)]
pub struct TrainState {
    /// `None` only while the optimiser has them: it updates weights where they lie if nobody else holds
    /// them, and would copy those of a clone.
    networks: Option<Networks>,
    adam: AdamState,
    objective: Objective,
    /// What lets updates through on the device; `None` before the first, and after a bad one.
    guard: Option<Guard>,
    readback: Readback,
}

/// A part of an update's samples, small enough for one pass through the networks.
#[derive(Clone, Debug)]
pub struct MicroBatch {
    /// The samples, on the autodiff device.
    pub samples: SampleTensors,
    /// Noise for them.
    pub noise: Noise,
    /// Their share of all samples of the update.
    pub share: f32,
}

/// How far an update goes.
#[derive(Clone, Copy, Debug)]
pub struct StepOptions {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Share of the learning rate by which every parameter shrinks before its update
    /// ([`crate::compute::ops::AdamStep::with_weight_decay`]).
    pub weight_decay: f64,
    /// The longest gradient to follow as it is.
    pub clip_gradient_norm: Option<f64>,
}

/// What an update was made of.
pub struct StepOutput {
    /// Its numbers.
    pub metrics: StepMetrics,
    /// Where the time went.
    pub split: TimeSplit,
    /// The first part's samples.
    pub samples: SampleTensors,
    /// The first part's losses and maps.
    pub outcome: ObjectiveOutput,
}

/// An update whose work was given to the device.
pub struct Submitted {
    /// Its numbers, for [`TrainState::conclude`].
    pub metrics: PendingMetrics,
    /// Where the time went.
    pub split: TimeSplit,
    /// The first part's samples.
    pub samples: SampleTensors,
    /// The first part's losses and maps.
    pub outcome: ObjectiveOutput,
}

impl TrainState {
    /// Takes networks on any device into training.
    pub fn new(networks: Networks, objective: Objective) -> Self {
        Self::resumed(networks, AdamState::default(), objective)
    }

    /// Goes on with networks and the state of their optimiser.
    pub fn resumed(networks: Networks, adam: AdamState, objective: Objective) -> Self {
        let networks = Some(networks.train());
        Self { networks, adam, objective, guard: None, readback: Readback::default() }
    }

    /// Improves the networks by another objective from now on.
    pub fn set_objective(&mut self, objective: Objective) {
        self.objective = objective;
    }

    /// The networks in training mode, on the autodiff device.
    pub fn networks(&self) -> &Networks {
        self.networks.as_ref().expect("the optimiser gives the networks back")
    }

    /// What they are improved by.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// The optimiser's state.
    pub fn adam(&self) -> &AdamState {
        &self.adam
    }

    /// How often numbers were read back from the device.
    pub fn readback_counts(&self) -> ReadbackCounts {
        self.readback.counts()
    }

    /// Losses and wanted maps of a batch on the autodiff device, and the gradient of every parameter.
    ///
    /// # Errors
    /// [`NonFinite`], if the loss is none.
    pub fn gradients(
        &self,
        samples: &SampleTensors,
        noise: Noise,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(ObjectiveOutput, f32, GradientsParams)> {
        let part = MicroBatch { samples: samples.clone(), noise, share: 1.0 };
        let split = &mut TimeSplit::default();
        let (outcome, loss) = timed(&mut split.seconds_forward, || self.forward(&part, wanted));
        NonFinite::check("loss", loss)?;
        let gradients = self.backward(&outcome, 1.0);
        Ok((outcome, loss, gradients))
    }

    /// Losses and wanted maps of a part, and its loss, waited for.
    fn forward(&self, part: &MicroBatch, wanted: &BTreeSet<MapName>) -> (ObjectiveOutput, f32) {
        let outcome = self.outcome(part, wanted);
        let loss = value(outcome.loss.clone()).expect("the loss can be read");
        (outcome, loss)
    }

    fn outcome(
        &self,
        MicroBatch { samples, noise, .. }: &MicroBatch,
        wanted: &BTreeSet<MapName>,
    ) -> ObjectiveOutput {
        forward(self.networks(), &self.objective, samples, noise.clone(), wanted)
    }

    /// The gradients of the loss taken `share` times.
    fn backward(&self, outcome: &ObjectiveOutput, share: f32) -> GradientsParams {
        let weighted = outcome.loss.clone();
        let weighted = if share == 1.0 { weighted } else { weighted.mul_scalar(share) };
        GradientsParams::from_grads(weighted.backward(), self.networks())
    }

    /// What [`TrainState::gradients`] gives for all parts as one batch, apart from batch normalisation,
    /// which sees one part at a time. Waits for the numbers.
    ///
    /// # Errors
    /// [`NonFinite`], if the loss of a part is none.
    ///
    /// # Panics
    /// If there is no part.
    pub fn accumulate(
        &self,
        parts: impl IntoIterator<Item = MicroBatch>,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(StepOutput, GradientsParams)> {
        let mut accumulated = GradientsAccumulator::new();
        let mut metrics = StepMetrics::default();
        let mut first = None;
        let nothing = BTreeSet::new();
        let mut split = TimeSplit::default();
        for part in parts {
            let wanted = if first.is_none() { wanted } else { &nothing };
            let (outcome, loss) = timed(&mut split.seconds_forward, || self.forward(&part, wanted));
            NonFinite::check("loss", loss)?;
            timed(&mut split.seconds_backward, || {
                accumulated.accumulate(self.networks(), self.backward(&outcome, part.share));
                metrics.add(&outcome, loss, part.share, self.objective.config())
            })?;
            first.get_or_insert((part.samples, outcome));
        }
        let (samples, outcome) = first.expect("an update has samples");
        let gradients = timed(&mut split.seconds_backward, || {
            let gradients = accumulated.grads();
            metrics.gradient_norm = gradient_norm(self.networks(), &gradients);
            gradients
        });
        Ok((StepOutput { metrics, split, samples, outcome }, gradients))
    }

    /// Gives the device the work of improving the networks on all parts together. On the GPU backend nothing
    /// is read meanwhile: the numbers arrive later, and if they are none, networks, optimiser and running
    /// statistics stay as they were, also in all steps submitted until [`TrainState::conclude`] says so.
    ///
    /// # Errors
    /// On the CPU backend [`NonFinite`], if loss or gradient is none; all then stays as it was.
    ///
    /// # Panics
    /// If there is no part.
    pub fn submit(
        &mut self,
        parts: impl IntoIterator<Item = MicroBatch>,
        stride: StepOptions,
        wanted: &BTreeSet<MapName>,
    ) -> Result<Submitted> {
        let statistics = SavedStatistics::of(self.networks());
        if !self.networks().devices().iter().all(is_host) {
            return Ok(self.submit_to_device(parts, stride, wanted, statistics));
        }
        let updates_before = self.adam.steps;
        match self.step_on_host(parts, stride, wanted) {
            Ok(StepOutput { metrics, split, samples, outcome }) => {
                let metrics = PendingMetrics::known(metrics, updates_before);
                Ok(Submitted { metrics, split, samples, outcome })
            }
            Err(error) => {
                let mut replace = Replace::default();
                statistics.restore(&mut replace);
                self.networks = self.networks.take().map(|networks| networks.map(&mut replace));
                Err(error)
            }
        }
    }

    fn step_on_host(
        &mut self,
        parts: impl IntoIterator<Item = MicroBatch>,
        stride: StepOptions,
        wanted: &BTreeSet<MapName>,
    ) -> Result<StepOutput> {
        let (mut output, gradients) = self.accumulate(parts, wanted)?;
        output.metrics.check()?;
        let norm = output.metrics.gradient_norm;
        let factor = match stride.clip_gradient_norm {
            Some(longest) if f64::from(norm) > longest => (longest / f64::from(norm)) as f32,
            _ => 1.0,
        };
        let networks = self.networks.take().expect("the optimiser gives the networks back");
        let adam = &mut self.adam;
        let updated = timed(&mut output.split.seconds_optimiser, || {
            adam.step(networks, gradients, factor, stride.learning_rate, stride.weight_decay)
        });
        self.networks = Some(updated);
        Ok(output)
    }

    fn submit_to_device(
        &mut self,
        parts: impl IntoIterator<Item = MicroBatch>,
        stride: StepOptions,
        wanted: &BTreeSet<MapName>,
        statistics: SavedStatistics,
    ) -> Submitted {
        let mut accumulated = GradientsAccumulator::new();
        let (mut sums, mut first) = (None, None);
        let nothing = BTreeSet::new();
        let mut split = TimeSplit::default();
        for part in parts {
            let wanted = if first.is_none() { wanted } else { &nothing };
            let outcome = timed(&mut split.seconds_forward, || self.outcome(&part, wanted));
            timed(&mut split.seconds_backward, || {
                accumulated.accumulate(self.networks(), self.backward(&outcome, part.share));
                let config = self.objective.config();
                sums = Some(StepMetrics::sum_on_device(sums.take(), &outcome, part.share, config));
            });
            first.get_or_insert((part.samples, outcome));
        }
        let (samples, outcome) = first.expect("an update has samples");
        let sums = sums.expect("each part has numbers");
        let updates_before = self.adam.steps;
        let read = timed(&mut split.seconds_optimiser, || {
            let guard = self.guard.take().unwrap_or_else(|| Guard::open(1.0, &sums.device()));
            let networks = self.networks.take().expect("the optimiser gives the networks back");
            let new_statistics = SavedStatistics::of(&networks);
            let (networks, taken) = take(networks, accumulated.grads());
            let longest = stride.clip_gradient_norm.map(|longest| longest as f32);
            let (guard, report) = guard.judge(&flattened(&taken), sums, longest, None);
            let mut replace = Replace::default();
            self.adam.update(taken, &guard, stride.learning_rate, stride.weight_decay, &mut replace);
            statistics.restore_unless_open(new_statistics, &guard, &mut replace);
            self.networks = Some(networks.map(&mut replace));
            self.guard = Some(guard);
            self.readback.begin(report)
        });
        let config = self.objective.config().clone();
        let metrics = PendingMetrics::reading(read, &outcome, config, updates_before);
        Submitted { metrics, split, samples, outcome }
    }

    /// Takes the numbers of the oldest step whose numbers were not taken. If they are none, its update was
    /// none, nor were those submitted since: whoever has their numbers drops them, and goes on from the step
    /// before.
    ///
    /// # Errors
    /// [`NonFinite`], or if the device gave up.
    pub fn conclude(&mut self, metrics: PendingMetrics) -> Result<StepMetrics> {
        let updates_before = metrics.updates_before;
        let metrics = metrics.wait()?;
        metrics.check().inspect_err(|_| {
            self.adam.steps = updates_before;
            self.guard = None;
        })?;
        Ok(metrics)
    }

    /// Improves the networks on all parts together, and waits for the numbers.
    ///
    /// # Errors
    /// [`NonFinite`], if loss or gradient is none; the networks then stay as they were.
    pub fn step(
        &mut self,
        parts: impl IntoIterator<Item = MicroBatch>,
        stride: StepOptions,
        wanted: &BTreeSet<MapName>,
    ) -> Result<StepOutput> {
        let Submitted { metrics, split, samples, outcome } = self.submit(parts, stride, wanted)?;
        Ok(StepOutput { metrics: self.conclude(metrics)?, split, samples, outcome })
    }

    /// Improves the networks on a batch; gives what was computed and the loss.
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
        let stride = StepOptions { learning_rate, weight_decay: 0.0, clip_gradient_norm: None };
        let output = self.step([whole], stride, wanted)?;
        Ok((output.outcome, output.metrics.loss))
    }
}

/// The length of all gradients together.
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
