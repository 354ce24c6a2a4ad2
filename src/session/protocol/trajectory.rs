//! The predicted trajectory of a drive.

use crate::data::{Remarks, Side};
use glam::DAffine3;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Camera trajectory of a drive, as far as predicted so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Folder of the drive.
    pub folder: String,
    /// Camera.
    pub side: Side,
    /// Numbers of the drive's frames that exist.
    pub frames: Vec<u32>,
    /// `world_from_camera` of the first of these frames, in the network's unit of length. The first is the identity.
    pub predicted: Vec<DAffine3>,
    /// True `world_from_camera` in metres, by frame number; its world is not that of the predicted poses.
    pub truth: Arc<BTreeMap<u32, DAffine3>>,
    /// Decisions about the files of the true poses.
    pub remarks: Remarks,
    /// Reason why the true poses are missing although the data has files of them.
    pub problem: Option<String>,
    /// Steps that the networks had made.
    pub step: u64,
}

impl Trajectory {
    /// Checks that every frame has its pose.
    pub fn is_complete(&self) -> bool {
        self.predicted.len() == self.frames.len()
    }
}
