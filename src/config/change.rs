//! What may be changed in the middle of a run, and from which step on.

use super::objective::shortest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An option of the running training loop with its value; named as in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// [`super::TrainingConfig::learning_rate`], from which the schedule goes on.
    LearningRate(f64),
    /// [`super::ObjectiveConfig::disparity_smoothness`].
    DisparitySmoothness(#[serde(serialize_with = "shortest")] f32),
    /// [`super::ObjectiveConfig::disable_automasking`].
    DisableAutomasking(bool),
    /// [`super::ObjectiveConfig::avg_reprojection`].
    AvgReprojection(bool),
    /// [`super::ObjectiveConfig::no_ssim`].
    NoSsim(bool),
}

impl Setting {
    /// The name of its option.
    pub fn option(self) -> String {
        let value = toml::Table::try_from(self).ok();
        value.and_then(|value| value.into_iter().next()).map(|(name, _)| name).unwrap_or_default()
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switch = |is_on: &bool| if *is_on { "on" } else { "off" };
        match self {
            Self::LearningRate(rate) => write!(formatter, "learning rate {rate:e}"),
            Self::DisparitySmoothness(weight) => write!(formatter, "smoothness {weight}"),
            Self::DisableAutomasking(is_off) => write!(formatter, "auto-mask {}", switch(&!is_off)),
            Self::AvgReprojection(averages) => {
                write!(formatter, "average of the sources {}", switch(averages))
            }
            Self::NoSsim(is_off) => write!(formatter, "SSIM {}", switch(&!is_off)),
        }
    }
}

/// A setting that holds from a step on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first step that is made with it, counted from 1.
    pub step: u64,
    /// The option and its new value.
    #[serde(flatten)]
    pub setting: Setting,
}
