//! Camera trajectories: chaining motions, alignment, and the errors of
//! [Odometry evaluation](crate::objective::method#odometry-evaluation).
//!
//! A pose is `world_from_camera`; a motion is `next_from_this` and takes points of a frame's camera to the camera
//! of the next frame. A path has one pose per frame, one more than it has motions. Lengths are in metres.

use glam::{DAffine3, DMat3, DQuat, DVec3};
use nalgebra::{Matrix4, SymmetricEigen};

/// Positions in a snippet, as in the published tables.
const SNIPPET_POSITIONS: usize = 5;
/// Lengths of the subsequences over which drift is measured, metres.
const LENGTHS_METRES: [f64; 8] = [100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0];
/// Frames between the starts of subsequences.
const STRIDE: usize = 10;
/// Limit on the iterations for eigenvectors, which take about a dozen if the matrix is finite.
const MAX_ITERATIONS: usize = 1000;

/// Path from the origin along these motions.
pub fn path_of_motions(motions: &[DAffine3]) -> Vec<DAffine3> {
    let mut path = vec![DAffine3::IDENTITY];
    path.extend(motions.iter().scan(DAffine3::IDENTITY, |pose, next_from_this| {
        *pose *= next_from_this.inverse();
        Some(*pose)
    }));
    path
}

/// Motions between consecutive poses; none for fewer than two poses.
pub fn motions_of_path(path: &[DAffine3]) -> Vec<DAffine3> {
    path.windows(2).map(|pair| pair[1].inverse() * pair[0]).collect()
}

/// Path relative to its first pose.
pub fn from_first_pose(path: &[DAffine3]) -> Vec<DAffine3> {
    let first = path.first().map_or(DAffine3::IDENTITY, DAffine3::inverse);
    path.iter().map(|pose| first * *pose).collect()
}

/// Distance driven up to every pose, metres.
pub fn distances(path: &[DAffine3]) -> Vec<f64> {
    let steps = path.windows(2).map(|pair| pair[0].translation.distance(pair[1].translation));
    let sums = steps.scan(0.0, |sum, step| {
        *sum += step;
        Some(*sum)
    });
    path.first().map(|_| 0.0).into_iter().chain(sums).collect()
}

/// Errors of snippets of five positions, one for each motion as the start; the snippets at the end have fewer
/// positions. The predicted positions are scaled to the true ones, snippet by snippet.
///
/// Two oddities reproduce the published tables: a snippet multiplies the motions `next_from_this` of either path
/// from left to right, as if they were `this_from_next`; and the root of the summed squares is divided by the
/// number of positions, not by its square root.
///
/// # Panics
/// Panics if the numbers of predicted and true motions differ.
pub fn snippet_errors(predicted: &[DAffine3], truth: &[DAffine3]) -> Vec<f64> {
    assert_eq!(predicted.len(), truth.len(), "motions to compare");
    let positions = |motions: &[DAffine3], start: usize| -> Vec<DVec3> {
        let end = (start + SNIPPET_POSITIONS - 1).min(motions.len());
        let mut product = DAffine3::IDENTITY;
        let mut positions = vec![DVec3::ZERO];
        positions.extend(motions[start..end].iter().map(|motion| {
            product *= *motion;
            product.translation
        }));
        positions
    };
    let error = |start| {
        let (predicted, truth) = (positions(predicted, start), positions(truth, start));
        let scale = least_squares_scale(&predicted, &truth);
        root_sum_of_squares(&predicted, &truth, |position| position * scale) / truth.len() as f64
    };
    (0..truth.len()).map(error).collect()
}

/// Scale s that minimises Σ‖t − s·p‖²; 1 if all predicted positions p are at the origin.
fn least_squares_scale(predicted: &[DVec3], truth: &[DVec3]) -> f64 {
    let product: f64 = predicted.iter().zip(truth).map(|(p, t)| p.dot(*t)).sum();
    let square: f64 = predicted.iter().map(|p| p.length_squared()).sum();
    if square > 0.0 { product / square } else { 1.0 }
}

fn root_sum_of_squares(predicted: &[DVec3], truth: &[DVec3], align: impl Fn(DVec3) -> DVec3) -> f64 {
    let squares = predicted.iter().zip(truth).map(|(p, t)| align(*p).distance_squared(*t));
    squares.sum::<f64>().sqrt()
}

/// Alignment of a predicted path with the true one before they are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alignment {
    /// First pose on the true first pose; lengths stay as predicted.
    FirstPose,
    /// Rotated and shifted by least squares over all frames, lengths as predicted: SE(3), six degrees of freedom.
    Rigid,
    /// First pose on the true first pose, then scaled about it by least squares: the least that a network
    /// without a unit of length needs.
    #[default]
    Scale,
    /// First pose on the true first pose, scaled about it by the scale of [`Self::Similarity`].
    SimilarityScale,
    /// Rotated, shifted and scaled by least squares over all frames: Sim(3), seven degrees of freedom.
    Similarity,
}

impl Alignment {
    /// All alignments, the strictest first.
    pub const ALL: [Self; 5] =
        [Self::FirstPose, Self::Rigid, Self::Scale, Self::SimilarityScale, Self::Similarity];

    /// Name of this alignment in kitti-odom-eval.
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstPose => "none",
            Self::Rigid => "6dof",
            Self::Scale => "scale",
            Self::SimilarityScale => "scale_7dof",
            Self::Similarity => "7dof",
        }
    }
}

/// Similarity transform of the world: `scale · rotation · point + translation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Factor of lengths.
    pub scale: f64,
    /// Rotation of the path.
    pub rotation: DMat3,
    /// Image of the origin, metres.
    pub translation: DVec3,
}

impl Similarity {
    /// Transform that aligns `predicted` with `truth`.
    ///
    /// The least squares of [`Alignment::Similarity`] and [`Alignment::Rigid`] are Umeyama's (TPAMI 1991), with
    /// Horn's rotation (JOSA A 1987): the eigenvector of the largest eigenvalue of a symmetric matrix. That is never
    /// a reflection, and exists for every path, also for a straight line or a camera that stands still.
    ///
    /// # Panics
    /// Panics if the numbers of predicted and true poses differ.
    pub fn between(predicted: &[DAffine3], truth: &[DAffine3], alignment: Alignment) -> Self {
        assert_eq!(predicted.len(), truth.len(), "poses to compare");
        let (Some(first), Some(true_first)) = (predicted.first(), truth.first()) else {
            return Self { scale: 1.0, rotation: DMat3::IDENTITY, translation: DVec3::ZERO };
        };
        let least_squares = || Self::least_squares(&positions(predicted), &positions(truth), alignment);
        if matches!(alignment, Alignment::Similarity | Alignment::Rigid) {
            return least_squares();
        }
        let rotation = (*true_first * first.inverse()).matrix3;
        let from = |origin: DVec3, path: &[DAffine3]| -> Vec<DVec3> {
            path.iter().map(|pose| pose.translation - origin).collect()
        };
        let scale = match alignment {
            Alignment::Scale => {
                let rotated: Vec<DVec3> = from(first.translation, predicted)
                    .into_iter()
                    .map(|position| rotation * position)
                    .collect();
                least_squares_scale(&rotated, &from(true_first.translation, truth))
            }
            Alignment::SimilarityScale => least_squares().scale,
            _ => 1.0,
        };
        let translation = true_first.translation - scale * (rotation * first.translation);
        Self { scale, rotation, translation }
    }

    fn least_squares(predicted: &[DVec3], truth: &[DVec3], alignment: Alignment) -> Self {
        let mean = |positions: &[DVec3]| positions.iter().sum::<DVec3>() / positions.len() as f64;
        let (centroid, true_centroid) = (mean(predicted), mean(truth));
        let centred = |positions: &[DVec3], centroid: DVec3| -> Vec<DVec3> {
            positions.iter().map(|position| *position - centroid).collect()
        };
        let (from, to) = (centred(predicted, centroid), centred(truth, true_centroid));
        let rotation = DMat3::from_quat(best_rotation(&from, &to));
        let rotated: Vec<DVec3> = from.iter().map(|position| rotation * *position).collect();
        let scale = if alignment == Alignment::Rigid { 1.0 } else { least_squares_scale(&rotated, &to) };
        Self { scale, rotation, translation: true_centroid - scale * (rotation * centroid) }
    }

    /// Transformed pose: the position is rotated, scaled and shifted, the axes are only rotated.
    pub fn apply(&self, pose: &DAffine3) -> DAffine3 {
        let position = self.scale * (self.rotation * pose.translation) + self.translation;
        DAffine3::from_mat3_translation(self.rotation * pose.matrix3, position)
    }
}

fn positions(path: &[DAffine3]) -> Vec<DVec3> {
    path.iter().map(|pose| pose.translation).collect()
}

/// Rotation R that maximises Σ t·(R·p) over pairs of a point p of `from` and a point t of `to`.
fn best_rotation(from: &[DVec3], to: &[DVec3]) -> DQuat {
    let outer = |(p, t): (&DVec3, &DVec3)| DMat3::from_cols(*p * t.x, *p * t.y, *p * t.z);
    let sum = from.iter().zip(to).map(outer).fold(DMat3::ZERO, |sum, term| sum + term);
    // s(i, j) is Σ p_i·t_j.
    let s = |row: usize, column: usize| sum.col(column)[row];
    let [xx, yy, zz] = [s(0, 0), s(1, 1), s(2, 2)];
    let (x, y, z) = (s(1, 2) - s(2, 1), s(2, 0) - s(0, 2), s(0, 1) - s(1, 0));
    let (xy, xz, yz) = (s(0, 1) + s(1, 0), s(0, 2) + s(2, 0), s(1, 2) + s(2, 1));
    #[rustfmt::skip]
    let matrix = Matrix4::new(
        xx + yy + zz, x, y, z,
        x, xx - yy - zz, xy, xz,
        y, xy, yy - xx - zz, yz,
        z, xz, yz, zz - xx - yy,
    );
    // The iteration does not converge where the sums overflowed.
    let Some(eigen) = SymmetricEigen::try_new(matrix, f64::EPSILON, MAX_ITERATIONS) else {
        return DQuat::IDENTITY;
    };
    let [w, x, y, z] = eigen.eigenvectors.column(eigen.eigenvalues.imax()).into_owned().into();
    DQuat::from_xyzw(x, y, z, w).normalize()
}

/// Absolute trajectory error: root mean squared distance of corresponding positions, metres. 0 without poses.
pub fn absolute_error(predicted: &[DAffine3], truth: &[DAffine3]) -> f64 {
    let count = truth.len().max(1) as f64;
    root_sum_of_squares(&positions(predicted), &positions(truth), |position| position) / count.sqrt()
}

/// Angle of a rotation, radians.
fn angle(rotation: &DMat3) -> f64 {
    let trace = rotation.x_axis.x + rotation.y_axis.y + rotation.z_axis.z;
    ((trace - 1.0) / 2.0).clamp(-1.0, 1.0).acos()
}

/// Relative pose error: how far a path's motions from each pose to the next are from the true ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativePoseError {
    /// Mean distance of the ends of a predicted and a true motion, metres.
    pub metres: f64,
    /// Mean angle between predicted and true motions, degrees.
    pub degrees: f64,
}

impl RelativePoseError {
    /// Compares the motions from each pose to the next; `None` for fewer than two poses.
    ///
    /// # Panics
    /// Panics if the numbers of predicted and true poses differ.
    pub fn between(predicted: &[DAffine3], truth: &[DAffine3]) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "poses to compare");
        let motion = |path: &[DAffine3]| path[0].inverse() * path[1];
        let errors = predicted
            .windows(2)
            .zip(truth.windows(2))
            .map(|(predicted, truth)| motion(truth).inverse() * motion(predicted));
        let (metres, radians, count) = errors.fold((0.0, 0.0, 0_usize), |(metres, radians, count), error| {
            (metres + error.translation.length(), radians + angle(&error.matrix3), count + 1)
        });
        (count > 0)
            .then(|| Self { metres: metres / count as f64, degrees: (radians / count as f64).to_degrees() })
    }
}

/// Drift of a path, as the KITTI odometry benchmark measures it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Translation error / length of a subsequence, mean over all subsequences, %.
    pub translation_percent: f64,
    /// Rotation error / length of a subsequence, mean over all subsequences, degrees per metre.
    pub rotation_degrees_per_metre: f64,
    /// Number of subsequences compared.
    pub subsequences: usize,
}

impl Drift {
    /// Compares all subsequences of 100, 200, … 800 m of the true path that begin at every tenth frame;
    /// `None` if the true path is not longer than 100 m.
    ///
    /// # Panics
    /// Panics if the numbers of predicted and true poses differ.
    pub fn between(predicted: &[DAffine3], truth: &[DAffine3]) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "poses to compare");
        let distances = distances(truth);
        let (mut translation, mut rotation, mut subsequences) = (0.0, 0.0, 0);
        for first in (0..distances.len()).step_by(STRIDE) {
            for length in LENGTHS_METRES {
                let last = distances.partition_point(|distance| *distance <= distances[first] + length);
                if last == distances.len() {
                    break;
                }
                let motion = |path: &[DAffine3]| path[first].inverse() * path[last];
                let error = motion(predicted).inverse() * motion(truth);
                translation += error.translation.length() / length;
                rotation += angle(&error.matrix3) / length;
                subsequences += 1;
            }
        }
        (subsequences > 0).then(|| Self {
            translation_percent: 100.0 * translation / subsequences as f64,
            rotation_degrees_per_metre: (rotation / subsequences as f64).to_degrees(),
            subsequences,
        })
    }
}
