//! Which networks, at which size, and where their first values come from.

use super::{ConfigError, ImageSize};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The networks of a run.
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Height of the network's input, a multiple of 32
    #[arg(long, default_value_t = 192, value_name = "PIXELS")]
    pub height: usize,

    /// Width of the network's input, a multiple of 32
    #[arg(long, default_value_t = 640, value_name = "PIXELS")]
    pub width: usize,

    /// A torchvision ResNet18 file whose weights both encoders start from
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretrained_encoder: Option<PathBuf>,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self { height: 192, width: 640, pretrained_encoder: None }
    }
}

impl NetworkConfig {
    /// The size of the network's input.
    pub fn size(&self) -> ImageSize {
        ImageSize { height: self.height, width: self.width }
    }

    /// Refuses sizes that the network cannot take: it halves its input five times, and the smallest
    /// map needs two pixels a side for its reflection padding.
    pub fn validate(&self) -> Result<(), ConfigError> {
        for (flag, pixels) in [("--height", self.height), ("--width", self.width)] {
            if pixels < 64 || pixels % 32 != 0 {
                let lower = (pixels / 32 * 32).max(64);
                return Err(ConfigError(format!(
                    "{flag} {pixels} does not fit: the network halves its input five times, \
                     so use a multiple of 32 from 64 up, such as {lower} or {}",
                    lower + 32
                )));
            }
        }
        Ok(())
    }
}
