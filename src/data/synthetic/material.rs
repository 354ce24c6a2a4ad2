//! Materials: finish of a surface at a point, with no detail finer than the pixel that sees it.

use super::{
    bodywork,
    facade::Facade,
    finish::{Finish, SurfacePoint},
    noise::{band, band_limit, cell, floor, octaves2, octaves3, smoothstep, stripes},
};
use glam::{Vec2, Vec3};

/// Materials of the street.
#[derive(Clone, Copy)]
pub enum Material {
    /// A house front.
    Facade(Facade),
    /// Rows of roof tiles.
    Tiles { seed: u32, colour: Vec3 },
    /// Plaster, stone or concrete without openings.
    Stone { seed: u32, colour: Vec3 },
    /// A wooden or iron fence of upright bars.
    Fence { colour: Vec3 },
    /// Leaves of a tree around its middle, or of a hedge.
    Foliage { seed: u32, colour: Vec3, middle: Vec3 },
    /// A trunk.
    Bark { seed: u32, colour: Vec3 },
    /// Painted metal.
    Metal { colour: Vec3 },
    /// The plate of a traffic sign, red ring on white or white on blue.
    Sign { is_blue: bool },
    /// A car's lower body; positions are divided by `scale` first.
    CarBody { paint: Vec3, scale: Vec3 },
    /// A car's cabin.
    CarCabin { paint: Vec3, scale: Vec3 },
    /// A wheel, its axis along y.
    Wheel,
}

impl Material {
    /// Finish at a point of the surface.
    pub fn finish(&self, surface: &SurfacePoint) -> Finish {
        match *self {
            Self::Facade(facade) => facade.finish(surface),
            Self::Tiles { seed, colour } => tiles(seed, colour, surface),
            Self::Stone { seed, colour } => stone(seed, colour, surface),
            Self::Fence { colour } => fence(colour, surface),
            Self::Foliage { seed, colour, middle } => foliage(seed, colour, middle, surface),
            Self::Bark { seed, colour } => bark(seed, colour, surface),
            Self::Metal { colour } => Finish { gloss: 0.06, ..Finish::matt(colour) },
            Self::Sign { is_blue } => sign(is_blue, surface),
            Self::CarBody { paint, scale } => bodywork::body_finish(paint, scale, surface),
            Self::CarCabin { paint, scale } => bodywork::cabin_finish(paint, scale, surface),
            Self::Wheel => wheel(surface),
        }
    }
}

fn tiles(seed: u32, colour: Vec3, surface: &SurfacePoint) -> Finish {
    // Rows are counted by height, to which the length along the slope is proportional.
    let along = if surface.normal.z.abs() > 0.8 { surface.local.x } else { surface.local.z };
    let footprint = Vec2::new(surface.footprint.x.min(surface.footprint.z), surface.footprint.y);
    let (row_height, width) = (0.21, 0.26);
    let row = floor(surface.height() / row_height);
    let tile = floor(along / width + 0.5 * (row & 1) as f32);
    let tone = (cell(seed, tile, row) - 0.5) * 0.35 * band_limit(width, footprint.x.max(footprint.y));
    let edge = stripes(surface.height(), row_height, 0.0, 0.05, footprint.y);
    let weather = octaves2(
        seed,
        Vec2::new(along, surface.height()),
        footprint,
        &[(2.2, 1.4, 0.16), (0.7, 0.5, 0.12), (0.2, 0.12, 0.08)],
    );
    Finish::matt(colour * (1.0 + tone + weather) * (1.0 - 0.45 * edge))
}

fn stone(seed: u32, colour: Vec3, surface: &SurfacePoint) -> Finish {
    let grain = octaves3(
        seed,
        surface.world.into(),
        surface.coarse,
        &[(1.3, 0.12), (0.4, 0.12), (0.13, 0.1), (0.05, 0.1), (0.02, 0.08)],
    );
    let damp = 0.25 * smoothstep(0.6, 0.0, surface.height());
    Finish::matt(colour * (1.0 + grain - damp))
}

fn fence(colour: Vec3, surface: &SurfacePoint) -> Finish {
    let (at, footprint) = surface.on_wall();
    let gap = stripes(at.x, 0.14, 0.1, 0.14, footprint.x);
    let rail = band(at.y, 0.32, 0.4, footprint.y) + band(at.y, 0.85, 0.93, footprint.y);
    let board = cell(7, floor(at.x / 0.14), 3) * band_limit(0.14, footprint.x);
    let grain = octaves2(11, at, footprint, &[(0.05, 0.5, 0.15), (0.4, 0.4, 0.1)]);
    let wood = colour * (0.8 + 0.3 * board + grain);
    Finish::matt(wood.lerp(Vec3::splat(0.015), gap * (1.0 - rail.min(1.0))))
}

fn foliage(seed: u32, colour: Vec3, middle: Vec3, surface: &SurfacePoint) -> Finish {
    let point = Vec3::from(surface.world);
    let pattern = octaves3(
        seed,
        point,
        surface.coarse,
        &[(1.1, 0.25), (0.5, 0.36), (0.24, 0.42), (0.12, 0.36), (0.05, 0.25)],
    );
    // Leaves inside and under a crown are in its shade.
    let up = ((middle.y - point.y) * 0.22).clamp(-0.5, 0.6);
    let hue = octaves3(seed ^ 0xA5, point, surface.coarse, &[(0.8, 1.0), (0.15, 0.6)]);
    let tint = colour * Vec3::new(1.0 + 0.22 * hue, 1.0, 1.0 - 0.2 * hue);
    let shade = (0.85 + up + 0.9 * pattern).max(0.2);
    Finish { translucent: 0.5, open: (0.8 + up).clamp(0.4, 1.0), ..Finish::matt(tint * shade) }
}

fn bark(seed: u32, colour: Vec3, surface: &SurfacePoint) -> Finish {
    let around = surface.local.x.atan2(surface.local.z);
    let at = Vec2::new(around * 0.18, surface.height());
    let footprint = Vec2::splat(surface.coarse);
    let grain = octaves2(seed, at, footprint, &[(0.05, 0.4, 0.3), (0.1, 0.12, 0.3), (0.02, 0.08, 0.25)]);
    Finish::matt(colour * (1.0 + grain))
}

fn sign(is_blue: bool, surface: &SurfacePoint) -> Finish {
    let rim = surface.local.x.hypot(surface.local.z);
    let blur = surface.coarse / 0.3;
    let inner = band(rim, -0.72, 0.72, blur);
    let bar = band(surface.local.z, -0.45, 0.45, blur) * band(surface.local.x, -0.12, 0.12, blur);
    let (ring, field, mark) = if is_blue {
        (Vec3::splat(0.7), Vec3::new(0.02, 0.08, 0.4), Vec3::splat(0.75))
    } else {
        (Vec3::new(0.5, 0.02, 0.02), Vec3::splat(0.75), Vec3::splat(0.03))
    };
    Finish::matt(ring.lerp(field.lerp(mark, bar), inner))
}

fn wheel(surface: &SurfacePoint) -> Finish {
    let radius = surface.local.x.hypot(surface.local.z);
    let blur = surface.coarse / 0.31;
    let rim = band(radius, -0.62, 0.62, blur) * surface.normal.y.abs();
    let spokes = stripes(surface.local.x.atan2(surface.local.z), 1.2566, 0.0, 0.62, blur * 1.6);
    let hub = Vec3::splat(0.1 + 0.35 * spokes.max(band(radius, -0.16, 0.16, blur)));
    Finish { gloss: 0.03 * rim, open: 0.6, ..Finish::matt(Vec3::splat(0.018).lerp(hub, rim)) }
}
