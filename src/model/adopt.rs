//! Starting a run from trained networks.

use super::{Architecture, Networks, PoseArchitecture, PoseModel, PoseNetwork};
use crate::config::{
    ConfigError, NetworkConfig, NetworkFile, ObjectiveConfig, OptionName, Phrase, PhrasePart, PoseModelInput,
    RunConfig, option_name, phrase,
};
use std::fmt;

impl Architecture {
    /// Configuration of a run that can start from networks of this architecture: depth network, pose network and
    /// scales become those of the architecture, every other option is kept. The options of the pose network are
    /// kept too if this architecture has none, or if the configuration has no temporal source.
    pub fn configured(&self, config: &RunConfig) -> RunConfig {
        let (mut config, usual) = (config.clone(), NetworkConfig::default());
        config.objective.scales.clone_from(&self.scales);
        let network = &mut config.network;
        let depth = self.depth.spec();
        network.depth_network = depth.network_type;
        network.num_layers = depth.layers.unwrap_or(usual.num_layers);
        if let Some(pose) = self.pose.filter(|_| config.objective.temporal_sources().next().is_some()) {
            let spec = pose.model.spec();
            network.pose_model_type = spec.model_type;
            network.pose_num_layers = spec.layers.unwrap_or(usual.pose_num_layers);
            network.pose_model_input =
                if pose.frames == 2 { PoseModelInput::Pairs } else { PoseModelInput::All };
        }
        config
    }

    /// Checks that, for each of the listed networks that both have, `other` has one of the same architecture.
    ///
    /// # Errors
    /// If one of them has another architecture in `other`, or `other` lacks a disparity at a trained scale. The
    /// error is about the option that differs.
    pub fn can_adopt(&self, other: &Self, networks: &[NetworkFile]) -> Result<(), ConfigError> {
        let refuse_depth = |network| {
            let same_type = self.depth.network_type() == other.depth.network_type();
            let num_layers = option_name!(NetworkConfig, num_layers);
            let option = if same_type { num_layers } else { option_name!(NetworkConfig, depth_network) };
            Err(misfit(network, &self.depth, &other.depth, option))
        };
        for network in networks {
            let is_of_depth =
                matches!(network, NetworkFile::Encoder | NetworkFile::Depth | NetworkFile::PredictiveMask);
            if is_of_depth && self.depth != other.depth {
                return refuse_depth(*network);
            }
            if *network == NetworkFile::Depth
                && let Some(scale) = self.scales.iter().find(|scale| !other.scales.contains(scale))
            {
                let scales = option_name!(ObjectiveConfig, scales);
                let rule =
                    format!("cannot be trained: the loaded networks have no disparity at scale {scale}");
                let models_to_load = option_name!(NetworkConfig, models_to_load);
                let suggestion =
                    phrase!["leave it out of ", scales, ", or leave depth out of ", models_to_load];
                let error = ConfigError::new(scales, rule).with_value(scale);
                return Err(error.with_suggestion(suggestion));
            }
            if let (NetworkFile::PoseEncoder | NetworkFile::Pose, Some(own), Some(theirs)) =
                (network, self.pose, other.pose)
            {
                if own != theirs {
                    return Err(misfit(*network, &own, &theirs, differing_option(own, theirs)));
                }
                if own.model.spec().sees_features && self.depth != other.depth {
                    return refuse_depth(*network);
                }
            }
        }
        Ok(())
    }
}

/// Option by which two pose networks differ.
fn differing_option(own: PoseArchitecture, theirs: PoseArchitecture) -> OptionName {
    match (own.model, theirs.model) {
        (own, theirs) if own == theirs => option_name!(NetworkConfig, pose_model_input),
        (PoseModel::Separate(_), PoseModel::Separate(_)) => option_name!(NetworkConfig, pose_num_layers),
        _ => option_name!(NetworkConfig, pose_model_type),
    }
}

impl Networks {
    /// Replaces the listed networks by those of `other`, as far as it has them. A predictive mask for other
    /// sources or scales is not replaced.
    ///
    /// # Errors
    /// As [`Architecture::can_adopt`]; nothing is replaced then.
    pub fn adopt(&mut self, other: &Self, networks: &[NetworkFile]) -> Result<(), ConfigError> {
        let (own, theirs) = (self.architecture(), other.architecture());
        own.can_adopt(&theirs, networks)?;
        for network in networks {
            match (network, &mut self.pose, &other.pose) {
                (NetworkFile::Encoder, ..) => self.depth.encoder = other.depth.encoder.clone(),
                (NetworkFile::Depth, ..) => self.depth.decoder = other.depth.decoder.clone(),
                (NetworkFile::PredictiveMask, ..)
                    if own.masked_sources == theirs.masked_sources && own.scales == theirs.scales =>
                {
                    self.predictive_mask.clone_from(&other.predictive_mask);
                }
                (NetworkFile::PoseEncoder | NetworkFile::Pose, Some(pose), Some(their_pose)) => {
                    adopt_pose(pose, their_pose, *network);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn adopt_pose(own: &mut PoseNetwork, theirs: &PoseNetwork, network: NetworkFile) {
    match (own, theirs, network) {
        (PoseNetwork::Separate(own), PoseNetwork::Separate(theirs), NetworkFile::PoseEncoder) => {
            own.encoder = theirs.encoder.clone();
        }
        (PoseNetwork::Separate(own), PoseNetwork::Separate(theirs), _) => {
            own.decoder = theirs.decoder.clone();
        }
        (own, theirs, NetworkFile::Pose) => *own = theirs.clone(),
        _ => {}
    }
}

/// Refuses a network of the run that differs from the loaded one by an option.
fn misfit(
    network: NetworkFile,
    own: &dyn fmt::Display,
    theirs: &dyn fmt::Display,
    option: OptionName,
) -> ConfigError {
    let stem = network.stem();
    let rule = format!("does not fit the loaded networks: their {stem} is {theirs}, the run's is {own}");
    let mut suggestion = vec![PhrasePart::from("choose the same by "), PhrasePart::from(option)];
    if option == option_name!(NetworkConfig, pose_model_input) {
        // Such networks take all frames at once, so the number of frames may be the difference.
        suggestion
            .extend([PhrasePart::from(" and "), PhrasePart::from(option_name!(ObjectiveConfig, frame_ids))]);
    }
    let models_to_load = option_name!(NetworkConfig, models_to_load);
    suggestion
        .extend([PhrasePart::from(format!(", or leave {stem} out of ")), PhrasePart::from(models_to_load)]);
    ConfigError::new(option, rule).with_suggestion(suggestion.into_iter().collect::<Phrase>())
}
