//! What a run is. One struct a concern; each is command-line flags (clap), the form in the window and
//! a table of the TOML file at once, so the three cannot disagree.

mod change;
mod data;
mod device;
mod error;
mod frame;
mod network;
mod objective;
mod options;
mod precedence;
mod preset;
mod resume;
mod run;
mod run_file;
mod size;
mod toml_reason;
mod training;

pub use change::{Change, Setting};
pub use data::{CameraChoice, DataChoice};
pub use device::{DeviceChoice, Precision};
pub use error::ConfigError;
pub use frame::FrameId;
pub use network::{DepthNetworkType, NetworkConfig, NetworkFile, PoseModelInput, PoseModelType};
pub use objective::ObjectiveConfig;
pub use options::{ConfigOption, NamedValue, OptionKind, OptionTexts, with_labels};
pub use precedence::{layered, overridden};
pub use preset::Preset;
pub use run::RunConfig;
pub use run_file::RunFile;
pub use size::ImageSize;
pub use toml_reason::toml_reason;
pub use training::TrainingConfig;
