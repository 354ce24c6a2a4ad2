//! What a run is. One struct a concern; each is command-line flags (clap), the form in the window and
//! a table of the TOML file at once, so the three cannot disagree.

mod data;
mod frame;
mod layers;
mod network;
mod objective;
mod preset;
mod training;

pub use data::{CameraChoice, DataChoice};
pub use frame::FrameId;
pub use layers::layered;
pub use network::NetworkConfig;
pub use objective::ObjectiveConfig;
pub use preset::Preset;
pub use training::TrainingConfig;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A choice that cannot work; the text says which, why, and what to choose instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The size of an image or map, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageSize {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageSize {
    /// The size at a scale of the pyramid: each side divided by 2^scale, rounded down.
    pub fn at_scale(self, scale: usize) -> Self {
        Self { height: self.height >> scale, width: self.width >> scale }
    }

    /// Height × width.
    pub fn pixels(self) -> usize {
        self.height * self.width
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}×{}", self.width, self.height)
    }
}

/// Where burn computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The graphics card where there is one, else the processor
    #[default]
    Auto,
    /// The wgpu backend, on whatever adapter there is, also a software one
    Gpu,
    /// The CPU backend
    Cpu,
}

/// Everything that decides a training run, as it is written to `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The networks.
    #[command(flatten)]
    pub network: NetworkConfig,
    /// The loss.
    #[command(flatten)]
    pub objective: ObjectiveConfig,
    /// The loop.
    #[command(flatten)]
    pub training: TrainingConfig,
}

impl RunConfig {
    /// Refuses what cannot work, before anything starts.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.network.validate()?;
        self.objective.validate()?;
        self.training.validate()
    }
}
