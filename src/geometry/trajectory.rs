//! Paths of a camera: chained from motions, laid over each other, compared as the method's
//! [Odometry evaluation](crate::objective::method#odometry-evaluation) says.
//!
//! A pose is `world_from_camera`, a motion `next_from_this`: it takes points of a frame's camera to that
//! of the next frame. A path has a pose for each frame, so one more than it has motions.

use glam::{DAffine3, DMat3, DQuat, DVec3};
use nalgebra::{Matrix4, SymmetricEigen};

/// Positions in a snippet, as in the published tables.
const SNIPPET: usize = 5;
/// The lengths of subsequences over which drift is measured, metres.
const LENGTHS_METRES: [f64; 8] = [100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0];
/// A subsequence begins at every tenth frame.
const STRIDE: usize = 10;
/// Eigenvectors of a matrix of numbers need a dozen.
const MOST_ITERATIONS: usize = 1000;

/// The path that begins at the origin and makes these motions.
pub fn path_of_motions(motions: &[DAffine3]) -> Vec<DAffine3> {
    let mut path = vec![DAffine3::IDENTITY];
    path.extend(motions.iter().scan(DAffine3::IDENTITY, |pose, next_from_this| {
        *pose *= next_from_this.inverse();
        Some(*pose)
    }));
    path
}

/// The motions of a path; none for fewer than two poses.
pub fn motions_of_path(path: &[DAffine3]) -> Vec<DAffine3> {
    path.windows(2).map(|pair| pair[1].inverse() * pair[0]).collect()
}

/// The same path seen from its first pose.
pub fn from_first_pose(path: &[DAffine3]) -> Vec<DAffine3> {
    let first = path.first().map_or(DAffine3::IDENTITY, DAffine3::inverse);
    path.iter().map(|pose| first * *pose).collect()
}

/// How far the camera has gone at every pose, metres.
pub fn distances(path: &[DAffine3]) -> Vec<f64> {
    let steps = path.windows(2).map(|pair| pair[0].translation.distance(pair[1].translation));
    let sums = steps.scan(0.0, |sum, step| {
        *sum += step;
        Some(*sum)
    });
    path.first().map(|_| 0.0).into_iter().chain(sums).collect()
}

/// The error of every snippet of five positions, one for each motion at which it begins; those at the end
/// have fewer positions.
///
/// This is what the published tables show, with two oddities of theirs: a snippet multiplies motions
/// `next_from_this` from the left to the right, of both paths, as if they were the other way round; and
/// the root of the summed squares is divided by the number of positions, not by its root. The predicted
/// positions are scaled to the true ones, snippet by snippet.
///
/// # Panics
/// If there are not as many predicted as true motions.
pub fn snippet_errors(predicted: &[DAffine3], truth: &[DAffine3]) -> Vec<f64> {
    assert_eq!(predicted.len(), truth.len(), "motions to compare");
    let positions = |motions: &[DAffine3], start: usize| -> Vec<DVec3> {
        let end = (start + SNIPPET - 1).min(motions.len());
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
        root_of_squares(&predicted, &truth, |position| position * scale) / truth.len() as f64
    };
    (0..truth.len()).map(error).collect()
}

/// What Σ‖g − s·p‖² is least for; 1 if nothing moves in the prediction.
fn least_squares_scale(predicted: &[DVec3], truth: &[DVec3]) -> f64 {
    let product: f64 = predicted.iter().zip(truth).map(|(p, g)| p.dot(*g)).sum();
    let square: f64 = predicted.iter().map(|p| p.length_squared()).sum();
    if square > 0.0 { product / square } else { 1.0 }
}

fn root_of_squares(predicted: &[DVec3], truth: &[DVec3], placed: impl Fn(DVec3) -> DVec3) -> f64 {
    let squares = predicted.iter().zip(truth).map(|(p, g)| placed(*p).distance_squared(*g));
    squares.sum::<f64>().sqrt()
}

/// How a predicted path is laid over the true one before they are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alignment {
    /// Its first pose on the true first pose; lengths stay as predicted.
    FirstPose,
    /// The same, then scaled about that place as fits best: what a network without a unit of length
    /// needs at least.
    #[default]
    Scale,
    /// Turned, moved and scaled as fits best over all frames: Sim(3).
    Similarity,
}

impl Alignment {
    /// All of them, the strictest first.
    pub const ALL: [Self; 3] = [Self::FirstPose, Self::Scale, Self::Similarity];
}

/// A rotation, a scale and a shift of the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// What lengths are multiplied by.
    pub scale: f64,
    /// Which way the path is turned.
    pub rotation: DMat3,
    /// Where the origin goes, metres.
    pub translation: DVec3,
}

impl Similarity {
    /// What lays `predicted` over `truth`.
    ///
    /// The least squares of [`Alignment::Similarity`] are Umeyama's (TPAMI 1991), with the rotation found
    /// as Horn does (JOSA A 1987), by the greatest eigenvector of a symmetric matrix: it is never a
    /// mirror image, and any path, also a straight or a standing one, has one.
    ///
    /// # Panics
    /// If there are not as many predicted as true poses.
    pub fn between(predicted: &[DAffine3], truth: &[DAffine3], alignment: Alignment) -> Self {
        assert_eq!(predicted.len(), truth.len(), "poses to compare");
        let (Some(first), Some(true_first)) = (predicted.first(), truth.first()) else {
            return Self { scale: 1.0, rotation: DMat3::IDENTITY, translation: DVec3::ZERO };
        };
        if alignment == Alignment::Similarity {
            return Self::least_squares(&positions(predicted), &positions(truth));
        }
        let rotation = (*true_first * first.inverse()).matrix3;
        let from = |origin: DVec3, path: &[DAffine3]| -> Vec<DVec3> {
            path.iter().map(|pose| pose.translation - origin).collect()
        };
        let scale = if alignment == Alignment::Scale {
            let turned: Vec<DVec3> =
                from(first.translation, predicted).into_iter().map(|place| rotation * place).collect();
            least_squares_scale(&turned, &from(true_first.translation, truth))
        } else {
            1.0
        };
        let translation = true_first.translation - scale * (rotation * first.translation);
        Self { scale, rotation, translation }
    }

    fn least_squares(predicted: &[DVec3], truth: &[DVec3]) -> Self {
        let mean = |places: &[DVec3]| places.iter().sum::<DVec3>() / places.len() as f64;
        let (middle, true_middle) = (mean(predicted), mean(truth));
        let centred = |places: &[DVec3], middle: DVec3| -> Vec<DVec3> {
            places.iter().map(|place| *place - middle).collect()
        };
        let (from, to) = (centred(predicted, middle), centred(truth, true_middle));
        let rotation = DMat3::from_quat(best_rotation(&from, &to));
        let turned: Vec<DVec3> = from.iter().map(|place| rotation * *place).collect();
        let scale = least_squares_scale(&turned, &to);
        Self { scale, rotation, translation: true_middle - scale * (rotation * middle) }
    }

    /// Where a pose goes: its place is turned, scaled and shifted, its axes only turned.
    pub fn apply(&self, pose: &DAffine3) -> DAffine3 {
        let place = self.scale * (self.rotation * pose.translation) + self.translation;
        DAffine3::from_mat3_translation(self.rotation * pose.matrix3, place)
    }
}

fn positions(path: &[DAffine3]) -> Vec<DVec3> {
    path.iter().map(|pose| pose.translation).collect()
}

/// The rotation that Σ g·(R·p) is greatest for.
fn best_rotation(from: &[DVec3], to: &[DVec3]) -> DQuat {
    let outer = |(p, g): (&DVec3, &DVec3)| DMat3::from_cols(*p * g.x, *p * g.y, *p * g.z);
    let sum = from.iter().zip(to).map(outer).fold(DMat3::ZERO, |sum, term| sum + term);
    // s(i, j) is Σ p_i·g_j.
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
    // Sums that overflowed have no eigenvectors to wait for.
    let Some(eigen) = SymmetricEigen::try_new(matrix, f64::EPSILON, MOST_ITERATIONS) else {
        return DQuat::IDENTITY;
    };
    let [w, x, y, z] = eigen.eigenvectors.column(eigen.eigenvalues.imax()).into_owned().into();
    DQuat::from_xyzw(x, y, z, w).normalize()
}

/// The root of the mean squared distance of corresponding positions, metres: the absolute trajectory
/// error of a whole path. 0 without poses.
pub fn absolute_error(predicted: &[DAffine3], truth: &[DAffine3]) -> f64 {
    let count = truth.len().max(1) as f64;
    root_of_squares(&positions(predicted), &positions(truth), |place| place) / count.sqrt()
}

/// How much a path drifts, as the KITTI odometry benchmark measures it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Translation error over the length of a subsequence, mean over all, %.
    pub translation_percent: f64,
    /// Rotation error over the length, mean over all, degrees a metre.
    pub rotation_degrees_per_metre: f64,
    /// How many subsequences were compared.
    pub subsequences: usize,
}

impl Drift {
    /// Compares all subsequences of 100, 200, … 800 m of the true path that begin at every tenth frame;
    /// `None` if the true path is not longer than 100 m.
    ///
    /// # Panics
    /// If there are not as many predicted as true poses.
    pub fn between(predicted: &[DAffine3], truth: &[DAffine3]) -> Option<Self> {
        assert_eq!(predicted.len(), truth.len(), "poses to compare");
        let gone = distances(truth);
        let (mut translation, mut rotation, mut subsequences) = (0.0, 0.0, 0);
        for first in (0..gone.len()).step_by(STRIDE) {
            for length in LENGTHS_METRES {
                let last = gone.partition_point(|there| *there <= gone[first] + length);
                if last == gone.len() {
                    break;
                }
                let part = |path: &[DAffine3]| path[first].inverse() * path[last];
                let error = part(predicted).inverse() * part(truth);
                let matrix = error.matrix3;
                let trace = matrix.x_axis.x + matrix.y_axis.y + matrix.z_axis.z;
                translation += error.translation.length() / length;
                rotation += ((trace - 1.0) / 2.0).clamp(-1.0, 1.0).acos() / length;
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
