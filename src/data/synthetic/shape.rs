//! Solids with exact ray intersections, and the soft shadows that they cast.

use super::{
    material::Material,
    noise::{band_limit, noise3, smoothstep},
};
use glam::{Affine3A, Mat3, Vec3, Vec3A, Vec4};

/// Ray `origin + t·direction`.
#[derive(Clone, Copy)]
pub struct Ray {
    /// Origin in the world, metres.
    pub origin: Vec3A,
    /// Direction in the world, of any length.
    pub direction: Vec3A,
    /// Size of a pixel at t = 1, in metres.
    pub pixel: f32,
}

impl Ray {
    /// Point at ray parameter `t`.
    pub fn at(&self, t: f32) -> Vec3A {
        self.origin + self.direction * t
    }
}

/// Shape of a solid in its own coordinates: x right, y down, z forward.
#[derive(Clone)]
pub enum Shape {
    /// Box with these half sizes, metres.
    Block(Vec3A),
    /// Convex hull: `normal·p <= offset` for every plane (normal, offset), metres.
    Hull(Box<[Vec4]>),
    /// Unit ball.
    Ball,
    /// Surface of the unit ball with holes, from this seed: one bunch of leaves.
    Leaves(u32),
    /// Cylinder: x² + z² <= 1, |y| <= 1.
    Cylinder,
}

/// Intersection of a ray with a solid.
#[derive(Clone, Copy)]
pub struct Intersection {
    /// Ray parameter, in lengths of its direction.
    pub t: f32,
    /// Outward normal in the solid's coordinates, not normalised.
    pub normal: Vec3A,
    /// Index of the face, which tells pixels on different faces apart.
    pub face: u8,
}

/// A solid in the world.
#[derive(Clone)]
pub struct Solid {
    /// Shape in the solid's coordinates.
    pub shape: Shape,
    /// Material of the surface.
    pub material: Material,
    /// Transform from the world to the solid's coordinates.
    pub local_from_world: Affine3A,
    /// Minimum corner of the bounding box, in the world.
    pub low: Vec3A,
    /// Maximum corner of the bounding box.
    pub high: Vec3A,
}

/// Position and orientation of an object: `world_from_object`.
#[derive(Clone, Copy)]
pub struct Placement(pub Affine3A);

impl Placement {
    /// Placement at this point, rotated by `heading` radians from +z towards +x.
    pub fn new(origin: Vec3, heading: f32) -> Self {
        let (sin, cos) = heading.sin_cos();
        let axes = Mat3::from_cols(Vec3::new(cos, 0.0, -sin), Vec3::Y, Vec3::new(sin, 0.0, cos));
        Self(Affine3A::from_mat3_translation(axes, origin))
    }

    /// Block of half sizes `half` around `centre`.
    pub fn block(&self, centre: Vec3, half: Vec3, material: Material) -> Solid {
        let frame = self.0 * Affine3A::from_translation(centre);
        Solid::new(Shape::Block(half.into()), material, frame, half)
    }

    /// Hull of planes (normal, offset) in the object's coordinates; `low` and `high` are its bounding box there.
    pub fn hull(&self, planes: &[(Vec3, f32)], low: Vec3, high: Vec3, material: Material) -> Solid {
        let planes = planes
            .iter()
            .map(|(normal, offset)| (*normal / normal.length()).extend(offset / normal.length()))
            .collect();
        let mut part = Solid::new(Shape::Hull(planes), material, self.0, Vec3::ONE);
        (part.low, part.high) = enclosing(self.0, low, high);
        part
    }

    /// Ellipsoid of these radii.
    pub fn ball(&self, centre: Vec3, radii: Vec3, material: Material) -> Solid {
        let frame = self.0 * Affine3A::from_scale_rotation_translation(radii, glam::Quat::IDENTITY, centre);
        Solid::new(Shape::Ball, material, frame, Vec3::ONE)
    }

    /// Bunch of leaves of these radii.
    pub fn leaves(&self, centre: Vec3, radii: Vec3, seed: u32, material: Material) -> Solid {
        Solid { shape: Shape::Leaves(seed), ..self.ball(centre, radii, material) }
    }

    /// Round bar from one point to another.
    pub fn bar(&self, from: Vec3, to: Vec3, radius: f32, material: Material) -> Solid {
        let axis = (to - from) * 0.5;
        let side = axis.normalize().any_orthonormal_vector() * radius;
        let axes = Mat3::from_cols(side, axis, side.cross(axis.normalize()));
        let frame = self.0 * Affine3A::from_mat3_translation(axes, from + axis);
        Solid::new(Shape::Cylinder, material, frame, Vec3::ONE)
    }
}

/// Bounding box in the world of a box given in other coordinates.
fn enclosing(world_from_local: Affine3A, low: Vec3, high: Vec3) -> (Vec3A, Vec3A) {
    let centre = world_from_local.transform_point3a(Vec3A::from((low + high) * 0.5));
    let half = Vec3A::from((high - low) * 0.5);
    let axes = world_from_local.matrix3;
    let reach = axes.x_axis.abs() * half.x + axes.y_axis.abs() * half.y + axes.z_axis.abs() * half.z;
    (centre - reach, centre + reach)
}

impl Solid {
    fn new(shape: Shape, material: Material, world_from_local: Affine3A, half: Vec3) -> Self {
        let (low, high) = enclosing(world_from_local, -half, half);
        Self { shape, material, local_from_world: world_from_local.inverse(), low, high }
    }

    /// Unit normal in the world, of a normal in the solid's coordinates.
    pub fn normal_in_world(&self, normal: Vec3A) -> Vec3A {
        let axes = self.local_from_world.matrix3;
        Vec3A::new(axes.x_axis.dot(normal), axes.y_axis.dot(normal), axes.z_axis.dot(normal)).normalize()
    }

    /// First intersection with the ray, if nearer than `limit`.
    pub fn intersect(&self, ray: &Ray, limit: f32) -> Option<Intersection> {
        let origin = self.local_from_world.transform_point3a(ray.origin);
        let direction = self.local_from_world.transform_vector3a(ray.direction);
        match &self.shape {
            Shape::Leaves(seed) => {
                let (near, far) = ball_span(origin, direction)?;
                [near, far]
                    .into_iter()
                    .find(|t| *t > MIN_T && *t < limit && self.has_leaf(*seed, ray, *t))
                    .map(|t| {
                        let point = origin + direction * t;
                        let normal = if direction.dot(point) < 0.0 { point } else { -point };
                        Intersection { t, normal, face: 0 }
                    })
            }
            shape => {
                let (near, _, normal, face) = span(shape, origin, direction)?;
                (near > MIN_T && near < limit).then_some(Intersection { t: near, normal, face })
            }
        }
    }

    /// True if the ray crosses a leaf at `t`, false if it passes through a hole. Holes close where they would
    /// be finer than a pixel.
    fn has_leaf(&self, seed: u32, ray: &Ray, t: f32) -> bool {
        let point = Vec3::from(ray.at(t));
        let footprint = ray.pixel * t;
        let holes = band_limit(0.3, footprint);
        if holes == 0.0 {
            return true;
        }
        let mut pattern = 0.5 * noise3(seed, point / 0.3);
        for (grain, strength) in [(0.16, 0.45), (0.08, 0.35)] {
            let weight = band_limit(grain, footprint);
            if weight > 0.0 {
                pattern += strength * weight * noise3(seed ^ 0x51ED, point / grain);
            }
        }
        pattern > 0.04 - (1.0 - holes)
    }

    /// Share of the sun that the solid hides from a point: 0 to 1, soft at the shadow's edge.
    pub fn occlusion(&self, point: Vec3A, to_sun: Vec3A) -> f32 {
        let origin = self.local_from_world.transform_point3a(point);
        let direction = self.local_from_world.transform_vector3a(to_sun);
        match &self.shape {
            Shape::Block(_) | Shape::Hull(_) => match span(&self.shape, origin, direction) {
                Some((near, far, _, _)) => smoothstep(0.0, 0.35, far - near.max(0.0)),
                None => 0.0,
            },
            Shape::Ball | Shape::Leaves(_) | Shape::Cylinder => {
                let flat = if matches!(self.shape, Shape::Cylinder) {
                    Vec3A::new(1.0, 0.0, 1.0)
                } else {
                    Vec3A::ONE
                };
                let (flat_origin, flat_direction) = (origin * flat, direction * flat);
                let squared = flat_direction.length_squared().max(1e-9);
                let ahead = -flat_origin.dot(flat_direction) / squared;
                let nearest = flat_origin + flat_direction * ahead;
                let height = (origin + direction * ahead).y.abs();
                if ahead < 0.0 || (matches!(self.shape, Shape::Cylinder) && height > 1.0) {
                    return 0.0;
                }
                let density = if matches!(self.shape, Shape::Leaves(_)) { 0.75 } else { 1.0 };
                // A thin bar's shadow is wider than the bar and paler.
                let axes = self.local_from_world.matrix3.transpose();
                let thin = (SHADOW_EDGE * axes.x_axis.length()).max(1.0);
                density / thin * smoothstep(1.1, 0.45, nearest.length() / thin)
            }
        }
    }
}

/// Width of the edges of shadows, metres.
pub const SHADOW_EDGE: f32 = 0.12;
/// Smallest ray parameter of an intersection.
const MIN_T: f32 = 0.05;

fn ball_span(origin: Vec3A, direction: Vec3A) -> Option<(f32, f32)> {
    let a = direction.length_squared();
    let b = origin.dot(direction);
    let root = b * b - a * (origin.length_squared() - 1.0);
    (root > 0.0).then(|| ((-b - root.sqrt()) / a, (-b + root.sqrt()) / a))
}

/// Ray parameters at which the ray enters and leaves a solid, with normal and index of the face that it
/// enters by.
fn span(shape: &Shape, origin: Vec3A, direction: Vec3A) -> Option<(f32, f32, Vec3A, u8)> {
    match shape {
        Shape::Block(half) => {
            let inverse = direction.recip();
            let middle = -origin * inverse;
            let reach = *half * inverse.abs();
            let (near, far) = (middle - reach, middle + reach);
            let (enter, leave) = (near.max_element(), far.min_element());
            if enter >= leave {
                return None;
            }
            let axis = if enter == near.x {
                0
            } else if enter == near.y {
                1
            } else {
                2
            };
            let mut normal = Vec3A::ZERO;
            normal[axis] = -direction[axis].signum();
            Some((enter, leave, normal, axis as u8 * 2 + u8::from(normal[axis] > 0.0)))
        }
        Shape::Hull(planes) => {
            let (mut enter, mut leave, mut entered) = (f32::NEG_INFINITY, f32::INFINITY, 0);
            for (index, plane) in planes.iter().enumerate() {
                let normal = Vec3A::from_vec4(*plane);
                let along = normal.dot(direction);
                let t = (plane.w - normal.dot(origin)) / along;
                if along < 0.0 {
                    if t > enter {
                        (enter, entered) = (t, index);
                    }
                } else if along > 0.0 {
                    leave = leave.min(t);
                } else if plane.w < normal.dot(origin) {
                    return None;
                }
                if enter >= leave {
                    return None;
                }
            }
            Some((enter, leave, Vec3A::from_vec4(planes[entered]), entered as u8))
        }
        Shape::Ball | Shape::Leaves(_) => {
            let (enter, leave) = ball_span(origin, direction)?;
            Some((enter, leave, origin + direction * enter, 0))
        }
        Shape::Cylinder => {
            let flat = Vec3A::new(1.0, 0.0, 1.0);
            let (side, heading) = (origin * flat, direction * flat);
            let a = heading.length_squared().max(1e-12);
            let b = side.dot(heading);
            let root = b * b - a * (side.length_squared() - 1.0);
            if root <= 0.0 {
                return None;
            }
            let root = root.sqrt();
            let (near, far) = ((-b - root) / a, (-b + root) / a);
            let (first, second) = ((-1.0 - origin.y) / direction.y, (1.0 - origin.y) / direction.y);
            let (top, bottom) = (first.min(second), first.max(second));
            let (enter, leave) = (near.max(top), far.min(bottom));
            if enter >= leave {
                return None;
            }
            let (normal, face) = if near > top {
                ((origin + direction * enter) * flat, 0)
            } else {
                (Vec3A::new(0.0, -direction.y.signum(), 0.0), 1)
            };
            Some((enter, leave, normal, face))
        }
    }
}

/// Normal at a point of a hull as if its edges were rounded with this radius, metres.
pub fn rounded_normal(planes: &[Vec4], point: Vec3A, radius: f32) -> Vec3A {
    planes
        .iter()
        .map(|plane| {
            let normal = Vec3A::from_vec4(*plane);
            let depth = (plane.w - normal.dot(point)).max(0.0);
            normal * (1.0 - depth / radius).max(0.0).powi(2)
        })
        .sum::<Vec3A>()
        .normalize_or(Vec3A::NEG_Y)
}
