//! What may be changed in the middle of a run, and from which step on.

use super::{ConfigError, RunConfig, layers::differing_option, objective::shortest};
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
    /// What a configuration says about every option that may be changed.
    pub fn all(config: &RunConfig) -> [Self; 5] {
        let RunConfig { objective, training, .. } = config;
        [
            Self::LearningRate(training.learning_rate),
            Self::DisparitySmoothness(objective.disparity_smoothness),
            Self::DisableAutomasking(objective.disable_automasking),
            Self::AvgReprojection(objective.avg_reprojection),
            Self::NoSsim(objective.no_ssim),
        ]
    }

    /// The settings by which `new` differs from `old`.
    pub fn differences(old: &RunConfig, new: &RunConfig) -> Vec<Self> {
        let pairs = Self::all(old).into_iter().zip(Self::all(new));
        pairs.filter(|(old, new)| old != new).map(|(_, new)| new).collect()
    }

    /// The name of its option.
    pub fn option(self) -> String {
        let value = toml::Table::try_from(self).ok();
        value.and_then(|value| value.into_iter().next()).map(|(name, _)| name).unwrap_or_default()
    }

    /// Gives a configuration this value.
    pub fn apply(self, config: &mut RunConfig) {
        let RunConfig { objective, training, .. } = config;
        match self {
            Self::LearningRate(rate) => training.learning_rate = rate,
            Self::DisparitySmoothness(weight) => objective.disparity_smoothness = weight,
            Self::DisableAutomasking(is_off) => objective.disable_automasking = is_off,
            Self::AvgReprojection(averages) => objective.avg_reprojection = averages,
            Self::NoSsim(is_off) => objective.no_ssim = is_off,
        }
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

impl RunConfig {
    /// The configuration that a step is made with; steps count from 1.
    pub fn at_step(&self, step: u64) -> Self {
        let mut config = Self { changes: Vec::new(), ..self.clone() };
        self.changes.iter().filter(|change| change.step <= step).for_each(|change| {
            change.setting.apply(&mut config);
        });
        config
    }

    /// Adds a change, in place of those of the same option at the same step and after it: who changes an option of
    /// a run that went back to a checkpoint does not want what was changed later, before it went back.
    ///
    /// # Errors
    /// If the option cannot have this value; nothing is changed then.
    pub fn change(&mut self, change: Change) -> Result<(), ConfigError> {
        let kind = std::mem::discriminant(&change.setting);
        let mut changed = self.clone();
        changed.changes.retain(|old| old.step < change.step || std::mem::discriminant(&old.setting) != kind);
        changed.changes.push(change);
        changed.changes.sort_by_key(|change| change.step);
        changed.validate()?;
        *self = changed;
        Ok(())
    }

    /// Leaves out changes from a step on whose option is given another way, by its name.
    pub fn without_changes(mut self, step: u64, is_given: impl Fn(&str) -> bool) -> Self {
        self.changes.retain(|change| change.step < step || !is_given(&change.setting.option()));
        self
    }

    /// This run's configuration with the options that `wanted` has instead from `step` on: what may
    /// be changed in the middle of a run becomes a change, and what no step depends on is taken over.
    ///
    /// # Errors
    /// If another option differs, by name.
    pub fn continued(&self, wanted: &Self, step: u64) -> Result<Self, ConfigError> {
        let mut continued = self.clone();
        continued.training.take_over_bookkeeping(&wanted.training);
        for setting in Setting::differences(&self.at_step(step), wanted) {
            continued.change(Change { step, setting })?;
        }
        match differing_option(&continued.at_step(step), wanted)? {
            None => continued.validate().map(|()| continued),
            Some(option) => Err(ConfigError(format!(
                "--{} cannot be changed when a run is resumed: its steps so far were made with the old \
                 value; start a new run with --weights instead",
                option.replace('_', "-")
            ))),
        }
    }
}
