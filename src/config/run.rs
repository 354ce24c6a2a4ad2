//! The whole configuration of a run, with what was changed in the middle of it.

use super::{Change, ConfigError, NetworkConfig, ObjectiveConfig, PoseModelType, Setting, TrainingConfig};
use serde::{Deserialize, Serialize};

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
