//! Configuration of a run. Each struct defines command-line flags (clap), the form in the window and a table of
//! the TOML file at once, so the three cannot disagree.
//!
//! **Adding an option** takes one field with its docstring and `#[arg]`, in [`NetworkConfig`], [`ObjectiveConfig`]
//! or [`TrainingConfig`]: name, flag, label, help, default, kind, unit and range are derived from these attributes
//! ([`ConfigOption`], [`Quantity`]). A run folder that lacks it has the default; a run cannot be resumed with
//! another value. `tests/options.rs` demands a test that fails if the option has no effect. By choice, an option
//! may be changed while a run trains ([`Setting`]), or when it is resumed (`TrainingConfig::take_resumable`).

mod data;
mod device;
mod error;
mod frame;
mod network;
mod objective;
mod option_name;
mod options;
mod part;
mod precedence;
mod preset;
mod quantity;
mod resume;
mod run;
mod run_file;
mod size;
mod toml_reason;
mod training;

pub use data::{CameraChoice, DataChoice};
pub use device::{DeviceChoice, Precision};
pub(crate) use error::phrase;
pub use error::{ConfigError, Phrase, PhrasePart};
pub use frame::FrameId;
pub use network::{DepthNetworkType, NetworkConfig, NetworkFile, PoseModelInput, PoseModelType};
pub use objective::ObjectiveConfig;
pub use option_name::OptionName;
pub(crate) use option_name::option_name;
pub use options::{ConfigOption, NamedValue, OptionKind, OptionTexts};
pub use precedence::{layered, overridden};
pub use preset::Preset;
pub use quantity::{NumberRange, Quantity};
pub use run::{Change, RunConfig, Setting};
pub use run_file::RunFile;
pub use size::ImageSize;
pub use toml_reason::toml_reason;
pub use training::TrainingConfig;
