//! Which networks, at which size, and where their first values come from.

use super::{ConfigError, ImageSize};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

/// The networks of a run.
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// Height of the network's input, a multiple of 32 (of 16 for rt-monodepth-s)
    #[arg(long, default_value_t = 192, value_name = "PIXELS")]
    pub height: usize,

    /// Width of the network's input, a multiple of 32 (of 16 for rt-monodepth-s)
    #[arg(long, default_value_t = 640, value_name = "PIXELS")]
    pub width: usize,

    /// The network that predicts depth
    #[arg(long, value_enum, default_value_t)]
    pub depth_network: DepthNetworkType,

    /// Layers of the residual depth encoder: 18, 34, 50, 101 or 152
    #[arg(long, default_value_t = 18, value_name = "N")]
    pub num_layers: usize,

    /// What predicts the camera's motion
    #[arg(long, value_enum, default_value_t)]
    pub pose_model_type: PoseModelType,

    /// The frames that the pose network sees at once
    #[arg(long, value_enum, default_value_t)]
    pub pose_model_input: PoseModelInput,

    /// Layers of the pose network's own residual encoder: 18 or 50
    #[arg(long, default_value_t = 18, value_name = "N")]
    pub pose_num_layers: usize,

    /// A torchvision ResNet file; every residual encoder of as many layers starts from its weights
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretrained_encoder: Option<PathBuf>,

    /// Which of the networks of --weights to start from; the others start from scratch
    #[arg(long, value_enum, num_args = 0.., default_values_t = NetworkFile::ALL, value_name = "NETWORK")]
    pub models_to_load: Vec<NetworkFile>,
}

/// A depth network.
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

    /// The scales at which it can give a disparity.
    pub fn scales(self) -> &'static [usize] {
        match self {
            Self::Resnet => &[0, 1, 2, 3],
            Self::RtMonodepthS => &[0, 1, 2],
        }
    }

    /// How often it halves its input.
    fn halvings(self) -> usize {
        match self {
            Self::Resnet => 5,
            Self::RtMonodepthS => 4,
        }
    }

    /// What both sides of its input must be multiples of.
    pub fn side_step(self) -> usize {
        1 << self.halvings()
    }

    /// The shortest side of its input: the smallest map needs two pixels for its reflection padding.
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

/// What predicts the camera's motion: the pose networks of the paper's ablation
/// ([Networks](crate::objective::method#networks) of the method).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum PoseModelType {
    /// A residual encoder of its own that sees the frames together
    #[default]
    SeparateResnet,
    /// The depth network's encoder, which sees the frames one by one
    Shared,
    /// Seven convolutions (Zhou et al., CVPR 2017); its translations are taken times the mean of 1 / depth
    Posecnn,
}

impl PoseModelType {
    /// Every type, in the order shown.
    pub const ALL: [Self; 3] = [Self::SeparateResnet, Self::Shared, Self::Posecnn];

    /// The name a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Self::SeparateResnet => "Separate ResNet",
            Self::Shared => "Shared encoder",
            Self::Posecnn => "PoseCNN",
        }
    }
}

/// The frames that the pose network sees at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoseModelInput {
    /// The target and one source, in the order of time
    #[default]
    Pairs,
    /// All of --frame-ids in their order, without the stereo camera
    All,
}

/// A network as a weights folder has it, in a file of its own.
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

    /// The file's name without its ending.
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

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            height: 192,
            width: 640,
            depth_network: DepthNetworkType::default(),
            num_layers: 18,
            pose_model_type: PoseModelType::default(),
            pose_model_input: PoseModelInput::default(),
            pose_num_layers: 18,
            pretrained_encoder: None,
            models_to_load: NetworkFile::ALL.to_vec(),
        }
    }
}

impl NetworkConfig {
    /// The size of the network's input.
    pub fn size(&self) -> ImageSize {
        ImageSize { height: self.height, width: self.width }
    }

    /// Refuses networks that do not exist and sizes that the depth network cannot take.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let (step, shortest) = (self.depth_network.side_step(), self.depth_network.shortest_side());
        for (flag, pixels) in [("--height", self.height), ("--width", self.width)] {
            if pixels < shortest || pixels % step != 0 {
                let times = if self.depth_network.halvings() == 5 { "five" } else { "four" };
                let lower = (pixels / step * step).max(shortest);
                return Err(ConfigError(format!(
                    "{flag} {pixels} does not fit: the depth network halves its input {times} times, \
                     so use a multiple of {step} from {shortest} up, such as {lower} or {}",
                    lower + step
                )));
            }
        }
        Self::validate_layers("--num-layers", self.num_layers, &[18, 34, 50, 101, 152])?;
        Self::validate_layers("--pose-num-layers", self.pose_num_layers, &[18, 50])?;
        let refuse = |reason: &str| Err(ConfigError(reason.to_owned()));
        let has_residual_depth = self.depth_network == DepthNetworkType::Resnet;
        let has_residual_pose = self.pose_model_type == PoseModelType::SeparateResnet;
        if !has_residual_depth && self.num_layers != 18 {
            return refuse(
                "--num-layers is of the resnet depth network; rt-monodepth-s has no residual encoder",
            );
        }
        if !has_residual_pose && self.pose_num_layers != 18 {
            return refuse("--pose-num-layers is of --pose-model-type separate_resnet; leave it out");
        }
        if self.pretrained_encoder.is_some() && !has_residual_depth && !has_residual_pose {
            return refuse("--pretrained-encoder has no residual encoder to go to; leave it out");
        }
        Ok(())
    }

    fn validate_layers(flag: &str, layers: usize, choices: &[usize]) -> Result<(), ConfigError> {
        if choices.contains(&layers) {
            return Ok(());
        }
        let choices: Vec<String> = choices.iter().map(usize::to_string).collect();
        Err(ConfigError(format!("{flag} {layers} is no residual network: use one of {}", choices.join(", "))))
    }
}
