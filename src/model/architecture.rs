//! The networks that a run needs, by type and size.

use super::{
    depth::{DepthArchitecture, DepthSpec},
    pose::{PoseArchitecture, PoseModel},
    pose_cnn::PoseCnn,
    pose_decoder::PoseDecoder,
    resnet::ResnetArchitecture,
    size::Size,
};
use crate::config::{
    ConfigError, DepthNetworkType, NetworkConfig, ObjectiveConfig, PoseModelInput, PoseModelType,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Type and size of the networks that a run trains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// The depth network.
    pub depth: DepthArchitecture,
    /// The scales that get a disparity.
    pub scales: Vec<usize>,
    /// The sources that the predictive mask weighs, if there is one.
    pub masked_sources: Option<usize>,
    /// The pose network, if there is one.
    pub pose: Option<PoseArchitecture>,
}

impl Architecture {
    /// The networks that a run needs: a disparity for each scale of the objective, a pose network if it
    /// has temporal sources.
    ///
    /// # Errors
    /// As [`NetworkConfig::validate`], if there is no such residual network.
    pub fn new(network: &NetworkConfig, objective: &ObjectiveConfig) -> Result<Self, ConfigError> {
        network.validate()?;
        let residual = |layers| {
            let unknown = || ConfigError::plain(format!("there is no residual network of {layers} layers"));
            ResnetArchitecture::of_layers(layers).ok_or_else(unknown)
        };
        let depth = match network.depth_network {
            DepthNetworkType::Resnet => DepthArchitecture::Resnet(residual(network.num_layers)?),
            DepthNetworkType::RtMonodepthS => DepthArchitecture::RtMonodepthS,
        };
        let model = match network.pose_model_type {
            PoseModelType::SeparateResnet => PoseModel::Separate(residual(network.pose_num_layers)?),
            PoseModelType::Shared => PoseModel::Shared,
            PoseModelType::Posecnn => PoseModel::Cnn,
        };
        let temporal = objective.temporal_sources().count();
        let frames = match network.pose_model_input {
            PoseModelInput::Pairs => 2,
            PoseModelInput::All => 1 + temporal,
        };
        Ok(Self {
            depth,
            scales: objective.scales.clone(),
            masked_sources: objective.predictive_mask.then(|| objective.sources().count()),
            pose: (temporal > 0).then_some(PoseArchitecture { model, frames }),
        })
    }
}

impl fmt::Display for Architecture {
    /// In a few words: "ResNet18, pose ResNet18 of pairs".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.depth)?;
        if self.masked_sources.is_some() {
            formatter.write_str(", predictive mask")?;
        }
        match &self.pose {
            Some(pose) => write!(formatter, ", pose {pose}"),
            None => formatter.write_str(", no pose network"),
        }
    }
}

impl Architecture {
    /// The depth network, and the decoder of the predictive mask if there is one.
    pub fn depth_size(&self) -> Size {
        let DepthSpec { encoder, decoder, .. } = self.depth.spec();
        let decoders = if self.masked_sources.is_some() { 2.0 } else { 1.0 };
        let decoder = decoder.size();
        encoder + Size { weights: decoder.weights * decoders, values: decoder.values * decoders }
    }

    /// The pose network, used for so many motions from the target; nothing if there is none.
    pub fn pose_size(&self, motions: usize) -> Size {
        let Some(pose) = self.pose else { return Size::default() };
        let frames = pose.frames;
        let times = if frames == 2 { motions as f64 } else { 1.0 };
        match pose.model {
            PoseModel::Separate(encoder) => {
                let [.., features] = encoder.feature_channels();
                (encoder.size(frames) + PoseDecoder::size([1, features], pose.motions(), 5)) * times
            }
            PoseModel::Shared => {
                let DepthSpec { network_type, encoder, decoder, .. } = self.depth.spec();
                let halvings = network_type.side_step().ilog2() as usize;
                let decoder = PoseDecoder::size([frames, decoder.features], pose.motions(), halvings) * times;
                // The depth encoder also sees the sources, one by one, and its maps are taken apart.
                Size { weights: 0.0, ..encoder * (motions + 1) as f64 } + decoder
            }
            PoseModel::Cnn => PoseCnn::size(frames) * times,
        }
    }
}
