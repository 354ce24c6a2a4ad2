//! Named starting points for a run.

use super::{NetworkConfig, RunConfig, TrainingConfig};

/// A named configuration to start from; flags and files change it further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// A small size and batch for a machine without a graphics card: depth forms within minutes
    Small,
    /// Mode M of the paper: 640×192, batches of 12, 20 epochs
    Published,
}

impl Preset {
    /// Every preset, in the order shown.
    pub const ALL: [Self; 2] = [Self::Small, Self::Published];

    /// The name a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::Small => "Small",
            Self::Published => "Published (M)",
        }
    }

    /// The configuration.
    pub fn config(self) -> RunConfig {
        match self {
            Self::Published => RunConfig::default(),
            Self::Small => RunConfig {
                network: NetworkConfig { height: 64, width: 192, ..NetworkConfig::default() },
                training: TrainingConfig {
                    batch_size: 4,
                    num_epochs: 40,
                    scheduler_step_size: 30,
                    ..TrainingConfig::default()
                },
                ..RunConfig::default()
            },
        }
    }
}
