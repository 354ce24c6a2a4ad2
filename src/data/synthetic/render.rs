//! Ray casting of an image with its depth.

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

/// Pinhole camera in the world. The parameter of its rays is the depth along the optical axis.
pub struct Camera {
    /// Size of its images.
    pub size: ImageSize,
    origin: Vec3A,
    right: Vec3A,
    down: Vec3A,
    forward: Vec3A,
    focal: Vec2,
    centre: Vec2,
}

impl Camera {
    /// Camera at the pose `world_from_camera`, metres.
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

    /// Ray through a pixel coordinate; whole numbers are pixel centres.
    fn ray(&self, x: f32, y: f32) -> Ray {
        let direction = self.forward
            + self.right * ((x - self.centre.x) / self.focal.x)
            + self.down * ((y - self.centre.y) / self.focal.y);
        Ray { origin: self.origin, direction, pixel: 1.0 / self.focal.x }
    }

    /// Minimum depth of a solid's bounding box, and the rectangle of pixels (left, top, right, bottom) that
    /// it may cover, grown by one pixel; `None` if it is out of view.
    fn coverage(&self, solid: &Solid) -> Option<(f32, [usize; 4])> {
        const NEAR: f32 = 0.05;
        let corner = |index: usize| {
            let pick = |bit: usize, axis: usize| {
                if index >> bit & 1 == 0 { solid.low[axis] } else { solid.high[axis] }
            };
            let offset = Vec3A::new(pick(0, 0), pick(1, 1), pick(2, 2)) - self.origin;
            Vec3A::new(self.right.dot(offset), self.down.dot(offset), self.forward.dot(offset))
        };
        let corners: [Vec3A; 8] = std::array::from_fn(corner);
        let min_depth = corners.iter().map(|corner| corner.z).fold(f32::INFINITY, f32::min);
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
        Some((min_depth.max(0.0), rectangle))
    }
}

/// Rendered image, row by row.
pub struct RenderedImage {
    /// Linear colours, 0 to 1.
    pub colours: Vec<Vec3>,
    /// Depths along the optical axis, metres; 0 in the sky.
    pub depths: Vec<f32>,
}

/// Street and moving solids at one time.
pub struct Scene<'a> {
    /// Static part of the scene.
    pub street: &'a Street,
    /// Moving solids at their current positions.
    pub moving: &'a Solids,
}

/// Nearest surface along a ray, or the sky.
struct ShadedHit {
    colour: Vec3,
    depth: f32,
    /// Identifier of solid and face, which differs on the two sides of an edge.
    surface: u32,
    /// Share of the sun that reaches the surface of a solid.
    sunlit: f32,
}

const SKY: u32 = u32::MAX;
const GROUND: u32 = u32::MAX - 8;

/// Largest depth of solids that are drawn, metres.
const MAX_DEPTH: f32 = 240.0;
/// Side of the square tiles of pixels, each with its list of solids.
const TILE: usize = 16;
/// Offsets of the samples in a pixel at an edge, in pixels; the pixel is the mean of these and its centre.
const EDGE_SAMPLES: [(f32, f32); 8] = [
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
    fn solid(&self, index: u32) -> &'a Solid {
        let fixed = &self.street.solids.list;
        match (index as usize).checked_sub(fixed.len()) {
            None => &fixed[index as usize],
            Some(moving) => &self.moving.list[moving],
        }
    }

    /// Renders the scene, with antialiasing at the edges of surfaces.
    pub fn render(&self, camera: &Camera) -> RenderedImage {
        let ImageSize { width, height } = camera.size;
        let tiles = Tiles::new(self, camera);
        let hits: Vec<ShadedHit> = (0..height)
            .into_par_iter()
            .flat_map_iter(|row| {
                let tiles = &tiles;
                (0..width).map(move |column| {
                    self.trace(&camera.ray(column as f32, row as f32), tiles.at(column, row), None)
                })
            })
            .collect();
        let colours = (0..height)
            .into_par_iter()
            .flat_map_iter(|row| {
                let (tiles, hits) = (&tiles, &hits);
                (0..width).map(move |column| {
                    let here = &hits[row * width + column];
                    let is_edge = tiles.has_thin[row * width + column]
                        || [(0, 1), (2, 1), (1, 0), (1, 2)].into_iter().any(|(x, y)| {
                            let (x, y) = ((column + x).max(1) - 1, (row + y).max(1) - 1);
                            x < width && y < height && hits[y * width + x].surface != here.surface
                        });
                    if !is_edge {
                        return here.colour;
                    }
                    let solids = tiles.at(column, row);
                    let sum: Vec3 = EDGE_SAMPLES
                        .iter()
                        .map(|(x, y)| {
                            let ray = camera.ray(column as f32 + x, row as f32 + y);
                            self.trace(&ray, solids, Some(here)).colour
                        })
                        .sum();
                    (sum + here.colour) / (EDGE_SAMPLES.len() + 1) as f32
                })
            })
            .collect();
        RenderedImage { colours, depths: hits.iter().map(|hit| hit.depth).collect() }
    }

    /// Ray parameter of the first intersection, if before `limit`.
    pub fn distance(&self, ray: &Ray, limit: f32) -> Option<f32> {
        let mut nearest = ground::intersect(&self.street.road, ray, limit).map(|hit| hit.t);
        for solids in [&self.street.solids, self.moving] {
            nearest = solids.distance(ray, nearest.unwrap_or(limit)).or(nearest);
        }
        nearest
    }

    /// Traces a ray to these solids (minimum depth, index), nearest first, and the ground. `centre` is the
    /// hit at the centre of the same pixel, whose light is reused on the same surface.
    fn trace(&self, ray: &Ray, solids: &[(f32, u32)], centre: Option<&ShadedHit>) -> ShadedHit {
        let ground_hit = ground::intersect(&self.street.road, ray, 3000.0);
        let mut limit = ground_hit.as_ref().map_or(f32::INFINITY, |hit| hit.t);
        let mut nearest = None;
        for (min_depth, index) in solids {
            if *min_depth > limit {
                break;
            }
            if let Some(hit) = self.solid(*index).intersect(ray, limit) {
                limit = hit.t;
                nearest = Some((*index, hit));
            }
        }
        let light = &self.street.light;
        let view = ray.direction.normalize();
        let (colour, surface, depth, sunlit) = if let Some((index, hit)) = nearest {
            let surface = index << 5 | u32::from(hit.face & 31);
            let known = centre.filter(|centre| centre.surface == surface).map(|centre| centre.sunlit);
            let (colour, sunlit) = self.shade_solid(ray, view, self.solid(index), &hit, known);
            (colour, surface, hit.t, sunlit)
        } else if let Some(hit) = ground_hit {
            (self.shade_ground(ray, view, &hit), GROUND + hit.level as u32, hit.t, 0.0)
        } else {
            let colour = tone_mapped(light.background(ray.direction, ray.pixel));
            return ShadedHit { colour, depth: 0.0, surface: SKY, sunlit: 0.0 };
        };
        ShadedHit { colour: tone_mapped(light.through_air(colour, depth)), depth, surface, sunlit }
    }

    /// Colour of a solid, and the share of the sun that reaches it, which is computed unless known.
    fn shade_solid(
        &self,
        ray: &Ray,
        view: Vec3A,
        solid: &Solid,
        hit: &Intersection,
        known: Option<f32>,
    ) -> (Vec3, f32) {
        let Intersection { t, normal, .. } = *hit;
        let world = ray.at(t);
        let local = solid.local_from_world.transform_point3a(world);
        let flat = solid.normal_in_world(normal);
        let step = ray.pixel * t;
        let footprint = footprint_along_axes(solid, flat, view, step);
        let surface_point =
            SurfacePoint { local, normal: normal.normalize(), world, footprint, coarse: step };
        let finish = solid.material.finish(&surface_point);
        let light = &self.street.light;
        let normal = match (&solid.shape, solid.material) {
            (Shape::Hull(planes), _) if planes.len() > 6 => {
                solid.normal_in_world(rounded_normal(planes, local, 0.16))
            }
            // The crown of a tree is lit as a whole, not bunch by bunch.
            (_, Material::Foliage { middle, .. }) => {
                (flat * 0.6 + (world - Vec3A::from(middle)).normalize()).normalize()
            }
            _ => flat,
        };
        let is_facing_sun = normal.dot(light.to_sun) > 0.0 || finish.translucent > 0.0;
        let sunlit = known
            .unwrap_or_else(|| if is_facing_sun { self.lit(world + flat * 0.02, light.to_sun) } else { 0.0 });
        (light.reflect(&finish, normal, view, sunlit), sunlit)
    }

    fn shade_ground(&self, ray: &Ray, view: Vec3A, hit: &ground::GroundHit) -> Vec3 {
        let street = self.street;
        let world = ray.at(hit.t);
        let lateral = street.road.lateral_offset(world.x, world.z);
        let (_, heading) = street.road.point_at(world.z, 0.0);
        let (sin, cos) = heading.sin_cos();
        let step = ray.pixel * hit.t;
        let extent = |axis: Vec3A| extent_along(axis, hit.normal, view, step);
        let (rightwards, forwards) = (Vec3A::new(cos, 0.0, -sin), Vec3A::new(sin, 0.0, cos));
        let at = Vec2::new(lateral, world.z);
        let footprint = Vec2::new(extent(rightwards), extent(forwards));
        let mut finish = street.ground.finish(&street.road, hit.level, &Patch { at, footprint });
        let (mut sunlit, open) = street.shade.at(at, footprint.y);
        if hit.level == GroundLevel::KerbFace {
            sunlit *= smoothstep(0.0, 0.1, hit.normal.dot(street.light.to_sun));
        }
        finish.open = open;
        let lifted = world - Vec3A::Y * 0.01;
        sunlit *= 1.0 - self.moving.occlusion(lifted, street.light.to_sun);
        finish.open *= 1.0 - 0.6 * self.moving.occlusion(lifted, Vec3A::new(0.0, -1.0, 0.01));
        street.light.reflect(&finish, hit.normal, view, sunlit)
    }

    /// Share of the light from a direction that reaches a point.
    fn lit(&self, point: Vec3A, to_light: Vec3A) -> f32 {
        1.0 - self.street.solids.occlusion(point, to_light).max(self.moving.occlusion(point, to_light))
    }
}

/// Extent of a pixel on a surface along a tangent `axis`, metres; `step` is its extent perpendicular to the
/// view.
fn extent_along(axis: Vec3A, normal: Vec3A, view: Vec3A, step: f32) -> f32 {
    // The pixel's disc, projected along the view onto the surface, is an ellipse stretched by 1 / cos along
    // the view's direction in the surface.
    let cos = normal.dot(view).abs().max(0.01);
    let slope = axis.dot(view) / cos;
    step * (1.0 + slope * slope).sqrt().min(100.0)
}

fn footprint_along_axes(solid: &Solid, normal: Vec3A, view: Vec3A, step: f32) -> Vec3A {
    let rows = solid.local_from_world.matrix3.transpose();
    let extent = |row: Vec3A| {
        let length = row.length();
        // In the solid's own units, which are scaled for balls and cylinders.
        extent_along(row / length, normal, view, step) * length
    };
    Vec3A::new(extent(rows.x_axis), extent(rows.y_axis), extent(rows.z_axis))
}

/// Tone curve: deepens shadows and compresses highlights as a camera does. The result is linear, 0 to 1.
fn tone_mapped(colour: Vec3) -> Vec3 {
    colour * (colour * 2.5 + 0.04) / (colour * (colour * 2.45 + 0.58) + 0.14)
}

/// Solids (minimum depth, index) that each tile of pixels may show, nearest first.
struct Tiles {
    columns: usize,
    lists: Vec<Vec<(f32, u32)>>,
    /// True for pixels with a solid thinner than about two pixels.
    has_thin: Vec<bool>,
}

impl Tiles {
    fn new(scene: &Scene<'_>, camera: &Camera) -> Self {
        let ImageSize { width, height } = camera.size;
        let columns = width.div_ceil(TILE);
        let mut lists = vec![Vec::new(); columns * height.div_ceil(TILE)];
        let mut has_thin = vec![false; width * height];
        let total = scene.street.solids.list.len() + scene.moving.list.len();
        let mut visible: Vec<(f32, u32, [usize; 4])> = (0..total as u32)
            .filter_map(|index| camera.coverage(scene.solid(index)).map(|(near, area)| (near, index, area)))
            .filter(|(near, ..)| *near < MAX_DEPTH)
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
                    has_thin[row * width + left..=row * width + right].fill(true);
                }
            }
        }
        Self { columns, lists, has_thin }
    }

    fn at(&self, column: usize, row: usize) -> &[(f32, u32)] {
        &self.lists[row / TILE * self.columns + column / TILE]
    }
}
