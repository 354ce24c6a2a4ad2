//! Networks of a run: type, size, and the source of their initial weights.

use super::{ConfigError, ImageSize, OptionName, option_name, part::config_part, phrase};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// Networks of a run.
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Height of the network's input, a multiple of 32 (of 16 for rt-monodepth-s)
    #[arg(long, default_value_t = 192, value_name = "PIXELS")]
    pub height: usize,

    /// Width of the network's input, a multiple of 32 (of 16 for rt-monodepth-s)
    #[arg(long, default_value_t = 640, value_name = "PIXELS")]
    pub width: usize,

    /// Network that predicts depth
    #[arg(long, value_enum, default_value_t)]
    pub depth_network: DepthNetworkType,

    /// Layers of the residual depth encoder: 18, 34, 50, 101 or 152
    #[arg(long, default_value_t = 18, value_name = "N")]
    pub num_layers: usize,

    /// Network that predicts the camera's motion
    #[arg(long, value_enum, default_value_t)]
    pub pose_model_type: PoseModelType,

    /// Frames that the pose network takes at once
    #[arg(long, value_enum, default_value_t)]
    pub pose_model_input: PoseModelInput,

    /// Layers of the pose network's own residual encoder: 18 or 50
    #[arg(long, default_value_t = 18, value_name = "N")]
    pub pose_num_layers: usize,

    /// Torchvision ResNet file; every residual encoder with the same number of layers starts from its weights
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretrained_encoder: Option<PathBuf>,

    /// Networks of --weights to start from; the others start from scratch
    #[arg(long, value_enum, num_args = 0.., default_values_t = NetworkFile::ALL, value_name = "NETWORK")]
    pub models_to_load: Vec<NetworkFile>,
}

/// Type of the depth network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DepthNetworkType {
    /// The published network: a residual encoder of --num-layers and a decoder with skip connections
    #[default]
    Resnet,
    /// A light network without normalisation, for embedded machines (Feng et al., ICIP 2024)
    RtMonodepthS,
}

impl DepthNetworkType {
    /// Every type, in the order shown.
    pub const ALL: [Self; 2] = [Self::Resnet, Self::RtMonodepthS];

    /// Scales at which the network can predict a disparity.
    pub fn scales(self) -> &'static [usize] {
        match self {
            Self::Resnet => &[0, 1, 2, 3],
            Self::RtMonodepthS => &[0, 1, 2],
        }
    }

    /// Number of times that the network halves its input.
    fn halvings(self) -> usize {
        match self {
            Self::Resnet => 5,
            Self::RtMonodepthS => 4,
        }
    }

    /// Number of pixels of which both sides of its input must be multiples.
    pub fn side_step(self) -> usize {
        1 << self.halvings()
    }

    /// Shortest side of its input in pixels: the smallest map needs two for its reflection padding.
    pub fn shortest_side(self) -> usize {
        2 * self.side_step()
    }
}

impl fmt::Display for DepthNetworkType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Resnet => "ResNet",
            Self::RtMonodepthS => "RT-MonoDepth-S",
        })
    }
}

/// Type of the pose network, which predicts the camera's motion: those of the paper's ablation
/// ([Networks](crate::objective::method#networks) of the method).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum PoseModelType {
    /// A residual encoder of its own that takes the frames together
    #[default]
    SeparateResnet,
    /// The depth network's encoder, which takes the frames one by one
    Shared,
    /// Seven convolutions (Zhou et al., CVPR 2017); its translations are multiplied by the mean of 1 / depth
    Posecnn,
}

impl PoseModelType {
    /// Every type, in the order shown.
    pub const ALL: [Self; 3] = [Self::SeparateResnet, Self::Shared, Self::Posecnn];

    /// Name for a person.
    pub fn label(self) -> &'static str {
        match self {
            Self::SeparateResnet => "Separate ResNet",
            Self::Shared => "Shared encoder",
            Self::Posecnn => "PoseCNN",
        }
    }
}

/// Frames that the pose network takes at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoseModelInput {
    /// The target and one source, in the order of time
    #[default]
    Pairs,
    /// All of --frame-ids in their order, without the stereo camera
    All,
}

/// Part of the networks that has a file of its own in a weights folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum NetworkFile {
    /// Image to feature maps
    Encoder,
    /// Feature maps to disparity
    Depth,
    /// Frames to feature maps
    PoseEncoder,
    /// Feature maps (or frames) to motion
    Pose,
    /// Feature maps to the weights of the sources
    PredictiveMask,
}

impl NetworkFile {
    /// Every network, in the published order.
    pub const ALL: [Self; 5] =
        [Self::Encoder, Self::Depth, Self::PoseEncoder, Self::Pose, Self::PredictiveMask];

    /// Name of the file without its ending.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::Depth => "depth",
            Self::PoseEncoder => "pose_encoder",
            Self::Pose => "pose",
            Self::PredictiveMask => "predictive_mask",
        }
    }
}

config_part!(NetworkConfig);

impl NetworkConfig {
    /// Size of the network's input.
    pub fn size(&self) -> ImageSize {
        ImageSize { height: self.height, width: self.width }
    }

    /// Refuses unknown networks, and sizes that the depth network cannot take.
    ///
    /// # Errors
    /// The first option at fault, with the values that it may have.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let num_layers = option_name!(Self, num_layers);
        let pose_num_layers = option_name!(Self, pose_num_layers);
        // Before the ranges, which know no more than that they are numbers.
        validate_layers(num_layers, self.num_layers, &[18, 34, 50, 101, 152])?;
        validate_layers(pose_num_layers, self.pose_num_layers, &[18, 50])?;
        self.check_ranges()?;
        self.validate_side(option_name!(Self, height), self.height)?;
        self.validate_side(option_name!(Self, width), self.width)?;
        let has_residual_depth = self.depth_network == DepthNetworkType::Resnet;
        let has_residual_pose = self.pose_model_type == PoseModelType::SeparateResnet;
        if !has_residual_depth && self.num_layers != 18 {
            let rule = "is for the resnet depth network: rt-monodepth-s has no residual encoder";
            return Err(ConfigError::new(num_layers, rule).with_suggestion("leave it at 18"));
        }
        if !has_residual_pose && self.pose_num_layers != 18 {
            let rule = phrase!["is for ", option_name!(Self, pose_model_type), " separate_resnet"];
            return Err(ConfigError::new(pose_num_layers, rule).with_suggestion("leave it out"));
        }
        if self.pretrained_encoder.is_some() && !has_residual_depth && !has_residual_pose {
            let option = option_name!(Self, pretrained_encoder);
            let rule = "has no residual encoder to fill";
            return Err(ConfigError::new(option, rule).with_suggestion("leave it out"));
        }
        Ok(())
    }

    /// Returns the first option of the pose network that differs from its default.
    pub(super) fn changed_pose_option(&self) -> Option<OptionName> {
        let default = Self::default();
        let options = [
            (option_name!(Self, pose_model_type), self.pose_model_type != default.pose_model_type),
            (option_name!(Self, pose_model_input), self.pose_model_input != default.pose_model_input),
            (option_name!(Self, pose_num_layers), self.pose_num_layers != default.pose_num_layers),
        ];
        options.into_iter().find_map(|(option, is_changed)| is_changed.then_some(option))
    }

    fn validate_side(&self, option: OptionName, pixels: usize) -> Result<(), ConfigError> {
        let (step, shortest) = (self.depth_network.side_step(), self.depth_network.shortest_side());
        if pixels >= shortest && pixels.is_multiple_of(step) {
            return Ok(());
        }
        let times = if self.depth_network.halvings() == 5 { "five" } else { "four" };
        let rule = format!("does not fit: the depth network halves its input {times} times");
        let lower = (pixels / step * step).max(shortest);
        let upper = lower + step;
        let suggestion = format!("use a multiple of {step} from {shortest} up, such as {lower} or {upper}");
        Err(ConfigError::new(option, rule).with_value(&pixels).with_suggestion(suggestion))
    }
}

fn validate_layers(option: OptionName, layers: usize, choices: &[usize]) -> Result<(), ConfigError> {
    if choices.contains(&layers) {
        return Ok(());
    }
    let choices: Vec<String> = choices.iter().map(usize::to_string).collect();
    let suggestion = format!("use one of {}", choices.join(", "));
    Err(ConfigError::new(option, "is not the depth of a residual network")
        .with_value(&layers)
        .with_suggestion(suggestion))
}
