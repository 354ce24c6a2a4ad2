//! The path of a drive as the networks see it, predicted a few frames at a time beside other work.

use crate::{
    compute::Compute,
    config::RunConfig,
    data::{FrameKey, FrameSource, Side},
    geometry::trajectory::path_of_motions,
    model::Networks,
    predict::MotionPredictor,
};
use anyhow::{Context, Result, ensure};
use glam::DAffine3;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// The path of a drive as far as it is predicted.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// The drive.
    pub folder: String,
    /// The camera.
    pub side: Side,
    /// The numbers of the drive's frames that are there.
    pub frames: Vec<u32>,
    /// World from camera for the first of these frames, in the network's unit of length, the first pose
    /// being the origin.
    pub predicted: Vec<DAffine3>,
    /// World from camera, metres, for the frames of which it is known; another world.
    pub truth: Arc<BTreeMap<u32, DAffine3>>,
    /// Why the truth is not known though there are files of it.
    pub problem: Option<String>,
    /// Steps that the networks had made.
    pub step: u64,
}

impl Trajectory {
    /// Whether every frame has its pose.
    pub fn is_whole(&self) -> bool {
        self.predicted.len() == self.frames.len()
    }
}

/// The work under way.
pub(super) struct Tracer {
    source: Arc<dyn FrameSource>,
    predictor: MotionPredictor,
    keys: Vec<FrameKey>,
    motions: Vec<DAffine3>,
    begun: Trajectory,
}

impl Tracer {
    /// Gets ready to follow a drive with networks that have made this many steps.
    pub fn new(
        source: Arc<dyn FrameSource>,
        (folder, side): (String, Side),
        (networks, step): (Networks, u64),
        config: &RunConfig,
        compute: &Compute,
    ) -> Result<Self> {
        let (size, objective) = (config.network.size(), &config.objective);
        let predictor = MotionPredictor::new(networks, size, objective, &compute.device)?;
        let drive = source.drives().iter().find(|drive| drive.folder == folder);
        let drive = drive.with_context(|| format!("there is no drive {folder}"))?;
        let keys: Vec<FrameKey> = drive.keys(side).filter(|key| source.contains(key)).collect();
        ensure!(keys.len() > 1, "drive {folder} has no two frames of this camera");
        let (truth, problem) = match source.true_poses(drive, side) {
            Ok(truth) => (truth, None),
            Err(error) => (BTreeMap::new(), Some(error.to_string())),
        };
        let begun = Trajectory {
            folder,
            side,
            frames: keys.iter().map(|key| key.frame).collect(),
            predicted: Vec::new(),
            truth: Arc::new(truth),
            problem,
            step,
        };
        Ok(Self { source, predictor, keys, motions: Vec::new(), begun })
    }

    /// Predicts the next motion, and more until this much time is over; gives the path so far.
    pub fn advance(&mut self, time: Duration) -> Result<Trajectory> {
        let started = Instant::now();
        while let [this, next, ..] = &self.keys[self.motions.len()..] {
            self.motions.push(self.predictor.motion(self.source.as_ref(), this, next)?);
            if started.elapsed() >= time {
                break;
            }
        }
        Ok(Trajectory { predicted: path_of_motions(&self.motions), ..self.begun.clone() })
    }
}
