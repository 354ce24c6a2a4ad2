//! The predicted trajectory of a drive: aligned with the true one in every way, with its errors. It is compared once
//! when the session has sent it, not each time it is drawn.

use super::{Playhead, SessionView};
use crate::{
    data::FrameKey,
    evaluate::OdometryEvaluation,
    geometry::trajectory::{Alignment, Similarity, distances, from_first_pose},
    session::{Command, Trajectory},
};
use glam::DAffine3;

/// The predicted trajectory, and whether one can be predicted.
#[derive(Default)]
pub struct TrajectoryState {
    /// True if the networks include one for the pose.
    pub has_pose: bool,
    /// True while the session predicts one.
    pub is_tracing: bool,
    /// The newest trajectory, ready to be drawn.
    pub report: Option<TrajectoryReport>,
    newest: Option<Trajectory>,
}

impl TrajectoryState {
    /// Requests the trajectory of the present drive.
    pub fn trace(&self, playhead: &Playhead, session: &mut SessionView) {
        if let Some(FrameKey { folder, side, .. }) = playhead.key() {
            session.requests.send(Command::PredictTrajectory { folder, side });
        }
    }

    /// Stops predicting the trajectory; the poses so far stay.
    pub fn cancel(&self, session: &mut SessionView) {
        session.requests.send(Command::CancelTrajectory);
    }

    /// Takes the poses so far. They may arrive after the event that ends them.
    pub fn receive(&mut self, trajectory: Trajectory) {
        self.report = Some(TrajectoryReport::new(&trajectory, trajectory.is_complete() || !self.is_tracing));
        self.newest = Some(trajectory);
    }

    /// Aligns and evaluates the poses received, because no more will come.
    pub fn end(&mut self) {
        self.is_tracing = false;
        self.report = self.newest.as_ref().map(|trajectory| TrajectoryReport::new(trajectory, true));
    }

    /// Drops the trajectory, because data or networks changed.
    pub fn clear(&mut self) {
        *self = Self { has_pose: self.has_pose, ..Self::default() };
    }

    /// The trajectory of the drive and camera of this frame.
    pub fn of(&self, key: &FrameKey) -> Option<&TrajectoryReport> {
        self.report.as_ref().filter(|report| report.is_of(key))
    }
}

/// A trajectory ready to be drawn. All poses are in the coordinates of the first true camera (without true poses, of
/// the first predicted one): x right, y down, z forward.
pub struct TrajectoryReport {
    trajectory: Trajectory,
    /// True poses by frame, metres; empty if they are not known.
    pub truth: Vec<(u32, DAffine3)>,
    aligned: [AlignedTrajectory; Alignment::ALL.len()],
    /// Errors, once the trajectory is complete and if the truth is known.
    pub evaluation: Option<OdometryEvaluation>,
}

/// The predicted trajectory after one alignment.
#[derive(Default)]
pub struct AlignedTrajectory {
    /// Poses of the first frames of the drive.
    pub poses: Vec<DAffine3>,
    /// For each frame with a true pose: frame, distance travelled and distance to the true position, metres.
    pub errors: Vec<(u32, f64, f64)>,
}

impl TrajectoryReport {
    fn new(trajectory: &Trajectory, compares: bool) -> Self {
        let frames = trajectory.frames.iter().zip(&trajectory.predicted);
        let both = frames.filter_map(|(frame, pose)| Some((*frame, *pose, *trajectory.truth.get(frame)?)));
        let both: Vec<(u32, DAffine3, DAffine3)> = both.collect();
        let numbers: Vec<u32> = both.iter().map(|(frame, ..)| *frame).collect();
        let predicted: Vec<DAffine3> = both.iter().map(|(_, predicted, _)| *predicted).collect();
        let truth: Vec<DAffine3> = both.iter().map(|(.., truth)| *truth).collect();
        let truth = from_first_pose(&truth);
        let gone = distances(&truth);
        let aligned = Alignment::ALL.map(|alignment| {
            let similarity = Similarity::between(&predicted, &truth, alignment);
            let error = |index: usize| {
                let position = similarity.apply(&predicted[index]).translation;
                (numbers[index], gone[index], position.distance(truth[index].translation))
            };
            AlignedTrajectory {
                poses: trajectory.predicted.iter().map(|pose| similarity.apply(pose)).collect(),
                errors: (0..truth.len()).map(error).collect(),
            }
        });
        let evaluation = if compares { OdometryEvaluation::compare(&predicted, &truth).ok() } else { None };
        let truth = numbers.into_iter().zip(truth).collect();
        Self { trajectory: trajectory.clone(), truth, aligned, evaluation }
    }

    /// Trajectory as the session sent it.
    pub fn trajectory(&self) -> &Trajectory {
        &self.trajectory
    }

    /// The predicted trajectory after this alignment.
    pub fn aligned(&self, alignment: Alignment) -> &AlignedTrajectory {
        &self.aligned[alignment as usize]
    }

    fn is_of(&self, key: &FrameKey) -> bool {
        self.trajectory.folder == key.folder && self.trajectory.side == key.side
    }
}
