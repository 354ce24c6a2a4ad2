//! Simulated laser scanner: exact points along 64 lines, like KITTI's.

use super::{render::Scene, shape::Ray};
use glam::{DAffine3, Vec3};
use rayon::prelude::*;
use std::f32::consts::{PI, TAU};

/// Range of the scanner, metres.
const RANGE: f32 = 80.0;
const LINES: usize = 64;
/// Elevation of the highest and the lowest line, degrees.
const ELEVATIONS: (f32, f32) = (2.0, -24.8);
/// Shots of each line per revolution.
const SHOTS: usize = 1000;

/// Points of one revolution in the scanner's coordinates: x forward, y left, z up, metres. `pixel` is the
/// angle of an image's pixel, radians, so that the gaps between leaves are those of the images.
pub fn scan(scene: &Scene<'_>, world_from_scanner: &DAffine3, pixel: f32) -> Vec<Vec3> {
    let axes = world_from_scanner.matrix3.as_mat3();
    let origin = world_from_scanner.translation.as_vec3a();
    (0..SHOTS)
        .into_par_iter()
        .flat_map_iter(|shot| {
            let turn = TAU * shot as f32 / SHOTS as f32 - PI;
            (0..LINES).filter_map(move |line| {
                let (high, low) = ELEVATIONS;
                let elevation = (high + (low - high) * line as f32 / (LINES - 1) as f32).to_radians();
                let level = elevation.cos();
                let ahead = Vec3::new(turn.cos() * level, turn.sin() * level, elevation.sin());
                let ray = Ray { origin, direction: (axes * ahead).into(), pixel };
                scene.distance(&ray, RANGE).map(|distance| ahead * distance)
            })
        })
        .collect()
}
