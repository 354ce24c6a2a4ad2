//! The plane of the road in a point cloud.

use glam::{DMat3, DVec3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The plane of the road, `y = offset + slope_x·x + slope_z·z` in a camera's axes (x right, y down,
/// z forward).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundPlane {
    /// Descent per unit to the right.
    pub slope_x: f64,
    /// Descent per unit forward.
    pub slope_z: f64,
    /// y of the plane straight below the camera, in the unit of the points.
    pub offset: f64,
    /// Share of the points that lie on the plane.
    pub inlier_share: f64,
}

/// Random triples of points that are tried. If half the points are on the ground, an eighth of the triples
/// are too, so that missing all of them is practically impossible.
const TRIALS: usize = 256;
/// Largest relative error of the depth of an inlier.
const TOLERANCE: f64 = 0.05;
/// Largest slope of a ground plane: seen from a car, steeper ones are walls.
const MAX_SLOPE: f64 = 0.25;
/// Fewest points to which a plane is fitted.
const MIN_POINTS: usize = 100;

impl GroundPlane {
    /// Fits the ground plane: RANSAC (Fischler and Bolles, 1981) over planes that lie below the camera and
    /// are not steep, then least squares over the inliers. `None` if no plane qualifies. Repeatable: the same
    /// points and seed give the same plane.
    pub fn fit(points: &[DVec3], seed: u64) -> Option<Self> {
        if points.len() < MIN_POINTS {
            return None;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || points[rng.random_range(0..points.len())];
        let candidates =
            (0..TRIALS).filter_map(|_| Self::least_squares(&[draw(), draw(), draw()])?.with_inliers(points));
        let mut best = candidates.max_by(|a, b| a.inlier_share.total_cmp(&b.inlier_share))?;
        for _ in 0..2 {
            let inliers: Vec<DVec3> = points.iter().copied().filter(|point| best.is_inlier(*point)).collect();
            best = Self::least_squares(&inliers)?.with_inliers(points)?;
        }
        Some(best)
    }

    /// Distance of the camera from the plane, in the unit of the points.
    pub fn camera_height(&self) -> f64 {
        self.offset / DVec3::new(self.slope_x, 1.0, self.slope_z).length()
    }

    /// Least-squares fit of y over x and z; `None` if the points lie in a line.
    fn least_squares(points: &[DVec3]) -> Option<Self> {
        // The normal equations of y = slope_x·x + slope_z·z + offset.
        let (mut matrix, mut right_side) = (DMat3::ZERO, DVec3::ZERO);
        for point in points {
            let row = DVec3::new(point.x, point.z, 1.0);
            matrix += DMat3::from_cols(row * row.x, row * row.y, row);
            right_side += row * point.y;
        }
        let solution = matrix.inverse() * right_side;
        let [slope_x, slope_z, offset] = solution.to_array();
        solution.is_finite().then_some(Self { slope_x, slope_z, offset, inlier_share: 0.0 })
    }

    /// This plane with its share of inliers; `None` if it cannot be the ground.
    fn with_inliers(self, points: &[DVec3]) -> Option<Self> {
        let is_ground = self.offset > 0.0 && self.slope_x.abs().max(self.slope_z.abs()) <= MAX_SLOPE;
        let inliers = points.iter().filter(|point| self.is_inlier(**point)).count();
        is_ground.then_some(Self { inlier_share: inliers as f64 / points.len() as f64, ..self })
    }

    /// True if an error of [`TOLERANCE`] in the point's depth would move it onto the plane: such errors move a
    /// point along its ray, so that its distance from the plane is compared with the camera's.
    fn is_inlier(&self, point: DVec3) -> bool {
        let offset = point.y - self.slope_x * point.x - self.slope_z * point.z;
        (offset - self.offset).abs() <= TOLERANCE * self.offset
    }
}
