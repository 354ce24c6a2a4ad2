//! Odometry: errors of a predicted path against the true one
//! ([Odometry evaluation](crate::objective::method#odometry-evaluation) of the method).

use super::metrics::mean_and_deviation;
use crate::geometry::trajectory::{
    Alignment, Drift, RelativePoseError, Similarity, absolute_error, distances, motions_of_path,
    snippet_errors,
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
    /// Mean translation error of the motions from each pose to the next (RPE), metres.
    pub rpe_metres: f64,
    /// Mean rotation error of these motions, degrees.
    pub rpe_degrees: f64,
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
    /// Errors after the least-squares rotation and shift, SE(3).
    pub rigid: AlignedError,
    /// Errors after aligning the first poses and scaling.
    pub scaled: AlignedError,
    /// Errors after aligning the first poses and scaling by the factor of the least-squares similarity.
    pub similarity_scale: AlignedError,
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
    positions after an alignment: first_pose: the first poses on each other; scaled: then scaled about the first \
    position by least squares; similarity_scale: or by the scale of the similarity; rigid: the least-squares \
    rotation and shift over all positions, SE(3); similarity: the least-squares similarity, Sim(3) (in \
    kitti-odom-eval: none, scale, scale_7dof, 6dof, 7dof); rpe: means over the motions from each compared pose to \
    the next, of the length and of the angle of inverse(true motion) · predicted motion; drift as in the KITTI \
    odometry benchmark: over subsequences of 100 to 800 m that begin at every tenth frame, null if the path is not \
    longer than 100 m";

/// Angle between the directions of two paths of the same shape above which their axes are doubted, degrees.
const DOUBTED_ANGLE: f64 = 45.0;
/// Largest error of the shape, as a share of the length, of paths that are of the same shape.
const SAME_SHAPE: f64 = 0.05;

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
        let errors_after = |alignment| AlignedPath::new(predicted, truth, alignment).error(truth);
        let [first_pose, rigid, scaled, similarity_scale, similarity] = Alignment::ALL.map(errors_after);
        let metres = distances(truth).last().copied().unwrap_or_default();
        Ok(Self {
            ate_mean,
            ate_std,
            snippets: errors.len(),
            poses: truth.len(),
            metres,
            subsequences: Drift::between(truth, truth).map_or(0, |drift| drift.subsequences),
            first_pose,
            rigid,
            scaled,
            similarity_scale,
            similarity,
            protocol: PROTOCOL.to_owned(),
        })
    }

    /// Doubt about the axes of two files whose paths agree in shape, but lead elsewhere as seen from their first poses.
    pub fn axes_doubt(&self, predicted: &[DAffine3], truth: &[DAffine3]) -> Option<String> {
        let end = |path: &[DAffine3]| Some((path.first()?.inverse() * *path.last()?).translation);
        let degrees = end(predicted)?.angle_between(end(truth)?).to_degrees();
        let is_same_shape = self.similarity.ate_metres < SAME_SHAPE * self.metres;
        (is_same_shape && degrees > DOUBTED_ANGLE).then(|| {
            format!(
                "the paths have the same shape, but seen from their first poses they lead {degrees:.0}° apart: \
                 the axes of one file may not be a camera's (x right, y down, z forward), or it may hold camera from world \
                 instead of world from camera"
            )
        })
    }

    /// Errors after this alignment.
    pub fn aligned(&self, alignment: Alignment) -> &AlignedError {
        match alignment {
            Alignment::FirstPose => &self.first_pose,
            Alignment::Rigid => &self.rigid,
            Alignment::Scale => &self.scaled,
            Alignment::SimilarityScale => &self.similarity_scale,
            Alignment::Similarity => &self.similarity,
        }
    }
}

/// A predicted path after alignment with the true one.
struct AlignedPath {
    path: Vec<DAffine3>,
    scale: f64,
}

impl AlignedPath {
    fn new(predicted: &[DAffine3], truth: &[DAffine3], alignment: Alignment) -> Self {
        let similarity = Similarity::between(predicted, truth, alignment);
        let path: Vec<DAffine3> = predicted.iter().map(|pose| similarity.apply(pose)).collect();
        Self { path, scale: similarity.scale }
    }

    fn error(&self, truth: &[DAffine3]) -> AlignedError {
        let drift = Drift::between(&self.path, truth);
        let relative = RelativePoseError::between(&self.path, truth);
        AlignedError {
            scale: self.scale,
            ate_metres: absolute_error(&self.path, truth),
            rpe_metres: relative.map_or(0.0, |error| error.metres),
            rpe_degrees: relative.map_or(0.0, |error| error.degrees),
            translation_percent: drift.map(|drift| drift.translation_percent),
            rotation_degrees_per_100_metres: drift.map(|drift| 100.0 * drift.rotation_degrees_per_metre),
        }
    }
}
