//! The published state of a session: viewed data and networks, the active run, and the device. Each state replaces
//! the previous one; users derive what they display from the latest.

use super::{Failure, Provenance};
use crate::{
    config::{DataChoice, ImageSize, RunConfig},
    data::{Drive, FrameKey},
    model::Architecture,
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// Activity of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// No run; frames can be viewed.
    #[default]
    Idle,
    /// Getting a run ready: reading data, building networks.
    Preparing,
    /// Making steps.
    Training,
    /// The run is paused.
    Paused,
}

/// State of a session between two pieces of its work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SessionState {
    /// Current activity.
    pub activity: Activity,
    /// Viewed data.
    pub data: Option<Arc<DataReport>>,
    /// Viewed networks; those of the run by default.
    pub model: Option<Arc<ModelReport>>,
    /// The active run, if any.
    pub run: Option<RunState>,
    /// Device that burn computes on.
    pub device: DeviceState,
}

/// The active run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    /// Run folder.
    pub out: PathBuf,
    /// Configuration of the next step.
    pub config: RunConfig,
    /// Version of the data that it trains on (see [`DataReport::version`]).
    pub data_version: u64,
    /// Steps made.
    pub step: u64,
    /// Step of the last checkpoint.
    pub saved_step: u64,
    /// Steps to make in total.
    pub total_steps: u64,
    /// While validating: number of samples done, and of all samples.
    pub validating: Option<(usize, usize)>,
    /// True if its own networks are viewed.
    pub is_viewed: bool,
    /// Cause of the pause, if no command paused the run.
    pub failure: Option<Failure>,
}

/// Device that burn computes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceState {
    /// Name for a person, that of [`Compute`](crate::compute::Compute).
    pub name: String,
    /// True if the same device draws the window.
    pub is_shared: bool,
}

/// Contents of a data source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataReport {
    /// Number that is new each time data is opened.
    pub version: u64,
    /// Choice by which the data was opened.
    pub choice: DataChoice,
    /// Name of the source.
    pub name: String,
    /// Drives of the source.
    pub drives: Vec<Drive>,
    /// Name or folder of the split, if one was chosen.
    pub split: Option<String>,
    /// Samples that can be trained on.
    pub training: Vec<FrameKey>,
    /// Samples to validate on.
    pub validation: Vec<FrameKey>,
    /// Samples that were dropped, each with the reason.
    pub dropped: Vec<(FrameKey, String)>,
}

/// Description of the viewed networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// Number that is new for every load of weights and every run.
    pub id: u64,
    /// Origin of the networks.
    pub provenance: Provenance,
    /// Architecture. Without a pose network no frame of another time can be warped.
    pub architecture: Architecture,
    /// Size of the images that they were trained on; `None` if the weights files do not say.
    pub size: Option<ImageSize>,
    /// True if they were trained with a stereo camera, whose image can be warped without a pose network.
    pub use_stereo: bool,
    /// Number of tensors loaded from files.
    pub loaded: usize,
    /// Names of tensors that are in the files but not in the networks.
    pub unused: Vec<String>,
}
