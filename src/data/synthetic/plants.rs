//! Trees and hedges.

use super::{
    material::Material,
    noise::Rng,
    shape::{Placement, Solid},
};
use glam::Vec3;

/// A tree with its trunk at the placement's origin: `height` and radius of the crown in metres.
pub fn tree(place: &Placement, dice: &mut Rng, height: f32, spread: f32) -> Vec<Solid> {
    let bark =
        Material::Bark { seed: dice.bits(), colour: Vec3::new(0.17, 0.13, 0.1) * dice.range(0.8, 1.5) };
    let greens = [
        Vec3::new(0.1, 0.145, 0.045),
        Vec3::new(0.075, 0.12, 0.04),
        Vec3::new(0.13, 0.16, 0.05),
        Vec3::new(0.11, 0.135, 0.055),
    ];
    let leaf_colour = dice.pick(&greens) * dice.range(0.85, 1.15);
    let radius = 0.1 + 0.012 * height;
    let fork = Vec3::new(dice.range(-0.15, 0.15), -height * 0.4, dice.range(-0.15, 0.15));
    let mut parts = vec![place.bar(Vec3::new(0.0, 0.1, 0.0), fork, radius, bark)];
    let crown = Vec3::new(0.0, -height * 0.68, 0.0);
    let reach = Vec3::new(spread, height * 0.33, spread);
    let middle = place.0.transform_point3(crown);
    // Bunches fill a lumpy ellipsoid: few and large at its heart, many and small at its edge.
    let bunches = 22;
    for index in 0..bunches {
        let heart = index < 3;
        let turn = index as f32 * 2.399_963 + dice.range(-0.4, 0.4);
        let up = if heart {
            dice.range(-0.4, 0.4)
        } else {
            1.0 - 2.0 * (index as f32 - 2.5) / (bunches - 3) as f32
        };
        let out = if heart { dice.range(0.0, 0.25) } else { dice.range(0.5, 0.85) };
        let level = (1.0 - up * up).max(0.0).sqrt();
        let direction = Vec3::new(turn.cos() * level, -up, turn.sin() * level);
        let centre = crown + direction * out * reach;
        let size = if heart { dice.range(0.5, 0.62) } else { dice.range(0.24, 0.42) } * spread;
        let radii = Vec3::new(size, size * dice.range(0.65, 0.9), size * dice.range(0.85, 1.15));
        let material =
            Material::Foliage { seed: dice.bits(), colour: leaf_colour * dice.range(0.88, 1.12), middle };
        parts.push(place.leaves(centre, radii, dice.bits(), material));
        if !heart && index % 4 == 0 {
            parts.push(place.bar(fork, centre, radius * 0.4, bark));
        }
    }
    parts
}

/// A trimmed hedge along z, from the placement's origin: lumpy on all sides.
pub fn hedge(place: &Placement, dice: &mut Rng, length: f32, height: f32) -> Vec<Solid> {
    let colour = Vec3::new(0.08, 0.12, 0.04) * dice.range(0.85, 1.2);
    let middle = place.0.transform_point3(Vec3::new(0.0, -0.2 * height, 0.0));
    let mut parts = Vec::new();
    let material = Material::Foliage { seed: dice.bits(), colour: colour * 0.8, middle };
    let half = Vec3::new(0.36, 0.5 * height - 0.06, 0.5 * length);
    parts.push(place.block(Vec3::new(0.0, -half.y, 0.0), half, material));
    let lumps = (length / 0.5).ceil() as usize;
    for index in 0..lumps {
        let z = (index as f32 + 0.5) / lumps as f32 * length - 0.5 * length;
        let radii = Vec3::new(0.46, height * dice.range(0.5, 0.56), dice.range(0.4, 0.6));
        let centre = Vec3::new(dice.range(-0.05, 0.05), -0.48 * height, z);
        let material = Material::Foliage { seed: dice.bits(), colour: colour * dice.range(0.9, 1.1), middle };
        parts.push(place.leaves(centre, radii, dice.bits(), material));
    }
    parts
}
