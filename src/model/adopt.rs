//! Starting from networks that were trained before.

use super::{Architecture, DepthArchitecture, Networks, PoseArchitecture, PoseModel, PoseNetwork};
use crate::config::{
    ConfigError, NetworkConfig, NetworkFile, ObjectiveConfig, OptionName, Phrase, PoseModelInput,
    PoseModelType, RunConfig, Term, option_name, phrase,
};
use std::fmt;

impl Architecture {
    /// A configuration whose run takes over networks like these: depth network, pose network and scales are
    /// theirs, every other option stays. Without a pose network here, or without a frame for it there, the pose
    /// network stays too.
    pub fn configured(&self, config: &RunConfig) -> RunConfig {
        let (mut config, usual) = (config.clone(), NetworkConfig::default());
        config.objective.scales.clone_from(&self.scales);
        let network = &mut config.network;
        network.depth_network = self.depth.network_type();
        network.num_layers = match self.depth {
            DepthArchitecture::Resnet(encoder) => encoder.layers(),
            DepthArchitecture::RtMonodepthS => usual.num_layers,
        };
        if let Some(pose) = self.pose.filter(|_| config.objective.temporal_sources().next().is_some()) {
            (network.pose_model_type, network.pose_num_layers) = match pose.model {
                PoseModel::Separate(encoder) => (PoseModelType::SeparateResnet, encoder.layers()),
                PoseModel::Shared => (PoseModelType::Shared, usual.pose_num_layers),
                PoseModel::Cnn => (PoseModelType::Posecnn, usual.pose_num_layers),
            };
            network.pose_model_input =
                if pose.frames == 2 { PoseModelInput::Pairs } else { PoseModelInput::All };
        }
        config
    }

    /// Whether networks like these can take over those of the listed networks that `other` has.
    ///
    /// # Errors
    /// If one of them is another network there, or has no disparity at a scale that is needed; the first option
    /// that the text names is the one that differs.
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
                if own.model == PoseModel::Shared && self.depth != other.depth {
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
    /// Takes over those of the listed networks that `other` has, in place of its own. A predictive mask of
    /// other sources or scales is not taken over.
    ///
    /// # Errors
    /// As [`Architecture::can_adopt`]; all then stay as they were.
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
    let mut suggestion = vec![Term::from("choose the same by "), Term::from(option)];
    if option == option_name!(NetworkConfig, pose_model_input) {
        // They see all frames, so the number of frames may be what differs.
        suggestion.extend([Term::from(" and "), Term::from(option_name!(ObjectiveConfig, frame_ids))]);
    }
    let models_to_load = option_name!(NetworkConfig, models_to_load);
    suggestion.extend([Term::from(format!(", or leave {stem} out of ")), Term::from(models_to_load)]);
    ConfigError::new(option, rule).with_suggestion(suggestion.into_iter().collect::<Phrase>())
}
