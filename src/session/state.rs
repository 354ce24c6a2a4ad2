//! The published state of a session: what is looked at, what is trained, and where. The latest wins; those who
//! use a session derive what they show from it.

use super::{Failure, Provenance};
use crate::{
    config::{DataChoice, ImageSize, RunConfig},
    data::{Drive, FrameKey},
    model::Architecture,
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// What the session is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// No run; frames can be looked at.
    #[default]
    Idle,
    /// Getting a run ready: reading data, building networks.
    Preparing,
    /// Making steps.
    Training,
    /// A run is there, but no steps are made.
    Paused,
}

/// Everything that is true of a session at a moment, between two pieces of its work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionState {
    /// What it is doing.
    pub activity: Activity,
    /// The data that is looked at.
    pub data: Option<Arc<DataReport>>,
    /// The networks that are looked at; those of the run by default.
    pub model: Option<Arc<ModelReport>>,
    /// The run that is trained.
    pub run: Option<RunState>,
    /// Where burn computes.
    pub device: DeviceState,
}

/// A run under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// The run folder.
    pub out: PathBuf,
    /// The configuration that its next step is made with.
    pub config: RunConfig,
    /// Version of the data that it trains on (see [`DataReport::version`]).
    pub data_version: u64,
    /// Steps made.
    pub step: u64,
    /// The step of its last checkpoint.
    pub saved_step: u64,
    /// Steps that it makes in all.
    pub total_steps: u64,
    /// While validating: samples looked at, and samples in all.
    pub validating: Option<(usize, usize)>,
    /// Whether its own networks are looked at.
    pub is_looked_at: bool,
    /// Why it is paused, if nobody asked for that.
    pub failure: Option<Failure>,
}

/// Where burn computes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceState {
    /// What to call it, as [`Compute`](crate::compute::Compute) does.
    pub name: String,
    /// Whether it is the device that draws.
    pub is_shared: bool,
}

/// What was found in a data source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// Another number for whatever is opened.
    pub version: u64,
    /// What opens it again.
    pub choice: DataChoice,
    /// The source's name.
    pub name: String,
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

/// Version of networks: the same numbers mean the same weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelVersion {
    /// Another number for whatever is loaded, and for every run.
    pub id: u64,
    /// Steps made in the run that they are of.
    pub step: u64,
}

/// What the networks are that are looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// Another number for whatever is loaded, and for every run.
    pub id: u64,
    /// Where they come from.
    pub provenance: Provenance,
    /// What they are. Without a pose network no neighbouring frame can be warped.
    pub architecture: Architecture,
    /// Size of image that they were trained for; `None` if their files do not say.
    pub size: Option<ImageSize>,
    /// Whether they were trained with a stereo camera, which can then be warped in any case.
    pub use_stereo: bool,
    /// Tensors that were loaded from files.
    pub loaded: usize,
    /// Tensors that the files have and the networks lack.
    pub unused: Vec<String>,
}
