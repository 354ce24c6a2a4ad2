//! What a run is. One struct a concern; each is command-line flags (clap), the form in the window and
//! a table of the TOML file at once, so the three cannot disagree.

mod change;
mod data;
mod frame;
mod layers;
mod network;
mod objective;
mod options;
mod preset;
mod run_file;
mod toml_reason;
mod training;

pub use change::{Change, Setting};
pub use data::{CameraChoice, DataChoice};
pub use frame::FrameId;
pub use layers::{layered, overridden};
pub use network::{DepthNetworkType, NetworkConfig, NetworkFile, PoseModelInput, PoseModelType};
pub use objective::ObjectiveConfig;
pub use options::{Choice, ConfigOption, OptionKind, OptionTexts, with_labels};
pub use preset::Preset;
pub use run_file::RunFile;
pub use toml_reason::toml_reason;
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

    /// The largest size of these proportions that fits into a box, at most this size and at least a pixel.
    pub fn shrunk_into(self, within: Self) -> Self {
        let (height, width) = (self.height.max(1) as f64, self.width.max(1) as f64);
        let scale = (within.height as f64 / height).min(within.width as f64 / width).min(1.0);
        let shrunk = |length: f64| ((length * scale).round() as usize).max(1);
        Self { height: shrunk(height), width: shrunk(width) }
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

/// Number format of the operands of convolutions on the GPU; their sums, and all that is not a convolution, are f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits
    #[default]
    F32,
    /// 16 bits, about three decimal digits: less to keep and move
    F16,
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        })
    }
}

/// Everything that decides a training run, as it is written to `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The networks.
    #[command(flatten, next_help_heading = "Network")]
    pub network: NetworkConfig,
    /// The loss.
    #[command(flatten, next_help_heading = "Objective")]
    pub objective: ObjectiveConfig,
    /// The loop.
    #[command(flatten, next_help_heading = "Training")]
    pub training: TrainingConfig,
    /// What was changed in the middle of the run, by step.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

impl RunConfig {
    /// Refuses what cannot work, before anything starts.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.network.validate()?;
        self.objective.validate()?;
        self.training.validate()?;
        self.validate_together()?;
        self.changes.iter().try_for_each(|change| self.at_step(change.step).validate())
    }

    /// Refuses networks that cannot do what the objective asks.
    fn validate_together(&self) -> Result<(), ConfigError> {
        let Self { network, objective, training, .. } = self;
        let refuse = |reason: String| Err(ConfigError(reason));
        let depth = network.depth_network;
        if let Some(scale) = objective.scales.iter().find(|scale| !depth.scales().contains(scale)) {
            return refuse(format!(
                "--scales {scale} does not exist: {depth} has disparities at the scales {} only",
                depth.scales().iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
            ));
        }
        let has_pose = objective.temporal_sources().next().is_some();
        let default = NetworkConfig::default();
        let pose = |config: &NetworkConfig| {
            (config.pose_model_type, config.pose_model_input, config.pose_num_layers)
        };
        if !has_pose && pose(network) != pose(&default) {
            return refuse(
                "no pose network is needed, as the only source is the stereo camera, whose place is known: \
                 leave --pose-model-type, --pose-model-input and --pose-num-layers as they are by default, or add \
                 -1 1 to --frame-ids"
                    .to_owned(),
            );
        }
        let separate = has_pose && network.pose_model_type == PoseModelType::SeparateResnet;
        if separate && training.batch_size == 1 && network.height.max(network.width) <= 32 {
            return refuse(format!(
                "--batch-size 1 is too small at {}: the pose network's residual encoder leaves one pixel, \
                 and batch normalisation needs two values; use a batch or a side twice as large",
                network.size()
            ));
        }
        Ok(())
    }

    /// Leaves out the scales at which the depth network gives no disparity.
    pub(crate) fn keep_scales_of_network(&mut self) {
        let scales = self.network.depth_network.scales();
        self.objective.scales.retain(|scale| scales.contains(scale));
    }
}
