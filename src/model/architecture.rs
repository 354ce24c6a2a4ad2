//! Type and size of the networks that a run needs.

use super::{
    cost::NetworkCost,
    depth::{DepthArchitecture, DepthSpec},
    pose::{PoseArchitecture, PoseModel},
    pose_cnn::PoseCnn,
    pose_decoder::PoseDecoder,
    resnet::ResnetArchitecture,
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
    /// If there is no residual network with that number of layers.
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
    /// Short description: "ResNet18, pose ResNet18 of pairs".
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
    /// Cost of the depth network, and of the decoder of the predictive mask if there is one.
    pub fn depth_cost(&self) -> NetworkCost {
        let DepthSpec { encoder, decoder, .. } = self.depth.spec();
        let decoders = if self.masked_sources.is_some() { 2.0 } else { 1.0 };
        let decoder = decoder.cost();
        encoder
            + NetworkCost {
                parameters: decoder.parameters * decoders,
                activations: decoder.activations * decoders,
            }
    }

    /// Cost of the pose network, used for this many motions from the target; zero if there is none.
    pub fn pose_cost(&self, motions: usize) -> NetworkCost {
        let Some(pose) = self.pose else { return NetworkCost::default() };
        let frames = pose.frames;
        let times = if frames == 2 { motions as f64 } else { 1.0 };
        match pose.model {
            PoseModel::Separate(encoder) => {
                let [.., features] = encoder.feature_channels();
                (encoder.cost(frames) + PoseDecoder::cost([1, features], pose.motions(), 5)) * times
            }
            PoseModel::Shared => {
                let DepthSpec { network_type, encoder, decoder, .. } = self.depth.spec();
                let halvings = network_type.side_step().ilog2() as usize;
                let decoder = PoseDecoder::cost([frames, decoder.features], pose.motions(), halvings) * times;
                // The depth encoder also runs on each source. Its parameters are already in the cost of depth, so
                // only activations count.
                NetworkCost { parameters: 0.0, ..encoder * (motions + 1) as f64 } + decoder
            }
            PoseModel::Cnn => PoseCnn::cost(frames) * times,
        }
    }
}
