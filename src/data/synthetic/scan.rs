//! A rotating laser scanner in the street, like KITTI's: exact points along 64 lines.

use super::{
    render::Scene,
    shape::{Part, Ray},
};
use glam::{DAffine3, Vec3, Vec3A};
use rayon::prelude::*;
use std::f32::consts::{PI, TAU};

/// Points farther away are not returned, metres.
const RANGE: f32 = 80.0;
const LINES: usize = 64;
/// Elevation of the highest and the lowest line, degrees.
const ELEVATIONS: (f32, f32) = (2.0, -24.8);
/// Shots of each line in a turn.
const SHOTS: usize = 1000;
/// The turn is cut into this many sectors, in which parts are looked up.
const SECTORS: usize = 100;

/// The points of one turn, in the scanner's coordinates: x forward, y left, z up, metres. `pixel` is
/// the angle at which leaves are seen as in the pictures.
pub fn scan(scene: &Scene<'_>, world_from_scanner: &DAffine3, pixel: f32) -> Vec<Vec3> {
    let axes = world_from_scanner.matrix3.as_mat3();
    let origin = world_from_scanner.translation.as_vec3a();
    let azimuth = |direction: Vec3A| {
        let direction = Vec3::from(direction);
        axes.y_axis.dot(direction).atan2(axes.x_axis.dot(direction))
    };
    let near: Vec<(&Part, f32, f32)> = scene
        .parts()
        .filter_map(|part| {
            let (middle, reach) = (0.5 * (part.low + part.high) - origin, 0.5 * (part.high - part.low));
            let (distance, radius) = (middle.x.hypot(middle.z), reach.x.hypot(reach.z));
            // The scanner leans a little with the car, so directions are taken with a margin.
            let half = if distance > radius { (radius / distance).asin() + 0.02 } else { PI };
            (distance < RANGE + radius).then(|| (part, azimuth(middle), half))
        })
        .collect();
    (0..SECTORS)
        .into_par_iter()
        .flat_map_iter(|sector| {
            let width = TAU / SECTORS as f32;
            let from = sector as f32 * width - PI;
            let parts: Vec<&Part> = near
                .iter()
                .filter(|(_, middle, half)| {
                    let apart = (middle - from - 0.5 * width + PI).rem_euclid(TAU) - PI;
                    apart.abs() <= half + 0.5 * width
                })
                .map(|(part, ..)| *part)
                .collect();
            let shots = SHOTS / SECTORS;
            (0..shots * LINES).filter_map(move |index| {
                let turn = from + width * (index / LINES) as f32 / shots as f32;
                let (high, low) = ELEVATIONS;
                let share = (index % LINES) as f32 / (LINES - 1) as f32;
                let elevation = (high + (low - high) * share).to_radians();
                let ahead =
                    Vec3::new(turn.cos() * elevation.cos(), turn.sin() * elevation.cos(), elevation.sin());
                let ray = Ray { origin, direction: (axes * ahead).into(), pixel };
                scene.distance(&ray, &parts, RANGE).map(|distance| ahead * distance)
            })
        })
        .collect()
}
