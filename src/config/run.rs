//! The whole configuration of a run, with what was changed in the middle of it.

use super::{
    ConfigError, NetworkConfig, ObjectiveConfig, OptionName, PoseModelType, TrainingConfig,
    objective::shortest, option_name, phrase,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Everything that determines a training run; the content of `config.toml`.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// Type and size of the networks.
    #[command(flatten, next_help_heading = "Network")]
    pub network: NetworkConfig,
    /// View synthesis and loss.
    #[command(flatten, next_help_heading = "Objective")]
    pub objective: ObjectiveConfig,
    /// Training loop.
    #[command(flatten, next_help_heading = "Training")]
    pub training: TrainingConfig,
    /// Options that were changed in the middle of the run, by step.
    #[arg(skip)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

impl RunConfig {
    /// Refuses a configuration that cannot work, before anything starts.
    ///
    /// # Errors
    /// The first option at fault, also of those that hold only from a later step on.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.network.validate()?;
        self.objective.validate()?;
        self.training.validate()?;
        self.validate_together()?;
        self.changes.iter().try_for_each(|change| self.at_step(change.step).validate())
    }

    /// Refuses the first number that is outside the range of its option.
    pub(super) fn check_ranges(&self) -> Result<(), ConfigError> {
        self.network.check_ranges()?;
        self.objective.check_ranges()?;
        self.training.check_ranges()
    }

    /// Refuses networks that cannot predict what the objective needs.
    fn validate_together(&self) -> Result<(), ConfigError> {
        let Self { network, objective, training, .. } = self;
        let depth = network.depth_network;
        if let Some(scale) = objective.scales.iter().find(|scale| !depth.scales().contains(scale)) {
            let scales = depth.scales().iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
            let rule = format!("does not exist: {depth} has disparities at the scales {scales} only");
            let error = ConfigError::new(option_name!(ObjectiveConfig, scales), rule).with_value(scale);
            return Err(error.with_suggestion("leave it out"));
        }
        let has_pose = objective.temporal_sources().next().is_some();
        if !has_pose && let Some(option) = network.changed_pose_option() {
            let rule = "has no effect: no pose network is needed, as the only source is the stereo camera, \
                        whose position is known";
            let frame_ids = option_name!(ObjectiveConfig, frame_ids);
            let suggestion = phrase!["leave it at its default, or add -1 1 to ", frame_ids];
            return Err(ConfigError::new(option, rule).with_suggestion(suggestion));
        }
        let separate = has_pose && network.pose_model_type == PoseModelType::SeparateResnet;
        if separate && training.batch_size == 1 && network.height.max(network.width) <= 32 {
            let rule = format!(
                "is too small at {}: the pose network's residual encoder leaves one pixel, and batch \
                 normalisation needs two values",
                network.size()
            );
            let error = ConfigError::new(option_name!(TrainingConfig, batch_size), rule).with_value(&1);
            return Err(error.with_suggestion("use a batch or a side twice as large"));
        }
        Ok(())
    }

    /// Removes the scales at which the depth network predicts no disparity.
    pub(crate) fn keep_scales_of_network(&mut self) {
        let scales = self.network.depth_network.scales();
        self.objective.scales.retain(|scale| scales.contains(scale));
    }

    /// Returns the configuration of a step; steps count from 1.
    pub fn at_step(&self, step: u64) -> Self {
        let mut config = Self { changes: Vec::new(), ..self.clone() };
        self.changes.iter().filter(|change| change.step <= step).for_each(|change| {
            change.setting.apply(&mut config);
        });
        config
    }

    /// Adds a change. It replaces changes of the same option at this step and after it: those were made before the
    /// run went back to a checkpoint, and are obsolete.
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

    /// Removes the changes from `step` on whose option is given in another way, such as by a flag.
    pub fn without_changes(mut self, step: u64, is_given: impl Fn(&str) -> bool) -> Self {
        self.changes.retain(|change| change.step < step || !is_given(change.setting.option().as_str()));
        self
    }
}

/// A change of an option, in effect from a step on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// First step with the new value, counted from 1.
    pub step: u64,
    /// Option with its new value.
    #[serde(flatten)]
    pub setting: Setting,
}

/// Defines [`Setting`] from rows of variant, type, field and words for a person.
macro_rules! settings {
    ($($variant:ident($(#[$attribute:meta])* $value:ty) = $part:ident.$option:ident of $struct:ident, $words:expr;)+) => {
        /// An option that may be changed in the middle of a run, with its value; named as in the configuration.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Setting {
            $(
                #[doc = concat!("Value of [`", stringify!($struct), "::", stringify!($option), "`].")]
                $variant($(#[$attribute])* $value),
            )+
        }

        impl Setting {
            /// Returns the settings of a configuration, one for every option that may be changed.
            pub fn all(config: &RunConfig) -> [Self; [$(stringify!($variant)),+].len()] {
                [$(Self::$variant(config.$part.$option)),+]
            }

            /// Name of the changed option.
            pub fn option(self) -> OptionName {
                match self {
                    $(Self::$variant(_) => option_name!($struct, $option),)+
                }
            }

            /// Sets the value in a configuration.
            pub fn apply(self, config: &mut RunConfig) {
                match self {
                    $(Self::$variant(value) => config.$part.$option = value,)+
                }
            }
        }

        impl fmt::Display for Setting {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(value) => formatter.write_str(&$words(*value)),)+
                }
            }
        }
    };
}

settings! {
    LearningRate(f64) = training.learning_rate of TrainingConfig, |rate: f64| format!("learning rate {rate:e}");
    DisparitySmoothness(#[serde(serialize_with = "shortest")] f32) =
        objective.disparity_smoothness of ObjectiveConfig, |weight: f32| format!("smoothness {weight}");
    DisableAutomasking(bool) = objective.disable_automasking of ObjectiveConfig, |is_off: bool| {
        format!("auto-mask {}", on_or_off(!is_off))
    };
    AvgReprojection(bool) = objective.avg_reprojection of ObjectiveConfig, |is_on: bool| {
        format!("average of the sources {}", on_or_off(is_on))
    };
    NoSsim(bool) = objective.no_ssim of ObjectiveConfig, |is_off: bool| format!("SSIM {}", on_or_off(!is_off));
}

impl Setting {
    /// Settings by which `new` differs from `old`.
    pub fn differences(old: &RunConfig, new: &RunConfig) -> Vec<Self> {
        let pairs = Self::all(old).into_iter().zip(Self::all(new));
        pairs.filter(|(old, new)| old != new).map(|(_, new)| new).collect()
    }
}

fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}
