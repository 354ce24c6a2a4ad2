//! What surfaces look like: colour at a point, never finer than the pixel that looks at it.

use super::{
    bodywork,
    facade::Facade,
    finish::{Finish, SurfacePoint},
    noise::{band, carried, cell, floor, octaves2, octaves3, smoothstep, stripes},
};
use glam::{Vec2, Vec3};

/// The surfaces of the street.
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
    Sign { blue: bool },
    /// A car's lower body; positions are divided by its scale.
    CarBody { paint: Vec3, scale: Vec3 },
    /// A car's cabin.
    CarCabin { paint: Vec3, scale: Vec3 },
    /// A wheel, its axis along y.
    Wheel,
}

impl Material {
    /// Colour and gloss at a spot.
    pub fn finish(&self, spot: &SurfacePoint) -> Finish {
        match *self {
            Self::Facade(facade) => facade.finish(spot),
            Self::Tiles { seed, colour } => tiles(seed, colour, spot),
            Self::Stone { seed, colour } => stone(seed, colour, spot),
            Self::Fence { colour } => fence(colour, spot),
            Self::Foliage { seed, colour, middle } => foliage(seed, colour, middle, spot),
            Self::Bark { seed, colour } => bark(seed, colour, spot),
            Self::Metal { colour } => Finish { gloss: 0.06, ..Finish::matt(colour) },
            Self::Sign { blue } => sign(blue, spot),
            Self::CarBody { paint, scale } => bodywork::body_finish(paint, scale, spot),
            Self::CarCabin { paint, scale } => bodywork::cabin_finish(paint, scale, spot),
            Self::Wheel => wheel(spot),
        }
    }
}

fn tiles(seed: u32, colour: Vec3, spot: &SurfacePoint) -> Finish {
    // Rows follow the height: the slope's own length is that times a constant.
    let along = if spot.normal.z.abs() > 0.8 { spot.local.x } else { spot.local.z };
    let footprint = Vec2::new(spot.footprint.x.min(spot.footprint.z), spot.footprint.y);
    let (row_height, width) = (0.21, 0.26);
    let row = floor(spot.height() / row_height);
    let tile = floor(along / width + 0.5 * (row & 1) as f32);
    let tone = (cell(seed, tile, row) - 0.5) * 0.35 * carried(width, footprint.x.max(footprint.y));
    let edge = stripes(spot.height(), row_height, 0.0, 0.05, footprint.y);
    let weather = octaves2(
        seed,
        Vec2::new(along, spot.height()),
        footprint,
        &[(2.2, 1.4, 0.16), (0.7, 0.5, 0.12), (0.2, 0.12, 0.08)],
    );
    Finish::matt(colour * (1.0 + tone + weather) * (1.0 - 0.45 * edge))
}

fn stone(seed: u32, colour: Vec3, spot: &SurfacePoint) -> Finish {
    let grain = octaves3(
        seed,
        spot.world.into(),
        spot.coarse,
        &[(1.3, 0.12), (0.4, 0.12), (0.13, 0.1), (0.05, 0.1), (0.02, 0.08)],
    );
    let damp = 0.25 * smoothstep(0.6, 0.0, spot.height());
    Finish::matt(colour * (1.0 + grain - damp))
}

fn fence(colour: Vec3, spot: &SurfacePoint) -> Finish {
    let (at, footprint) = spot.on_wall();
    let gap = stripes(at.x, 0.14, 0.1, 0.14, footprint.x);
    let rail = band(at.y, 0.32, 0.4, footprint.y) + band(at.y, 0.85, 0.93, footprint.y);
    let board = cell(7, floor(at.x / 0.14), 3) * carried(0.14, footprint.x);
    let grain = octaves2(11, at, footprint, &[(0.05, 0.5, 0.15), (0.4, 0.4, 0.1)]);
    let wood = colour * (0.8 + 0.3 * board + grain);
    Finish::matt(wood.lerp(Vec3::splat(0.015), gap * (1.0 - rail.min(1.0))))
}

fn foliage(seed: u32, colour: Vec3, middle: Vec3, spot: &SurfacePoint) -> Finish {
    let point = Vec3::from(spot.world);
    let pattern = octaves3(
        seed,
        point,
        spot.coarse,
        &[(1.1, 0.25), (0.5, 0.36), (0.24, 0.42), (0.12, 0.36), (0.05, 0.25)],
    );
    // Leaves inside a crown and under it stand in its shade.
    let up = ((middle.y - point.y) * 0.22).clamp(-0.5, 0.6);
    let hue = octaves3(seed ^ 0xA5, point, spot.coarse, &[(0.8, 1.0), (0.15, 0.6)]);
    let tint = colour * Vec3::new(1.0 + 0.22 * hue, 1.0, 1.0 - 0.2 * hue);
    let shade = (0.85 + up + 0.9 * pattern).max(0.2);
    Finish { translucent: 0.5, open: (0.8 + up).clamp(0.4, 1.0), ..Finish::matt(tint * shade) }
}

fn bark(seed: u32, colour: Vec3, spot: &SurfacePoint) -> Finish {
    let around = spot.local.x.atan2(spot.local.z);
    let at = Vec2::new(around * 0.18, spot.height());
    let footprint = Vec2::splat(spot.coarse);
    let grain = octaves2(seed, at, footprint, &[(0.05, 0.4, 0.3), (0.1, 0.12, 0.3), (0.02, 0.08, 0.25)]);
    Finish::matt(colour * (1.0 + grain))
}

fn sign(blue: bool, spot: &SurfacePoint) -> Finish {
    let rim = spot.local.x.hypot(spot.local.z);
    let blur = spot.coarse / 0.3;
    let inner = band(rim, -0.72, 0.72, blur);
    let bar = band(spot.local.z, -0.45, 0.45, blur) * band(spot.local.x, -0.12, 0.12, blur);
    let (ring, field, mark) = if blue {
        (Vec3::splat(0.7), Vec3::new(0.02, 0.08, 0.4), Vec3::splat(0.75))
    } else {
        (Vec3::new(0.5, 0.02, 0.02), Vec3::splat(0.75), Vec3::splat(0.03))
    };
    Finish::matt(ring.lerp(field.lerp(mark, bar), inner))
}

fn wheel(spot: &SurfacePoint) -> Finish {
    let radius = spot.local.x.hypot(spot.local.z);
    let blur = spot.coarse / 0.31;
    let rim = band(radius, -0.62, 0.62, blur) * spot.normal.y.abs();
    let spokes = stripes(spot.local.x.atan2(spot.local.z), 1.2566, 0.0, 0.62, blur * 1.6);
    let hub = Vec3::splat(0.1 + 0.35 * spokes.max(band(radius, -0.16, 0.16, blur)));
    Finish { gloss: 0.03 * rim, open: 0.6, ..Finish::matt(Vec3::splat(0.018).lerp(hub, rim)) }
}
