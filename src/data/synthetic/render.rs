//! A picture and its depth: which solid each ray meets, in what light.

use super::{
    finish::SurfacePoint,
    ground::{self, GroundLevel, Patch},
    material::Material,
    noise::smoothstep,
    shape::{Intersection, Ray, Shape, Solid, rounded_normal},
    solids::Solids,
    street::Street,
};
use crate::{config::ImageSize, geometry::Intrinsics};
use glam::{DAffine3, Vec2, Vec3, Vec3A};
use rayon::prelude::*;

/// A pinhole camera in the world. A ray's parameter is depth along the optical axis.
pub struct Camera {
    /// Pixels of its pictures.
    pub size: ImageSize,
    origin: Vec3A,
    right: Vec3A,
    down: Vec3A,
    forward: Vec3A,
    focal: Vec2,
    centre: Vec2,
}

impl Camera {
    /// The camera at `world_from_camera`.
    pub fn new(world_from_camera: &DAffine3, intrinsics: Intrinsics, size: ImageSize) -> Self {
        let [focal_x, focal_y, centre_x, centre_y] = intrinsics.in_pixels(size.width, size.height);
        let axes = world_from_camera.matrix3.as_mat3();
        Self {
            size,
            origin: world_from_camera.translation.as_vec3a(),
            right: axes.x_axis.into(),
            down: axes.y_axis.into(),
            forward: axes.z_axis.into(),
            focal: Vec2::new(focal_x, focal_y),
            centre: Vec2::new(centre_x, centre_y),
        }
    }

    /// The ray through a pixel coordinate; whole numbers are pixel centres.
    fn ray(&self, column: f32, row: f32) -> Ray {
        let direction = self.forward
            + self.right * ((column - self.centre.x) / self.focal.x)
            + self.down * ((row - self.centre.y) / self.focal.y);
        Ray { origin: self.origin, direction, pixel: 1.0 / self.focal.x }
    }

    /// The rectangle of pixels, grown by one, that a part's box may cover, and its least depth; `None`
    /// if it is out of view.
    fn covered(&self, part: &Solid) -> Option<(f32, [usize; 4])> {
        const NEAR: f32 = 0.05;
        let corner = |index: usize| {
            let pick = |bit: usize, axis: usize| {
                if index >> bit & 1 == 0 { part.low[axis] } else { part.high[axis] }
            };
            let offset = Vec3A::new(pick(0, 0), pick(1, 1), pick(2, 2)) - self.origin;
            Vec3A::new(self.right.dot(offset), self.down.dot(offset), self.forward.dot(offset))
        };
        let corners: [Vec3A; 8] = std::array::from_fn(corner);
        let nearest = corners.iter().map(|corner| corner.z).fold(f32::INFINITY, f32::min);
        let (mut low, mut high) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        let mut take = |point: Vec3A| {
            let pixel = Vec2::new(point.x, point.y) / point.z * self.focal + self.centre;
            (low, high) = (low.min(pixel), high.max(pixel));
        };
        for (index, a) in corners.iter().enumerate() {
            if a.z >= NEAR {
                take(*a);
            }
            for bit in 0..3 {
                let b = corners[index | 1 << bit];
                if index >> bit & 1 == 0 && (a.z < NEAR) != (b.z < NEAR) {
                    take(*a + (b - *a) * ((NEAR - a.z) / (b.z - a.z)));
                }
            }
        }
        let limit = Vec2::new(self.size.width as f32, self.size.height as f32);
        let (low, high) = (low - 1.0, high + 1.0);
        if !(low.x < limit.x && low.y < limit.y && high.x >= 0.0 && high.y >= 0.0) {
            return None;
        }
        let bound = |value: f32, limit: f32| value.clamp(0.0, limit - 1.0) as usize;
        let rectangle =
            [bound(low.x, limit.x), bound(low.y, limit.y), bound(high.x, limit.x), bound(high.y, limit.y)];
        Some((nearest.max(0.0), rectangle))
    }
}

/// A picture as it is made: colours in 0 to 1 still to be gamma-encoded, and depth in metres, 0 in the sky.
pub struct RenderedImage {
    /// Row by row.
    pub colours: Vec<Vec3>,
    /// Row by row.
    pub depths: Vec<f32>,
}

/// Everything there is to see at one moment.
pub struct Scene<'a> {
    /// What stands still.
    pub street: &'a Street,
    /// What moves, where it is now.
    pub moving: &'a Solids,
}

/// What a ray met.
struct ShadedHit {
    colour: Vec3,
    depth: f32,
    /// Solid and face; differs across edges.
    surface: u32,
    /// The share of the sun that reaches it, if it is solid.
    sunlit: f32,
}

const SKY: u32 = u32::MAX;
const GROUND: u32 = u32::MAX - 8;

/// Parts beyond this depth are not drawn, metres.
const FARTHEST: f32 = 240.0;
/// Side of the squares of pixels in which parts are looked up.
const TILE: usize = 16;
/// A pixel at an edge is the mean of these places in it and its centre, in pixels.
const PLACES: [(f32, f32); 8] = [
    (-0.06, -0.42),
    (0.19, -0.19),
    (0.44, -0.3),
    (-0.31, -0.07),
    (0.31, 0.19),
    (-0.44, 0.31),
    (-0.19, 0.44),
    (0.07, 0.4),
];

impl<'a> Scene<'a> {
    fn part(&self, index: u32) -> &'a Solid {
        let standing = &self.street.solids.parts;
        match (index as usize).checked_sub(standing.len()) {
            None => &standing[index as usize],
            Some(moving) => &self.moving.parts[moving],
        }
    }

    /// Renders the scene.
    pub fn render(&self, camera: &Camera) -> RenderedImage {
        let ImageSize { width, height } = camera.size;
        let tiles = Tiles::new(self, camera);
        let seen: Vec<ShadedHit> = (0..height)
            .into_par_iter()
            .flat_map_iter(|row| {
                let tiles = &tiles;
                (0..width).map(move |column| {
                    self.look(&camera.ray(column as f32, row as f32), tiles.at(column, row), None)
                })
            })
            .collect();
        let colours = (0..height)
            .into_par_iter()
            .flat_map_iter(|row| {
                let (tiles, seen) = (&tiles, &seen);
                (0..width).map(move |column| {
                    let here = &seen[row * width + column];
                    let edge = tiles.fine[row * width + column]
                        || [(0, 1), (2, 1), (1, 0), (1, 2)].into_iter().any(|(x, y)| {
                            let (x, y) = ((column + x).max(1) - 1, (row + y).max(1) - 1);
                            x < width && y < height && seen[y * width + x].surface != here.surface
                        });
                    if !edge {
                        return here.colour;
                    }
                    let parts = tiles.at(column, row);
                    let sum: Vec3 = PLACES
                        .iter()
                        .map(|(x, y)| {
                            let ray = camera.ray(column as f32 + x, row as f32 + y);
                            self.look(&ray, parts, Some(here)).colour
                        })
                        .sum();
                    (sum + here.colour) / (PLACES.len() + 1) as f32
                })
            })
            .collect();
        RenderedImage { colours, depths: seen.iter().map(|seen| seen.depth).collect() }
    }

    /// Where a ray meets anything, in lengths of its direction, if before `limit`.
    pub fn distance(&self, ray: &Ray, limit: f32) -> Option<f32> {
        let mut nearest = ground::meet(&self.street.road, ray, limit).map(|contact| contact.t);
        for solids in [&self.street.solids, self.moving] {
            nearest = solids.distance(ray, nearest.unwrap_or(limit)).or(nearest);
        }
        nearest
    }

    /// What the ray meets among these parts and the ground. `beside` was seen in the same pixel: on
    /// the same surface it is lit alike.
    fn look(&self, ray: &Ray, parts: &[(f32, u32)], beside: Option<&ShadedHit>) -> ShadedHit {
        let on_ground = ground::meet(&self.street.road, ray, 3000.0);
        let mut limit = on_ground.as_ref().map_or(f32::INFINITY, |contact| contact.t);
        let mut met = None;
        for (nearest, index) in parts {
            if *nearest > limit {
                break;
            }
            if let Some(contact) = self.part(*index).meet(ray, limit) {
                limit = contact.t;
                met = Some((*index, contact));
            }
        }
        let light = &self.street.light;
        let view = ray.direction.normalize();
        let (colour, surface, depth, sunlit) = if let Some((index, contact)) = met {
            let surface = index << 5 | u32::from(contact.face & 31);
            let known = beside.filter(|seen| seen.surface == surface).map(|seen| seen.sunlit);
            let (colour, sunlit) = self.solid(ray, view, self.part(index), &contact, known);
            (colour, surface, contact.t, sunlit)
        } else if let Some(contact) = on_ground {
            (self.floor(ray, view, &contact), GROUND + contact.level as u32, contact.t, 0.0)
        } else {
            let colour = displayable(light.beyond(ray.direction, ray.pixel));
            return ShadedHit { colour, depth: 0.0, surface: SKY, sunlit: 0.0 };
        };
        ShadedHit { colour: displayable(light.through_air(colour, depth)), depth, surface, sunlit }
    }

    /// The colour of a solid and the share of the sun that reaches it, unless that is known.
    fn solid(
        &self,
        ray: &Ray,
        view: Vec3A,
        part: &Solid,
        contact: &Intersection,
        known: Option<f32>,
    ) -> (Vec3, f32) {
        let Intersection { t, normal, .. } = *contact;
        let world = ray.at(t);
        let local = part.local_from_world.transform_point3a(world);
        let flat = part.normal_in_world(normal);
        let step = ray.pixel * t;
        let footprint = footprint_along_axes(part, flat, view, step);
        let spot = SurfacePoint { local, normal: normal.normalize(), world, footprint, coarse: step };
        let finish = part.material.finish(&spot);
        let light = &self.street.light;
        let normal = match (&part.shape, part.material) {
            (Shape::Hull(planes), _) if planes.len() > 6 => {
                part.normal_in_world(rounded_normal(planes, local, 0.16))
            }
            // A crown is lit as a whole, not bunch by bunch.
            (_, Material::Foliage { middle, .. }) => {
                (flat * 0.6 + (world - Vec3A::from(middle)).normalize()).normalize()
            }
            _ => flat,
        };
        let facing = normal.dot(light.to_sun) > 0.0 || finish.translucent > 0.0;
        let sunlit =
            known.unwrap_or_else(|| if facing { self.lit(world + flat * 0.02, light.to_sun) } else { 0.0 });
        (light.reflect(&finish, normal, view, sunlit), sunlit)
    }

    fn floor(&self, ray: &Ray, view: Vec3A, contact: &ground::GroundContact) -> Vec3 {
        let street = self.street;
        let world = ray.at(contact.t);
        let across = street.road.across(world.x, world.z);
        let (_, heading) = street.road.place(world.z, 0.0);
        let (sin, cos) = heading.sin_cos();
        let step = ray.pixel * contact.t;
        let extent = |axis: Vec3A| extent_along(axis, contact.normal, view, step);
        let (rightwards, forwards) = (Vec3A::new(cos, 0.0, -sin), Vec3A::new(sin, 0.0, cos));
        let at = Vec2::new(across, world.z);
        let footprint = Vec2::new(extent(rightwards), extent(forwards));
        let mut finish = street.ground.finish(&street.road, contact.level, &Patch { at, footprint });
        let (mut sunlit, open) = street.shade.at(at, footprint.y);
        if contact.level == GroundLevel::KerbFace {
            sunlit *= smoothstep(0.0, 0.1, contact.normal.dot(street.light.to_sun));
        }
        finish.open = open;
        let lifted = world - Vec3A::Y * 0.01;
        sunlit *= 1.0 - self.moving.hide(lifted, street.light.to_sun);
        finish.open *= 1.0 - 0.6 * self.moving.hide(lifted, Vec3A::new(0.0, -1.0, 0.01));
        street.light.reflect(&finish, contact.normal, view, sunlit)
    }

    /// The share of light from a direction that reaches a point.
    fn lit(&self, point: Vec3A, to_light: Vec3A) -> f32 {
        1.0 - self.street.solids.hide(point, to_light).max(self.moving.hide(point, to_light))
    }
}

/// Extent of a pixel on a surface along a tangent `axis`: `step` is its extent square to the view.
fn extent_along(axis: Vec3A, normal: Vec3A, view: Vec3A, step: f32) -> f32 {
    // The pixel's disc, carried along the view onto the surface, is an ellipse stretched by
    // 1 / cos along the view's own direction in the surface.
    let cos = normal.dot(view).abs().max(0.01);
    let slope = axis.dot(view) / cos;
    step * (1.0 + slope * slope).sqrt().min(100.0)
}

fn footprint_along_axes(part: &Solid, normal: Vec3A, view: Vec3A, step: f32) -> Vec3A {
    let rows = part.local_from_world.matrix3.transpose();
    let extent = |row: Vec3A| {
        let length = row.length();
        // In the part's own units, which are stretched for balls and cylinders.
        extent_along(row / length, normal, view, step) * length
    };
    Vec3A::new(extent(rows.x_axis), extent(rows.y_axis), extent(rows.z_axis))
}

/// Deepens shadows and compresses bright light as a camera does; the result is 0 to 1, still to be
/// gamma-encoded.
fn displayable(colour: Vec3) -> Vec3 {
    colour * (colour * 2.5 + 0.04) / (colour * (colour * 2.45 + 0.58) + 0.14)
}

/// Which parts each square of pixels may show, nearest first.
struct Tiles {
    columns: usize,
    lists: Vec<Vec<(f32, u32)>>,
    /// Pixels that hold something thinner than about two pixels.
    fine: Vec<bool>,
}

impl Tiles {
    fn new(scene: &Scene<'_>, camera: &Camera) -> Self {
        let ImageSize { width, height } = camera.size;
        let columns = width.div_ceil(TILE);
        let mut lists = vec![Vec::new(); columns * height.div_ceil(TILE)];
        let mut fine = vec![false; width * height];
        let total = scene.street.solids.parts.len() + scene.moving.parts.len();
        let mut visible: Vec<(f32, u32, [usize; 4])> = (0..total as u32)
            .filter_map(|index| camera.covered(scene.part(index)).map(|(near, area)| (near, index, area)))
            .filter(|(near, ..)| *near < FARTHEST)
            .collect();
        visible.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (near, index, [left, top, right, bottom]) in visible {
            for row in top / TILE..=bottom / TILE {
                for column in left / TILE..=right / TILE {
                    lists[row * columns + column].push((near, index));
                }
            }
            // The rectangle is grown by one pixel on each side.
            if right - left <= 4 || bottom - top <= 4 {
                for row in top..=bottom {
                    fine[row * width + left..=row * width + right].fill(true);
                }
            }
        }
        Self { columns, lists, fine }
    }

    fn at(&self, column: usize, row: usize) -> &[(f32, u32)] {
        &self.lists[row / TILE * self.columns + column / TILE]
    }
}
