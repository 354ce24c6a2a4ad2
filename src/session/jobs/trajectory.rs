//! The path of a drive as the networks see it, predicted a few frames at a time beside other work.

use super::{Job, Now, Slice};
use crate::{
    compute::Compute,
    data::{FrameKey, FrameSource, Side},
    geometry::trajectory::path_of_motions,
    predict::MotionPredictor,
    session::{Event, model::ModelSnapshot, publisher::Publisher},
};
use anyhow::{Context, Result, ensure};
use glam::DAffine3;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// The path of a drive as far as it is predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// The path of a drive under way, with the networks as they were when it began.
pub struct TrajectoryJob {
    source: Arc<dyn FrameSource>,
    version: Now,
    predictor: MotionPredictor,
    keys: Vec<FrameKey>,
    motions: Vec<DAffine3>,
    begun: Trajectory,
}

impl TrajectoryJob {
    /// Gets ready to follow a drive.
    ///
    /// # Errors
    /// Without networks, without a pose network among them, or if the drive has no two frames.
    pub fn new(
        ModelSnapshot { model, config, source, .. }: ModelSnapshot,
        (folder, side): (String, Side),
        compute: &Compute,
        version: Now,
    ) -> Result<Self> {
        let model = model.context("there are no networks yet")?;
        let (size, objective) = (config.network.size(), &config.objective);
        let predictor = MotionPredictor::new(model.networks, size, objective, &compute.device)?;
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
            step: model.version.step,
        };
        Ok(Self { source, version, predictor, keys, motions: Vec::new(), begun })
    }

    /// Predicts the next motion, and more until this much time is over; gives the path so far.
    fn predict(&mut self, time: Duration) -> Result<Trajectory> {
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

impl Job for TrajectoryJob {
    const NAME: &str = "the path cannot be followed further";

    fn is_current(&self, now: &Now) -> bool {
        // A run's next steps leave it be: it is the path by the networks as they were.
        self.version.is_of_same_model(now)
    }

    fn advance(&mut self, slice: Slice, publisher: &Publisher) -> Result<bool> {
        let trajectory = self.predict(slice.time)?;
        let goes_on = !trajectory.is_whole();
        publisher.publish_trajectory(trajectory);
        if !goes_on {
            publisher.send(Event::TraceEnded);
        }
        Ok(goes_on)
    }

    fn give_up(&mut self, publisher: &Publisher) {
        publisher.send(Event::TraceEnded);
    }
}
