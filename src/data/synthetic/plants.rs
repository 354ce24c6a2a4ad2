//! Trees and hedges.

use super::{
    material::Material,
    noise::Rng,
    shape::{Placement, Solid},
};
use glam::Vec3;

/// Solids of a tree with its trunk at the placement's origin; `height` and the crown's radius `spread` in
/// metres.
pub fn tree(placement: &Placement, rng: &mut Rng, height: f32, spread: f32) -> Vec<Solid> {
    let bark = Material::Bark { seed: rng.bits(), colour: Vec3::new(0.17, 0.13, 0.1) * rng.range(0.8, 1.5) };
    let greens = [
        Vec3::new(0.1, 0.145, 0.045),
        Vec3::new(0.075, 0.12, 0.04),
        Vec3::new(0.13, 0.16, 0.05),
        Vec3::new(0.11, 0.135, 0.055),
    ];
    let leaf_colour = rng.pick(&greens) * rng.range(0.85, 1.15);
    let radius = 0.1 + 0.012 * height;
    let fork = Vec3::new(rng.range(-0.15, 0.15), -height * 0.4, rng.range(-0.15, 0.15));
    let mut solids = vec![placement.bar(Vec3::new(0.0, 0.1, 0.0), fork, radius, bark)];
    let crown = Vec3::new(0.0, -height * 0.68, 0.0);
    let reach = Vec3::new(spread, height * 0.33, spread);
    let middle = placement.0.transform_point3(crown);
    // Bunches of leaves fill an ellipsoid: few large ones in the core, many small ones at the edge.
    let bunches = 22;
    for index in 0..bunches {
        let is_core = index < 3;
        let turn = index as f32 * 2.399_963 + rng.range(-0.4, 0.4);
        let up = if is_core {
            rng.range(-0.4, 0.4)
        } else {
            1.0 - 2.0 * (index as f32 - 2.5) / (bunches - 3) as f32
        };
        let out = if is_core { rng.range(0.0, 0.25) } else { rng.range(0.5, 0.85) };
        let level = (1.0 - up * up).max(0.0).sqrt();
        let direction = Vec3::new(turn.cos() * level, -up, turn.sin() * level);
        let centre = crown + direction * out * reach;
        let size = if is_core { rng.range(0.5, 0.62) } else { rng.range(0.24, 0.42) } * spread;
        let radii = Vec3::new(size, size * rng.range(0.65, 0.9), size * rng.range(0.85, 1.15));
        let material =
            Material::Foliage { seed: rng.bits(), colour: leaf_colour * rng.range(0.88, 1.12), middle };
        solids.push(placement.leaves(centre, radii, rng.bits(), material));
        if !is_core && index % 4 == 0 {
            solids.push(placement.bar(fork, centre, radius * 0.4, bark));
        }
    }
    solids
}

/// Solids of a trimmed hedge along z around the placement's origin; `length` and `height` in metres.
pub fn hedge(placement: &Placement, rng: &mut Rng, length: f32, height: f32) -> Vec<Solid> {
    let colour = Vec3::new(0.08, 0.12, 0.04) * rng.range(0.85, 1.2);
    let middle = placement.0.transform_point3(Vec3::new(0.0, -0.2 * height, 0.0));
    let mut solids = Vec::new();
    let material = Material::Foliage { seed: rng.bits(), colour: colour * 0.8, middle };
    let half = Vec3::new(0.36, 0.5 * height - 0.06, 0.5 * length);
    solids.push(placement.block(Vec3::new(0.0, -half.y, 0.0), half, material));
    let lumps = (length / 0.5).ceil() as usize;
    for index in 0..lumps {
        let z = (index as f32 + 0.5) / lumps as f32 * length - 0.5 * length;
        let radii = Vec3::new(0.46, height * rng.range(0.5, 0.56), rng.range(0.4, 0.6));
        let centre = Vec3::new(rng.range(-0.05, 0.05), -0.48 * height, z);
        let material = Material::Foliage { seed: rng.bits(), colour: colour * rng.range(0.9, 1.1), middle };
        solids.push(placement.leaves(centre, radii, rng.bits(), material));
    }
    solids
}
