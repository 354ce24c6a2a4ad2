//! Sun, sky and haze.

use super::{
    finish::Finish,
    noise::{Rng, noise2, octaves2, smoothstep},
};
use glam::{Vec2, Vec3, Vec3A};

/// Light of one day. Radiance is linear; white paper in the sun is about 1.
pub struct Light {
    seed: u32,
    /// Direction to the sun, unit length.
    pub to_sun: Vec3A,
    sun: Vec3,
    sky: Vec3,
    bounce: Vec3,
    haze: Vec3,
}

impl Light {
    /// Draws the day of this seed: the sun is high enough to light the road, on either side.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 2);
        let elevation = rng.range(42.0_f32, 54.0).to_radians();
        let side = if rng.chance(0.5) { 1.0 } else { -1.0 };
        // The sun is behind the camera and to its side, so that the surfaces in view are lit.
        let azimuth = side * rng.range(105.0_f32, 135.0).to_radians();
        let to_sun =
            Vec3A::new(azimuth.sin() * elevation.cos(), -elevation.sin(), azimuth.cos() * elevation.cos());
        Self {
            seed: rng.bits(),
            to_sun,
            sun: Vec3::new(1.0, 0.93, 0.8) * 1.25,
            sky: Vec3::new(0.42, 0.52, 0.68) * 0.62,
            bounce: Vec3::new(0.3, 0.28, 0.25) * 0.5,
            haze: Vec3::new(0.62, 0.7, 0.8) * 0.8,
        }
    }

    /// Background beyond the street: distant trees, clouds, sky. `direction` need not be normalised; `pixel`
    /// is the angle that a pixel covers, radians.
    pub fn background(&self, direction: Vec3A, pixel: f32) -> Vec3 {
        let direction = direction.normalize();
        let up = -direction.y;
        let azimuth = direction.x.atan2(direction.z);
        let wooded = octaves2(
            self.seed,
            Vec2::new(azimuth, up),
            Vec2::splat(pixel),
            &[(0.3, 9.0, 0.012), (0.07, 9.0, 0.009), (0.02, 9.0, 0.005), (0.008, 9.0, 0.004)],
        );
        let skyline = 0.035 + wooded;
        let sky = self.clouds(direction, up, pixel);
        let grain = octaves2(
            self.seed ^ 0xB0,
            Vec2::new(azimuth, up),
            Vec2::splat(pixel),
            &[(0.03, 0.012, 0.25), (0.012, 0.006, 0.25)],
        );
        let woods = Vec3::new(0.06, 0.095, 0.06) * (1.0 + grain);
        let woods = woods.lerp(self.haze, 0.3);
        woods.lerp(sky, smoothstep(skyline - 0.7 * pixel, skyline + 0.7 * pixel, up))
    }

    fn clouds(&self, direction: Vec3A, up: f32, pixel: f32) -> Vec3 {
        let zenith = Vec3::new(0.16, 0.33, 0.68);
        let blue = self.haze.lerp(zenith, smoothstep(0.0, 0.45, up.max(0.0)));
        let distance = 1.0 / (up.max(0.0) + 0.1);
        let at = Vec2::new(direction.x, direction.z) * distance;
        let footprint = Vec2::splat(pixel * distance * distance * 0.7);
        let shape = octaves2(
            self.seed ^ 0xC1,
            at,
            footprint,
            &[(2.6, 2.6, 0.55), (1.1, 1.1, 0.4), (0.5, 0.5, 0.26), (0.22, 0.22, 0.15), (0.1, 0.1, 0.08)],
        );
        let cover = smoothstep(0.02, 0.55, shape);
        let lit = Vec3::new(1.0, 0.99, 0.96) * (1.0 - 0.18 * smoothstep(0.3, 0.9, shape));
        blue.lerp(lit, 0.85 * cover)
    }

    /// Sky as glossy surfaces mirror it, without detail.
    fn mirrored(&self, direction: Vec3A) -> Vec3 {
        let up = -direction.y;
        let sky = self.haze.lerp(Vec3::new(0.3, 0.45, 0.75), smoothstep(0.05, 0.6, up));
        Vec3::new(0.09, 0.09, 0.085).lerp(sky, smoothstep(-0.1, 0.25, up))
    }

    /// Light that a surface reflects along `-view`, where `view` is a unit vector from the eye; `sunlit` is
    /// the share of the sun that reaches the surface.
    pub fn reflect(&self, finish: &Finish, normal: Vec3A, view: Vec3A, sunlit: f32) -> Vec3 {
        let facing = normal.dot(self.to_sun);
        let direct = facing.max(0.0) + finish.translucent * (-facing).max(0.0);
        let around = self.bounce.lerp(self.sky, 0.5 - 0.5 * normal.y) * finish.open;
        let diffuse = finish.colour * (self.sun * (direct * sunlit) + around);
        if finish.gloss == 0.0 {
            return diffuse;
        }
        let grazing = (1.0 + view.dot(normal)).clamp(0.0, 1.0).powi(4);
        let mirrored = self.mirrored(view - normal * (2.0 * view.dot(normal)));
        diffuse + mirrored * ((finish.gloss + 0.5 * finish.gloss.min(0.2) * 5.0 * grazing) * finish.open)
    }

    /// Colour of a surface seen through this much air, metres.
    pub fn through_air(&self, colour: Vec3, distance: f32) -> Vec3 {
        colour.lerp(self.haze, 1.0 - (-distance / 1000.0).exp())
    }

    /// Density of the leaves between the sun and this point of the ground: the dappled light under trees.
    pub fn dapple(&self, x: f32, z: f32) -> f32 {
        0.5 * noise2(self.seed ^ 0xD4, x / 0.55, z / 0.55) + 0.3 * noise2(self.seed ^ 0xD5, x / 0.3, z / 0.3)
    }
}
