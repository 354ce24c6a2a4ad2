//! Odometry: errors of a predicted path against the true one
//! ([Odometry evaluation](crate::objective::method#odometry-evaluation) of the method).

use super::metrics::mean_and_deviation;
use crate::geometry::trajectory::{
    Alignment, Drift, Similarity, absolute_error, distances, motions_of_path, snippet_errors,
};
use anyhow::{Result, ensure};
use glam::DAffine3;
use serde::Serialize;

/// Errors of a path after one of the alignments with the true one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AlignedError {
    /// Factor of the predicted lengths.
    pub scale: f64,
    /// Root of the mean squared distance of positions, metres.
    pub ate_metres: f64,
    /// KITTI's translational drift, %; `None` if the true path is not longer than 100 m.
    pub translation_percent: Option<f64>,
    /// KITTI's rotational drift, degrees per 100 m; `None` as above.
    pub rotation_degrees_per_100_metres: Option<f64>,
}

/// Errors of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OdometryEvaluation {
    /// Mean error of the snippets of five positions, metres: the number in the published tables.
    pub ate_mean: f64,
    /// Standard deviation of these errors, metres.
    pub ate_std: f64,
    /// Number of snippets.
    pub snippets: usize,
    /// Number of poses.
    pub poses: usize,
    /// Length of the true path, metres.
    pub metres: f64,
    /// Number of subsequences over which the drift is measured.
    pub subsequences: usize,
    /// Errors after aligning the first poses, with lengths as predicted.
    pub first_pose: AlignedError,
    /// Errors after aligning the first poses and scaling.
    pub scaled: AlignedError,
    /// Errors after the least-squares similarity, Sim(3).
    pub similarity: AlignedError,
    /// Protocol in words, for the report.
    pub protocol: String,
}

/// Protocol in words, for the report.
pub const PROTOCOL: &str = "a pose is world from camera, a motion takes points of a frame's camera to the next \
    frame's; ate_mean and ate_std: over snippets of 5 positions that begin at every frame (the last ones are \
    shorter), each scaled to the truth, the root of the summed squares divided by the number of positions, \
    snippets chained as in the published tables; of whole paths: root of the mean squared distance of \
    positions after the first poses are aligned, then also scaled about the first position, or after the \
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
        let (ate_mean, ate_std) = mean_and_deviation(&errors);
        let [first_pose, scaled, similarity] =
            Alignment::ALL.map(|alignment| AlignedPath::new(predicted, truth, alignment));
        Ok(Self {
            ate_mean,
            ate_std,
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

    /// Errors after this alignment.
    pub fn aligned(&self, alignment: Alignment) -> &AlignedError {
        match alignment {
            Alignment::FirstPose => &self.first_pose,
            Alignment::Scale => &self.scaled,
            Alignment::Similarity => &self.similarity,
        }
    }
}

/// A predicted path after alignment with the true one.
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
