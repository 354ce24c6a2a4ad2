//! Optical properties of a surface at a point, and the point as a pixel sees it.

use glam::{Vec2, Vec3, Vec3A};

/// Point of a surface as a pixel sees it.
pub struct SurfacePoint {
    /// Position in the solid's coordinates.
    pub local: Vec3A,
    /// Outward normal in the solid's coordinates.
    pub normal: Vec3A,
    /// Position in the world, metres.
    pub world: Vec3A,
    /// Extent of the pixel along the solid's axes, metres.
    pub footprint: Vec3A,
    /// Extent of the pixel in any direction, metres.
    pub coarse: f32,
}

impl SurfacePoint {
    /// Height above the carriageway, metres.
    pub fn height(&self) -> f32 {
        -self.world.y
    }

    /// Position on the face of a block, (horizontal, height above the carriageway) in metres, and the pixel's
    /// extent along both.
    pub fn on_wall(&self) -> (Vec2, Vec2) {
        let (u, extent) = if self.normal.x.abs() > 0.5 {
            (self.local.z, self.footprint.z)
        } else {
            (self.local.x, self.footprint.x)
        };
        (Vec2::new(u, self.height()), Vec2::new(extent, self.footprint.y))
    }
}

/// Optical properties of a surface at a point.
#[derive(Clone, Copy)]
pub struct Finish {
    /// Diffuse reflectance, linear.
    pub colour: Vec3,
    /// Share of the mirrored sky at perpendicular view; it grows towards grazing view.
    pub gloss: f32,
    /// Share of the light from behind that passes through, for leaves.
    pub translucent: f32,
    /// Share of the sky's light that reaches the point.
    pub open: f32,
}

impl Finish {
    /// Finish without gloss, under the open sky.
    pub fn matt(colour: Vec3) -> Self {
        Self { colour, gloss: 0.0, translucent: 0.0, open: 1.0 }
    }
}
