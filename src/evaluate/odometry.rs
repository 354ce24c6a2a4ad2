//! Odometry: a predicted path against the true one, by the measures under
//! [Odometry evaluation](crate::objective::method#odometry-evaluation) of the method.

use crate::geometry::trajectory::{
    Alignment, Drift, Similarity, absolute_error, distances, motions_of_path, snippet_errors,
};
use anyhow::{Result, ensure};
use glam::DAffine3;
use serde::Serialize;

/// How far a path is from the true one after it was laid over it in some way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AlignedError {
    /// What the predicted lengths were multiplied by.
    pub scale: f64,
    /// Root of the mean squared distance of positions, metres.
    pub ate_metres: f64,
    /// KITTI's translational drift, %; `None` if the true path is not longer than 100 m.
    pub translation_percent: Option<f64>,
    /// KITTI's rotational drift, degrees in 100 m.
    pub rotation_degrees_per_100_metres: Option<f64>,
}

/// The result over a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OdometryEvaluation {
    /// Mean error of the five-position snippets: the figure of the published tables, metres.
    pub ate_mean: f64,
    /// Their standard deviation.
    pub ate_std: f64,
    /// How many snippets there are.
    pub snippets: usize,
    /// How many poses were compared.
    pub poses: usize,
    /// Length of the true path, metres.
    pub metres: f64,
    /// How many subsequences the drift is measured over.
    pub subsequences: usize,
    /// With the first poses on each other and lengths as predicted.
    pub first_pose: AlignedError,
    /// Also scaled.
    pub scaled: AlignedError,
    /// Turned, moved and scaled as fits best: Sim(3).
    pub similarity: AlignedError,
    /// How the numbers were made.
    pub protocol: String,
}

/// What a report says about how its numbers were made.
pub const PROTOCOL: &str = "a pose is world from camera, a motion takes points of a frame's camera to the next \
    frame's; ate_mean and ate_std: over snippets of 5 positions that begin at every frame (the last ones are \
    shorter), each scaled to the truth, the root of the summed squares divided by the number of positions, \
    snippets chained as in the published tables; of whole paths: root of the mean squared distance of \
    positions after the first poses are laid on each other, then also scaled about that place, or after the \
    least-squares similarity over all positions, Sim(3); drift as in the KITTI odometry benchmark: over \
    subsequences of 100 to 800 m that begin at every tenth frame, null if the path is not longer than 100 m";

impl OdometryEvaluation {
    /// Compares two paths pose by pose.
    ///
    /// # Errors
    /// There are not as many predicted as true poses, or fewer than two.
    pub fn compare(predicted: &[DAffine3], truth: &[DAffine3]) -> Result<Self> {
        ensure!(
            predicted.len() == truth.len(),
            "{} predicted poses cannot be compared with {} true ones",
            predicted.len(),
            truth.len()
        );
        ensure!(truth.len() > 1, "a path needs two poses to be compared; there are {}", truth.len());
        let errors = snippet_errors(&motions_of_path(predicted), &motions_of_path(truth));
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / errors.len() as f64;
        let ate_mean = mean(&mut errors.iter().copied());
        let variance = mean(&mut errors.iter().map(|error| (error - ate_mean).powi(2)));
        let [first_pose, scaled, similarity] =
            Alignment::ALL.map(|alignment| AlignedPath::new(predicted, truth, alignment));
        Ok(Self {
            ate_mean,
            ate_std: variance.sqrt(),
            snippets: errors.len(),
            poses: truth.len(),
            metres: distances(truth).last().copied().unwrap_or_default(),
            subsequences: scaled.drift.map_or(0, |drift| drift.subsequences),
            first_pose: first_pose.error(truth),
            scaled: scaled.error(truth),
            similarity: similarity.error(truth),
            protocol: PROTOCOL.to_owned(),
        })
    }

    /// The errors after this alignment.
    pub fn aligned(&self, alignment: Alignment) -> &AlignedError {
        match alignment {
            Alignment::FirstPose => &self.first_pose,
            Alignment::Scale => &self.scaled,
            Alignment::Similarity => &self.similarity,
        }
    }
}

/// A predicted path laid over the true one.
struct AlignedPath {
    path: Vec<DAffine3>,
    scale: f64,
    drift: Option<Drift>,
}

impl AlignedPath {
    fn new(predicted: &[DAffine3], truth: &[DAffine3], alignment: Alignment) -> Self {
        let similarity = Similarity::between(predicted, truth, alignment);
        let path: Vec<DAffine3> = predicted.iter().map(|pose| similarity.apply(pose)).collect();
        let drift = Drift::between(&path, truth);
        Self { path, scale: similarity.scale, drift }
    }

    fn error(&self, truth: &[DAffine3]) -> AlignedError {
        AlignedError {
            scale: self.scale,
            ate_metres: absolute_error(&self.path, truth),
            translation_percent: self.drift.map(|drift| drift.translation_percent),
            rotation_degrees_per_100_metres: self.drift.map(|drift| 100.0 * drift.rotation_degrees_per_metre),
        }
    }
}
