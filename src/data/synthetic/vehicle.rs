//! Cars: body and cabin as hulls, and wheels.

use super::{
    material::Material,
    noise::Rng,
    shape::{Placement, Solid},
};
use glam::Vec3;

/// Colour and proportions of a car.
#[derive(Clone, Copy)]
pub struct CarAppearance {
    /// Linear reflectance of the paint.
    pub paint: Vec3,
    /// Size relative to a hatchback of 4.2 × 1.75 × 1.46 m: width, height, length.
    pub scale: Vec3,
}

impl CarAppearance {
    /// Draws a random car.
    pub fn draw(rng: &mut Rng) -> Self {
        let paints = [
            Vec3::new(0.62, 0.63, 0.64),
            Vec3::new(0.3, 0.31, 0.33),
            Vec3::new(0.03, 0.032, 0.036),
            Vec3::new(0.07, 0.075, 0.085),
            Vec3::new(0.17, 0.015, 0.02),
            Vec3::new(0.03, 0.07, 0.24),
            Vec3::new(0.5, 0.47, 0.4),
            Vec3::new(0.03, 0.12, 0.1),
            Vec3::new(0.14, 0.2, 0.28),
        ];
        let scale = Vec3::new(rng.range(0.97, 1.04), rng.range(0.97, 1.12), rng.range(0.93, 1.08));
        Self { paint: rng.pick(&paints), scale }
    }
}

/// Solids of a car at `placement`: z forward, the origin on the ground below its middle.
pub fn car(placement: &Placement, appearance: CarAppearance) -> Vec<Solid> {
    let CarAppearance { paint, scale } = appearance;
    let hull = |planes: &[(Vec3, Vec3)], low: Vec3, high: Vec3, material| {
        let planes: Vec<_> = planes
            .iter()
            .map(|(normal, point)| {
                let (normal, point) = (*normal / scale, *point * scale);
                (normal, normal.dot(point))
            })
            .collect();
        placement.hull(&planes, low * scale, high * scale, material)
    };
    let plane = |normal: [f32; 3], point: [f32; 3]| (Vec3::from(normal), Vec3::from(point));
    let body = [
        plane([1.0, -0.3, 0.0], [0.87, -0.6, 0.0]),
        plane([-1.0, -0.3, 0.0], [-0.87, -0.6, 0.0]),
        plane([1.0, 0.12, 0.0], [0.87, -0.6, 0.0]),
        plane([-1.0, 0.12, 0.0], [-0.87, -0.6, 0.0]),
        plane([0.0, 1.0, 0.0], [0.0, -0.2, 0.0]),
        plane([0.0, -1.0, 0.0], [0.0, -0.93, 0.0]),
        plane([0.0, -1.0, 0.17], [0.0, -0.93, 0.9]),
        plane([0.0, -1.0, 0.6], [0.0, -0.74, 1.9]),
        plane([0.0, -0.2, 1.0], [0.0, -0.5, 2.08]),
        plane([0.0, 0.35, 1.0], [0.0, -0.5, 2.08]),
        plane([0.0, -0.2, -1.0], [0.0, -0.55, -2.08]),
        plane([0.0, 0.4, -1.0], [0.0, -0.5, -2.08]),
        plane([0.55, 0.0, 1.0], [0.62, 0.0, 2.08]),
        plane([-0.55, 0.0, 1.0], [-0.62, 0.0, 2.08]),
        plane([0.45, 0.0, -1.0], [0.66, 0.0, -2.08]),
        plane([-0.45, 0.0, -1.0], [-0.66, 0.0, -2.08]),
    ];
    let cabin = [
        plane([1.0, -0.34, 0.0], [0.8, -0.92, 0.0]),
        plane([-1.0, -0.34, 0.0], [-0.8, -0.92, 0.0]),
        plane([0.8, -1.0, 0.0], [0.5, -1.44, 0.0]),
        plane([-0.8, -1.0, 0.0], [-0.5, -1.44, 0.0]),
        plane([0.0, 1.0, 0.0], [0.0, -0.88, 0.0]),
        plane([0.0, -1.0, 0.1], [0.0, -1.46, -0.2]),
        plane([0.0, -1.0, -0.08], [0.0, -1.46, -0.5]),
        plane([0.0, -0.75, 0.55], [0.0, -0.9, 1.1]),
        plane([0.0, -0.42, -0.8], [0.0, -0.92, -1.98]),
    ];
    let mut solids = vec![
        hull(
            &body,
            Vec3::new(-0.9, -0.96, -2.12),
            Vec3::new(0.9, -0.2, 2.12),
            Material::CarBody { paint, scale },
        ),
        hull(
            &cabin,
            Vec3::new(-0.82, -1.5, -2.0),
            Vec3::new(0.82, -0.86, 1.2),
            Material::CarCabin { paint, scale },
        ),
    ];
    for side in [-1.0, 1.0] {
        for z in [-1.28, 1.3] {
            let outer = Vec3::new(side * 0.885, -0.315, z) * scale;
            let inner = Vec3::new(side * 0.66, -0.315, z) * scale;
            solids.push(placement.bar(inner, outer, 0.315 * scale.y, Material::Wheel));
        }
        let mirror = Vec3::new(side * 0.95, -1.0, 0.72) * scale;
        solids.push(placement.block(mirror, Vec3::new(0.1, 0.07, 0.06), Material::Metal { colour: paint }));
    }
    solids
}
