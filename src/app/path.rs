//! What the window knows of the predicted path: the path laid over the true one in every way, with the
//! errors, computed once when the session tells it and not with every drawing.

use crate::{
    data::FrameKey,
    evaluate::OdometryEvaluation,
    geometry::trajectory::{Alignment, Similarity, distances, from_first_pose},
    session::Trajectory,
};
use glam::DAffine3;

/// The predicted path and whether there can be one.
#[derive(Default)]
pub struct PathState {
    /// Whether the networks tell motion.
    pub has_pose: bool,
    /// Whether the session is at it.
    pub is_tracing: bool,
    /// What it told last.
    pub report: Option<PathReport>,
    newest: Option<Trajectory>,
}

impl PathState {
    /// Takes the path so far, which may come after the news that no more will.
    pub fn receive(&mut self, trajectory: Trajectory) {
        self.report = Some(PathReport::new(&trajectory, trajectory.is_complete() || !self.is_tracing));
        self.newest = Some(trajectory);
    }

    /// No more will come; what is there is compared.
    pub fn end(&mut self) {
        self.is_tracing = false;
        self.report = self.newest.as_ref().map(|trajectory| PathReport::new(trajectory, true));
    }

    /// Forgets the path: the data or the networks are others.
    pub fn forget(&mut self) {
        *self = Self { has_pose: self.has_pose, ..Self::default() };
    }

    /// The path of the drive and camera of this frame.
    pub fn of(&self, key: &FrameKey) -> Option<&PathReport> {
        self.report.as_ref().filter(|report| report.is_of(key))
    }
}

/// A path ready to be drawn. All poses are in the world of the first true camera (or, without any, of the
/// first predicted one): x right, y down, z forward.
pub struct PathReport {
    trajectory: Trajectory,
    /// The true poses with their frames, metres; empty if they are not known.
    pub truth: Vec<(u32, DAffine3)>,
    laid: [LaidPath; 3],
    /// The errors, once the path is whole and if the truth is known.
    pub evaluation: Option<OdometryEvaluation>,
}

/// The predicted path after one alignment.
#[derive(Default)]
pub struct LaidPath {
    /// The poses of the first frames of the drive.
    pub poses: Vec<DAffine3>,
    /// For each frame with a true pose: frame, metres gone, metres beside the truth.
    pub errors: Vec<(u32, f64, f64)>,
}

impl PathReport {
    fn new(trajectory: &Trajectory, compares: bool) -> Self {
        let frames = trajectory.frames.iter().zip(&trajectory.predicted);
        let both = frames.filter_map(|(frame, pose)| Some((*frame, *pose, *trajectory.truth.get(frame)?)));
        let both: Vec<(u32, DAffine3, DAffine3)> = both.collect();
        let numbers: Vec<u32> = both.iter().map(|(frame, ..)| *frame).collect();
        let predicted: Vec<DAffine3> = both.iter().map(|(_, predicted, _)| *predicted).collect();
        let truth: Vec<DAffine3> = both.iter().map(|(.., truth)| *truth).collect();
        let truth = from_first_pose(&truth);
        let gone = distances(&truth);
        let laid = Alignment::ALL.map(|alignment| {
            let similarity = Similarity::between(&predicted, &truth, alignment);
            let error = |index: usize| {
                let place = similarity.apply(&predicted[index]).translation;
                (numbers[index], gone[index], place.distance(truth[index].translation))
            };
            LaidPath {
                poses: trajectory.predicted.iter().map(|pose| similarity.apply(pose)).collect(),
                errors: (0..truth.len()).map(error).collect(),
            }
        });
        let evaluation = if compares { OdometryEvaluation::compare(&predicted, &truth).ok() } else { None };
        let truth = numbers.into_iter().zip(truth).collect();
        Self { trajectory: trajectory.clone(), truth, laid, evaluation }
    }

    /// The path as it came.
    pub fn trajectory(&self) -> &Trajectory {
        &self.trajectory
    }

    /// The predicted path after this alignment.
    pub fn laid(&self, alignment: Alignment) -> &LaidPath {
        match alignment {
            Alignment::FirstPose => &self.laid[0],
            Alignment::Scale => &self.laid[1],
            Alignment::Similarity => &self.laid[2],
        }
    }

    fn is_of(&self, key: &FrameKey) -> bool {
        self.trajectory.folder == key.folder && self.trajectory.side == key.side
    }
}
