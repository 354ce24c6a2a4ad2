//! What a session reports: small facts by channel, pictures by a latest-wins slot.

use super::{
    Entry, EvaluationNews, Fusion, Signals, Snapshot, TimeSplit, Trajectory, ValidationReport, WhatIf,
};
use crate::{
    compute::Lease,
    config::{Change, ImageSize, ObjectiveConfig, RunConfig},
    data::{Drive, FrameKey, FrameSource},
    geometry::Intrinsics,
    model::{Architecture, weights::MetricScale},
    objective::{Evidence, MapName},
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

/// What the session is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// No run; frames can be looked at.
    #[default]
    Idle,
    /// Getting ready: building networks, compiling kernels for the first step.
    Preparing,
    /// Making steps.
    Training,
    /// A run is there, but no steps are made.
    Paused,
}

/// A fact about the session.
#[derive(Clone, Debug)]
pub enum Event {
    /// The state changed.
    State(State),
    /// Data was opened.
    Data(DataReport),
    /// Networks were loaded.
    Weights(WeightsReport),
    /// There are no loaded networks any more.
    WeightsForgotten,
    /// A run begins, or goes on.
    Begun(Box<Beginning>),
    /// A step was made.
    Step(StepReport),
    /// A change of the run's configuration came into force.
    Changed(Change),
    /// Validation is under way.
    Validating {
        /// Samples looked at.
        done: usize,
        /// Samples in all.
        samples: usize,
    },
    /// The networks were validated.
    Validation(ValidationReport),
    /// The path of a drive was followed so far.
    Trajectory(Box<Trajectory>),
    /// Neighbours of the frame that is shown, as far as they are predicted.
    Fused(Arc<Fusion>),
    /// The pinned frames were looked at.
    Snapshot(Arc<Snapshot>),
    /// The path will not be followed further.
    TraceEnded,
    /// A checkpoint was written to this folder.
    Checkpoint(PathBuf),
    /// The run ended by itself or by `Stop`.
    Finished {
        /// Steps made in all.
        steps: u64,
        /// The run folder.
        out: PathBuf,
    },
    /// From now on burn computes here.
    Device {
        /// What to call it, as [`Compute`](crate::compute::Compute) does.
        name: String,
        /// Whether it is the device that draws.
        is_shared: bool,
    },
    /// Of an evaluation.
    Evaluation(EvaluationNews),
    /// Something failed; the session lives on.
    Problem(Problem),
}

/// How a run begins, or where it goes on.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// Its configuration at the next step.
    pub config: RunConfig,
    /// The run folder.
    pub out: PathBuf,
    /// What it has behind it.
    pub history: Vec<Entry>,
    /// What its folder keeps of the wall.
    pub snapshots: Vec<Arc<Snapshot>>,
}

/// A failure, in words for the person at the window.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What happened and in which file.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// What it did to the run.
    pub harm: Harm,
}

/// What a failure did to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Harm {
    /// Nothing: it is only a warning.
    #[default]
    None,
    /// It was refused before its first step.
    NotStarted,
    /// It makes no further steps by itself.
    Stopped,
    /// It can only go on from its last checkpoint, because its networks no longer give numbers.
    Spoiled,
}

/// What was found in a data source.
#[derive(Clone, Debug)]
pub struct DataReport {
    /// The source's name.
    pub name: String,
    /// Its frames, for those who look at them beside the session.
    pub source: Arc<dyn FrameSource>,
    /// Its drives.
    pub drives: Vec<Drive>,
    /// The split's name or folder, if one was chosen.
    pub split: Option<String>,
    /// Samples that can be trained on.
    pub training: Vec<FrameKey>,
    /// Samples to validate on.
    pub validation: Vec<FrameKey>,
    /// Samples that were dropped, each with its reason.
    pub dropped: Vec<(FrameKey, String)>,
}

/// What was found in a weights folder.
#[derive(Clone, Debug)]
pub struct WeightsReport {
    /// The folder; `None` for the demo weights.
    pub path: Option<PathBuf>,
    /// What they are. Without a pose network no neighbouring frame can be warped.
    pub architecture: Architecture,
    /// Size of image that they were trained for; `None` if the files do not say.
    pub size: Option<ImageSize>,
    /// Whether they were trained with a stereo camera, which can then be warped in any case.
    pub use_stereo: bool,
    /// Tensors that were loaded.
    pub loaded: usize,
    /// Tensors that the files have and the networks lack.
    pub unused: Vec<String>,
}

/// The figures of a step: one line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Steps made, this one included.
    pub step: u64,
    /// Steps that the run will make in all.
    pub total_steps: u64,
    /// Pass over the data, from 0.
    pub epoch: usize,
    /// The objective.
    pub loss: f32,
    /// Its part at each trained scale, by scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Length of the gradient of all weights together, before it was clipped.
    pub gradient_norm: f32,
    /// Share of pixels that the auto-mask leaves out, at scale 0.
    pub masked_share: f32,
    /// What its predictions are like; logs of older versions do not say.
    pub signals: Option<Signals>,
    /// Seconds waited for images.
    pub seconds_loading: f64,
    /// Seconds of the whole step.
    pub seconds: f64,
    /// Where they went; logs of older versions do not say.
    pub split: Option<TimeSplit>,
    /// Bytes that are held where the run computes (see [`crate::compute::Compute::memory`]), if that can be
    /// asked; logs of older versions do not say.
    pub memory: Option<u64>,
    /// Images (batch items) trained per second, averaged over the last steps.
    pub images_per_second: f64,
    /// Time left for the run at this rate.
    pub seconds_left: f64,
}

impl StepReport {
    /// Time left for the run.
    pub fn time_left(&self) -> Duration {
        Duration::try_from_secs_f64(self.seconds_left).unwrap_or_default()
    }
}

/// Where a picture's numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The tensors of a training step (augmented, batch statistics).
    Training,
    /// A prediction in evaluation mode.
    Prediction,
    /// No networks: only the images.
    Images,
}

/// Everything there is to draw of one frame.
#[derive(Debug)]
pub struct Picture {
    /// The target frame.
    pub key: FrameKey,
    /// Steps made when it was computed.
    pub step: u64,
    /// Where it comes from.
    pub origin: Origin,
    /// The watched maps that exist; [3,h,w] for colours, [1,h,w] for the others.
    pub maps: BTreeMap<MapName, Arc<Lease>>,
    /// What the point cloud needs, if depth is known.
    pub cloud: Option<Cloud>,
    /// The objective that made the maps; its sources are those that could be warped.
    pub objective: ObjectiveConfig,
    /// What answers questions about pixels, if that was asked for and there are networks.
    pub evidence: Option<Arc<Evidence>>,
    /// What changes by hand did to it, if there are any and a source can be warped.
    pub what_if: Option<WhatIf>,
}

/// A depth map with its colours and camera.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Depth, [1,h,w].
    pub depth: Arc<Lease>,
    /// Colour of the same size, [3,h,w].
    pub colour: Arc<Lease>,
    /// The camera.
    pub intrinsics: Intrinsics,
    /// How its depths become metres, if it is known; by the true depth of the frame only if that is watched.
    pub scale: Option<MetricScale>,
}
