//! Starting from networks that were trained before.

use super::{Networks, PoseNetwork};
use crate::config::{ConfigError, NetworkFile};
use std::fmt;

impl Networks {
    /// Takes over those of the listed networks that `other` has, in place of its own.
    ///
    /// # Errors
    /// If one of them is another network there, or has no disparity at a scale that is needed; all then
    /// stay as they were.
    pub fn adopt(&mut self, other: &Self, networks: &[NetworkFile]) -> Result<(), ConfigError> {
        let (own, theirs) = (self.architecture(), other.architecture());
        let mut adopted = self.clone();
        for network in networks {
            let is_of_depth =
                matches!(network, NetworkFile::Encoder | NetworkFile::Depth | NetworkFile::PredictiveMask);
            let lacks = |scale: &&usize| !theirs.scales.contains(scale);
            if is_of_depth && own.depth != theirs.depth {
                return refuse(*network, &own.depth, &theirs.depth, "--depth-network, --num-layers");
            }
            if *network == NetworkFile::Depth
                && let Some(scale) = own.scales.iter().find(lacks)
            {
                return Err(ConfigError(format!(
                    "the loaded networks have no disparity at scale {scale}: leave it out of --scales, or leave \
                     depth out of --models-to-load"
                )));
            }
            match (network, &mut adopted.pose, &other.pose) {
                (NetworkFile::Encoder, ..) => adopted.depth.encoder = other.depth.encoder.clone(),
                (NetworkFile::Depth, ..) => adopted.depth.decoder = other.depth.decoder.clone(),
                (NetworkFile::PredictiveMask, ..)
                    if own.masked_sources == theirs.masked_sources && own.scales == theirs.scales =>
                {
                    adopted.predictive_mask.clone_from(&other.predictive_mask);
                }
                (NetworkFile::PoseEncoder | NetworkFile::Pose, Some(pose), Some(their_pose)) => {
                    let (own_pose, theirs_pose) = (pose.architecture(), their_pose.architecture());
                    if own_pose != theirs_pose {
                        let options = "--pose-model-type, --pose-model-input, --pose-num-layers";
                        return refuse(*network, &own_pose, &theirs_pose, options);
                    }
                    if matches!(pose, PoseNetwork::Shared(_)) && own.depth != theirs.depth {
                        return refuse(*network, &own.depth, &theirs.depth, "--depth-network, --num-layers");
                    }
                    adopt_pose(pose, their_pose, *network);
                }
                _ => {}
            }
        }
        *self = adopted;
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

fn refuse(
    network: NetworkFile,
    own: &dyn fmt::Display,
    theirs: &dyn fmt::Display,
    options: &str,
) -> Result<(), ConfigError> {
    let stem = network.stem();
    Err(ConfigError(format!(
        "the {stem} of the loaded networks is {theirs}, the run's is {own}: choose the same by {options}, or leave \
         {stem} out of --models-to-load"
    )))
}
