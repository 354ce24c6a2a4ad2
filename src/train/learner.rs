//! The update that training consists of: forward, backward, Adam.

use super::{Adam, Signals, TimeSplit, time_split::timed};
use crate::{
    model::Networks,
    objective::{MapName, Noise, Objective, Outcome},
    predict::{SampleTensors, forward},
};
use anyhow::Result;
use burn::{
    module::{Module, ModuleVisitor, Param},
    optim::{GradientsAccumulator, GradientsParams},
    tensor::Tensor,
};
use std::collections::{BTreeMap, BTreeSet};

/// Loss or gradient of a step cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the {what} is {value}, most often because the learning rate is too high; the networks are kept as they \
     were"
)]
pub struct NotANumber {
    /// What was computed.
    pub what: &'static str,
    /// What it is.
    pub value: f32,
}

impl NotANumber {
    fn check(what: &'static str, value: f32) -> Result<(), Self> {
        if value.is_finite() { Ok(()) } else { Err(Self { what, value }) }
    }
}

/// Networks with what is needed to improve them.
#[derive(Debug)]
pub struct Learner {
    /// `None` only while the optimiser has them: it updates weights where they lie if nobody else holds
    /// them, and would copy those of a clone.
    networks: Option<Networks>,
    adam: Adam,
    objective: Objective,
}

/// A part of an update's samples, small enough for one pass through the networks.
#[derive(Clone, Debug)]
pub struct Part {
    /// The samples, on the autodiff device.
    pub samples: SampleTensors,
    /// Noise for them.
    pub noise: Noise,
    /// Their share of all samples of the update.
    pub share: f32,
}

/// How far an update goes.
#[derive(Clone, Copy, Debug)]
pub struct Stride {
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// The longest gradient to follow as it is.
    pub clip_gradient_norm: Option<f64>,
}

/// What an update was made of.
pub struct Lesson {
    /// The objective, averaged over all samples.
    pub loss: f32,
    /// Its part at each trained scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Share of pixels that the auto-mask leaves out.
    pub masked_share: f32,
    /// What the predictions are like.
    pub signals: Signals,
    /// Length of the gradient of all parameters together, before it is clipped.
    pub gradient_norm: f32,
    /// Where the time went.
    pub split: TimeSplit,
    /// The first part's samples.
    pub samples: SampleTensors,
    /// The first part's losses and maps.
    pub outcome: Outcome,
}

/// The numbers of an outcome.
struct Figures {
    scale_losses: BTreeMap<usize, f32>,
    masked_share: f32,
    signals: Signals,
}

impl Learner {
    /// Takes networks on any device into training.
    pub fn new(networks: Networks, objective: Objective) -> Self {
        Self::resumed(networks, Adam::default(), objective)
    }

    /// Goes on with networks and the state of their optimiser.
    pub fn resumed(networks: Networks, adam: Adam, objective: Objective) -> Self {
        Self { networks: Some(networks.train()), adam, objective }
    }

    /// Improves the networks by another objective from now on.
    pub fn pursue(&mut self, objective: Objective) {
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
    pub fn adam(&self) -> &Adam {
        &self.adam
    }

    /// Losses and wanted maps of a batch on the autodiff device, and the gradient of every parameter.
    ///
    /// # Errors
    /// [`NotANumber`], if the loss is none.
    pub fn gradients(
        &self,
        samples: &SampleTensors,
        noise: Noise,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(Outcome, f32, GradientsParams)> {
        let part = Part { samples: samples.clone(), noise, share: 1.0 };
        self.weighted_gradients(&part, wanted, &mut TimeSplit::default())
    }

    /// As [`Learner::gradients`], of the loss taken as many times as the part's share; the loss is given as
    /// it is.
    fn weighted_gradients(
        &self,
        Part { samples, noise, share }: &Part,
        wanted: &BTreeSet<MapName>,
        split: &mut TimeSplit,
    ) -> Result<(Outcome, f32, GradientsParams)> {
        let (outcome, loss) = timed(&mut split.seconds_forward, || {
            let outcome = forward(self.networks(), &self.objective, samples, noise.clone(), wanted);
            let loss = outcome.loss.clone().into_scalar::<f32>();
            (outcome, loss)
        });
        NotANumber::check("loss", loss)?;
        let gradients = timed(&mut split.seconds_backward, || {
            let weighted = outcome.loss.clone();
            let weighted = if *share == 1.0 { weighted } else { weighted.mul_scalar(*share) };
            GradientsParams::from_grads(weighted.backward(), self.networks())
        });
        Ok((outcome, loss, gradients))
    }

    /// What [`Learner::gradients`] gives for all parts as one batch, apart from batch normalisation,
    /// which sees one part at a time.
    ///
    /// # Errors
    /// [`NotANumber`], if the loss of a part is none.
    ///
    /// # Panics
    /// If there is no part.
    pub fn accumulate(
        &self,
        parts: impl IntoIterator<Item = Part>,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(Lesson, GradientsParams)> {
        let mut accumulated = GradientsAccumulator::new();
        let mut first: Option<Lesson> = None;
        let nothing = BTreeSet::new();
        let mut split = TimeSplit::default();
        for part in parts {
            let wanted = if first.is_none() { wanted } else { &nothing };
            let (outcome, loss, gradients) = self.weighted_gradients(&part, wanted, &mut split)?;
            let figures = timed(&mut split.seconds_backward, || {
                accumulated.accumulate(self.networks(), gradients);
                self.figures(&outcome)
            })?;
            let Part { samples, share, .. } = part;
            let lesson = first.get_or_insert_with(|| Lesson {
                loss: 0.0,
                scale_losses: BTreeMap::new(),
                masked_share: 0.0,
                signals: Signals::default(),
                gradient_norm: 0.0,
                split,
                samples,
                outcome,
            });
            lesson.loss += share * loss;
            lesson.masked_share += share * figures.masked_share;
            lesson.signals.add(share, figures.signals);
            for (scale, loss) in figures.scale_losses {
                *lesson.scale_losses.entry(scale).or_default() += share * loss;
            }
        }
        let mut lesson = first.expect("an update has samples");
        let gradients = timed(&mut split.seconds_backward, || {
            let gradients = accumulated.grads();
            lesson.gradient_norm = gradient_norm(self.networks(), &gradients);
            gradients
        });
        lesson.split = split;
        Ok((lesson, gradients))
    }

    /// Reads all numbers of an outcome at once, because the device is waited for each time.
    fn figures(&self, outcome: &Outcome) -> Result<Figures> {
        let losses = outcome.scale_losses.values().cloned().map(Tensor::without_autodiff);
        let masked_share = outcome.masked_share.clone().without_autodiff();
        let config = self.objective.config();
        let signals = Signals::measure(&outcome.judged, config);
        let numbers = Tensor::cat(losses.chain([masked_share, signals]).collect(), 0);
        let numbers = numbers.into_data().try_to_vec::<f32>()?;
        let (losses, rest) = numbers.split_at(outcome.scale_losses.len());
        let [masked_share, signals @ ..] =
            <[f32; 1 + Signals::COUNT]>::try_from(rest).expect("as many numbers as were put together");
        let scale_losses = outcome.scale_losses.keys().copied().zip(losses.iter().copied()).collect();
        Ok(Figures { scale_losses, masked_share, signals: Signals::from_numbers(signals, config) })
    }

    /// Improves the networks on all parts together.
    ///
    /// # Errors
    /// [`NotANumber`], if loss or gradient is none; the networks then stay as they were.
    pub fn learn_in_parts(
        &mut self,
        parts: impl IntoIterator<Item = Part>,
        stride: Stride,
        wanted: &BTreeSet<MapName>,
    ) -> Result<Lesson> {
        let (mut lesson, gradients) = self.accumulate(parts, wanted)?;
        let norm = lesson.gradient_norm;
        NotANumber::check("gradient's norm", norm)?;
        let factor = match stride.clip_gradient_norm {
            Some(longest) if f64::from(norm) > longest => (longest / f64::from(norm)) as f32,
            _ => 1.0,
        };
        let networks = self.networks.take().expect("the optimiser gives the networks back");
        let adam = &mut self.adam;
        let updated = timed(&mut lesson.split.seconds_optimiser, || {
            adam.step(networks, gradients, factor, stride.learning_rate)
        });
        self.networks = Some(updated);
        Ok(lesson)
    }

    /// Improves the networks on a batch; gives what was computed and the loss.
    ///
    /// # Errors
    /// As [`Learner::learn_in_parts`].
    pub fn learn(
        &mut self,
        samples: &SampleTensors,
        noise: Noise,
        learning_rate: f64,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(Outcome, f32)> {
        let whole = Part { samples: samples.clone(), noise, share: 1.0 };
        let stride = Stride { learning_rate, clip_gradient_norm: None };
        let lesson = self.learn_in_parts([whole], stride, wanted)?;
        Ok((lesson.outcome, lesson.loss))
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
        squares => Tensor::cat(squares, 0).sum().sqrt().into_scalar::<f32>(),
    }
}
