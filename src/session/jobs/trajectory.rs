//! Prediction of a drive's trajectory as a job: a few motions per time slice.

use super::{Job, Versions};
use crate::{
    compute::Compute,
    data::{FrameKey, FrameSource, MeasuredPoses, Side},
    geometry::trajectory::path_of_motions,
    predict::MotionPredictor,
    session::{Event, Trajectory, model::ModelSnapshot, publisher::Publisher},
};
use anyhow::{Context, Result, ensure};
use glam::DAffine3;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Job that predicts a trajectory, with a copy of the networks from the time of the request.
pub struct TrajectoryJob {
    source: Arc<dyn FrameSource>,
    versions: Versions,
    predictor: MotionPredictor,
    keys: Vec<FrameKey>,
    motions: Vec<DAffine3>,
    /// The trajectory, still without poses.
    empty: Trajectory,
}

impl TrajectoryJob {
    /// Prepares the prediction for a drive.
    ///
    /// # Errors
    /// If there are no networks, they lack a pose network, or the drive has fewer than two frames.
    pub fn new(
        ModelSnapshot { model, config, source, .. }: ModelSnapshot,
        (folder, side): (String, Side),
        compute: &Compute,
        versions: Versions,
    ) -> Result<Self> {
        let model = model.context("there are no networks yet")?;
        let (size, objective) = (config.network.size(), &config.objective);
        let predictor = MotionPredictor::new(model.networks, size, objective, &compute.device)?;
        let drive = source.drives().iter().find(|drive| drive.folder == folder);
        let drive = drive.with_context(|| format!("there is no drive {folder}"))?;
        let keys: Vec<FrameKey> = drive.keys(side).filter(|key| source.contains(key)).collect();
        ensure!(keys.len() > 1, "drive {folder} has fewer than two frames of this camera");
        let (truth, problem) = match source.true_poses(drive, side) {
            Ok(truth) => (truth, None),
            Err(error) => (MeasuredPoses::default(), Some(error.to_string())),
        };
        let empty = Trajectory {
            folder,
            side,
            frames: keys.iter().map(|key| key.frame).collect(),
            predicted: Vec::new(),
            truth: Arc::new(truth.by_frame),
            remarks: truth.remarks,
            problem,
            step: model.version.step,
        };
        Ok(Self { source, versions, predictor, keys, motions: Vec::new(), empty })
    }

    /// Predicts at least one motion, and more until the time is over. Returns the trajectory so far.
    fn predict(&mut self, time: Duration) -> Result<Trajectory> {
        let started = Instant::now();
        while let [this, next, ..] = &self.keys[self.motions.len()..] {
            self.motions.push(self.predictor.motion(self.source.as_ref(), this, next)?);
            if started.elapsed() >= time {
                break;
            }
        }
        Ok(Trajectory { predicted: path_of_motions(&self.motions), ..self.empty.clone() })
    }
}

impl Job for TrajectoryJob {
    const NAME: &str = "the trajectory cannot be predicted further";

    fn is_current(&self, versions: &Versions) -> bool {
        // It keeps its copy of the weights, so further steps of the run do not end it.
        self.versions.is_same_model(versions)
    }

    fn advance(&mut self, slice: Duration, publisher: &Publisher) -> Result<bool> {
        let trajectory = self.predict(slice)?;
        let goes_on = !trajectory.is_complete();
        publisher.publish_trajectory(trajectory);
        if !goes_on {
            publisher.send(Event::TrajectoryEnded);
        }
        Ok(goes_on)
    }

    fn abort(&mut self, publisher: &Publisher) {
        publisher.send(Event::TrajectoryEnded);
    }
}
