//! The road's plane in a cloud of points.

use glam::{DMat3, DVec3};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The plane of the road, `y = offset + slope_x·x + slope_z·z` in a camera's axes (x right, y down,
/// z forward).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundPlane {
    /// How much it falls to the right.
    pub slope_x: f64,
    /// How much it falls ahead.
    pub slope_z: f64,
    /// How far below the camera it runs.
    pub offset: f64,
    /// The share of the points that lie on it.
    pub inlier_share: f64,
}

/// Planes that are tried: with half the points on the ground, no triple of them is missed.
const TRIALS: usize = 256;
/// How much nearer or farther along its ray a point of the ground may seem.
const TOLERANCE: f64 = 0.05;
/// Steeper planes, seen from a car, are walls.
const STEEPEST: f64 = 0.25;
/// No fit is tried on fewer points.
const FEWEST_POINTS: usize = 100;

impl GroundPlane {
    /// Finds the plane that most points lie on among those that run below the camera and are not steep
    /// (RANSAC: Fischler and Bolles, 1981), then fits it to these points. `None` if there is none.
    /// The same points and seed give the same plane.
    pub fn fit(points: &[DVec3], seed: u64) -> Option<Self> {
        if points.len() < FEWEST_POINTS {
            return None;
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = || points[random.random_range(0..points.len())];
        let tried = (0..TRIALS).filter_map(|_| Self::through(&[draw(), draw(), draw()])?.counted(points));
        let mut best = tried.max_by(|a, b| a.inlier_share.total_cmp(&b.inlier_share))?;
        for _ in 0..2 {
            let inliers: Vec<DVec3> = points.iter().copied().filter(|point| best.holds(*point)).collect();
            best = Self::through(&inliers)?.counted(points)?;
        }
        Some(best)
    }

    /// Distance of the camera from the plane, in the unit of the points.
    pub fn camera_height(&self) -> f64 {
        self.offset / DVec3::new(self.slope_x, 1.0, self.slope_z).length()
    }

    /// The plane of least squares of y; `None` if the points lie in a line.
    fn through(points: &[DVec3]) -> Option<Self> {
        let (mut products, mut heights) = (DMat3::ZERO, DVec3::ZERO);
        for point in points {
            let row = DVec3::new(point.x, point.z, 1.0);
            products += DMat3::from_cols(row * row.x, row * row.y, row);
            heights += row * point.y;
        }
        let solution = products.inverse() * heights;
        let [slope_x, slope_z, offset] = solution.to_array();
        solution.is_finite().then_some(Self { slope_x, slope_z, offset, inlier_share: 0.0 })
    }

    /// The plane with its share of inliers; `None` if it cannot be the ground.
    fn counted(self, points: &[DVec3]) -> Option<Self> {
        let is_ground = self.offset > 0.0 && self.slope_x.abs().max(self.slope_z.abs()) <= STEEPEST;
        let inliers = points.iter().filter(|point| self.holds(**point)).count();
        is_ground.then_some(Self { inlier_share: inliers as f64 / points.len() as f64, ..self })
    }

    /// Errors of depth move a point along its ray: it lies on the plane if a small part of its depth
    /// takes it there.
    fn holds(&self, point: DVec3) -> bool {
        let below = point.y - self.slope_x * point.x - self.slope_z * point.z;
        (below - self.offset).abs() <= TOLERANCE * self.offset
    }
}
