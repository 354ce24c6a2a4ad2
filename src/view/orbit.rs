//! Camera that orbits a point cloud or flies through it.
//!
//! Lengths are in median depths of the first layer. The axes are those of its camera: x to the right, y down, z forward.

use super::wheel;
use egui::{Key, PointerButton, Pos2, Rect, Response};
use glam::{Mat4, Vec2, Vec3, camera::rh};

/// Vertical field of view, radians.
const VERTICAL_FIELD_OF_VIEW: f32 = 0.7;
/// Distance of the near plane.
const NEAR: f32 = 0.01;
/// Distance of the far plane.
const FAR: f32 = 500.0;
/// Rotation by dragging over one point of the screen, radians.
const RADIANS_PER_POINT: f32 = 0.006;
/// Steepest angle above or below the horizon, radians; just less than vertical.
const MAX_PITCH: f32 = 1.5;
/// Speed of flying, in median depths per second.
const SPEED: f32 = 0.8;
/// Factor of the speed with Shift held.
const SHIFT_FACTOR: f32 = 4.0;

/// Position of the viewer on a sphere around a centre, which the viewer looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// Angle around the vertical axis, radians; at 0 the viewer looks in the direction of the frame's own camera.
    pub yaw: f32,
    /// Angle above the horizon, radians.
    pub pitch: f32,
    /// Distance from the centre.
    pub distance: f32,
    /// Point that the viewer looks at.
    pub centre: Vec3,
}

impl Default for Orbit {
    /// View from behind the camera, to its right and above it, which shows depth well.
    fn default() -> Self {
        Self { yaw: 0.42, pitch: 0.3, distance: 2.1, centre: Vec3::new(0.05, 0.05, 1.3) }
    }
}

impl Orbit {
    /// View from exactly the position of the frame's own camera, in the same direction.
    pub fn at_the_camera() -> Self {
        Self { yaw: 0.0, pitch: 0.0, distance: 1.0, centre: Vec3::Z }
    }

    /// View from behind the camera at its height, in the same direction.
    pub fn behind() -> Self {
        Self { yaw: 0.0, pitch: 0.08, distance: 1.9, centre: Vec3::new(0.0, 0.0, 1.2) }
    }

    /// View from above, with the region ahead of the camera at the top.
    pub fn above() -> Self {
        Self { yaw: 0.0, pitch: MAX_PITCH, distance: 4.2, centre: Vec3::new(0.0, 0.0, 1.5) }
    }

    /// Moves the viewer by the pointer: drag to orbit, drag with the right or middle button or with Shift to pan, wheel to
    /// zoom, double click to reset.
    pub fn interact(&mut self, response: &Response) {
        if response.double_clicked() {
            *self = Self::default();
            return;
        }
        let drag = response.drag_delta();
        let drag = Vec2::new(drag.x, drag.y);
        let shift = response.ctx.input(|input| input.modifiers.shift);
        let pans = response.dragged_by(PointerButton::Secondary)
            || response.dragged_by(PointerButton::Middle)
            || (shift && response.dragged_by(PointerButton::Primary));
        if pans {
            self.pan(drag / response.rect.height().max(1.0));
        } else if response.dragged_by(PointerButton::Primary) {
            self.turn(drag);
        }
        if response.hovered() {
            self.zoom(wheel::closer(&response.ctx));
        }
    }

    /// Orbits around the centre by a drag of this many points.
    pub fn turn(&mut self, points: Vec2) {
        self.yaw = (self.yaw - points.x * RADIANS_PER_POINT).rem_euclid(std::f32::consts::TAU);
        self.pitch = (self.pitch + points.y * RADIANS_PER_POINT).clamp(-MAX_PITCH, MAX_PITCH);
    }

    /// Moves the centre with the pointer; `share` is in heights of the view.
    pub fn pan(&mut self, share: Vec2) {
        let span = 2.0 * (VERTICAL_FIELD_OF_VIEW / 2.0).tan() * self.distance;
        let forward = -self.outward();
        let right = Vec3::Y.cross(forward).normalize();
        let down = forward.cross(right);
        self.centre -= (right * share.x + down * share.y) * span;
    }

    /// Moves the viewer through the cloud by pointer and keys: drag to look around, W A S D to move, E and Q to move up and
    /// down, Shift to move faster, wheel to move forward or back. Keys count only while `response` has the focus. True
    /// if a key that moves the viewer is held.
    pub fn fly(&mut self, response: &Response) -> bool {
        let drag = response.drag_delta();
        if response.dragged_by(PointerButton::Primary) {
            self.look(Vec2::new(drag.x, drag.y));
        }
        if response.hovered() {
            self.go(Vec3::Z * wheel::turned(&response.ctx));
        }
        if !response.has_focus() {
            return false;
        }
        let (direction, seconds, hurries) = response.ctx.input(|input| {
            let held = |more: Key, less: Key| {
                f32::from(u8::from(input.key_down(more))) - f32::from(u8::from(input.key_down(less)))
            };
            let direction = Vec3::new(held(Key::D, Key::A), held(Key::Q, Key::E), held(Key::W, Key::S));
            // Limit the time step, so that a pause between two frames does not cause a jump.
            (direction, input.stable_dt.min(0.25), input.modifiers.shift)
        });
        let speed = if hurries { SPEED * SHIFT_FACTOR } else { SPEED };
        self.go(direction.normalize_or_zero() * speed * seconds);
        direction != Vec3::ZERO
    }

    /// Position of the viewer.
    pub fn eye(&self) -> Vec3 {
        self.centre + self.outward() * self.distance
    }

    /// Turns the direction of view by a drag of this many points, without moving the viewer.
    pub fn look(&mut self, points: Vec2) {
        let eye = self.eye();
        self.turn(points);
        self.centre = eye - self.outward() * self.distance;
    }

    /// Moves the viewer this far to the right, down and forward.
    pub fn go(&mut self, offset: Vec3) {
        let forward = -self.outward();
        let right = Vec3::Y.cross(forward).normalize();
        self.centre += right * offset.x + Vec3::Y * offset.y + forward * offset.z;
    }

    /// Divides the distance from the centre by this factor.
    pub fn zoom(&mut self, factor: f32) {
        self.distance = (self.distance / factor).clamp(0.05, 100.0);
    }

    /// Unit vector from the centre to the viewer.
    fn outward(&self) -> Vec3 {
        let (sin_yaw, cos_yaw) = self.yaw.sin_cos();
        let (sin_pitch, cos_pitch) = self.pitch.sin_cos();
        Vec3::new(sin_yaw * cos_pitch, -sin_pitch, -cos_yaw * cos_pitch)
    }

    /// Transform from the frame's camera to the clip space of a view of this aspect ratio (width / height).
    pub fn clip_from_camera(&self, aspect: f32) -> Mat4 {
        let view = rh::view::look_at_mat4(self.eye(), self.centre, Vec3::NEG_Y);
        rh::proj::directx::perspective(VERTICAL_FIELD_OF_VIEW, aspect, NEAR, FAR) * view
    }

    /// Extent in clip space of a unit length at distance 1, along x and y, in a view of this aspect ratio (width /
    /// height).
    pub fn lens(aspect: f32) -> Vec2 {
        let vertical = 1.0 / (VERTICAL_FIELD_OF_VIEW / 2.0).tan();
        Vec2::new(vertical / aspect, vertical)
    }

    /// Projection of a point onto the screen; `None` if it is behind the viewer.
    pub fn project(&self, point: Vec3, rect: Rect) -> Option<Pos2> {
        let clip = self.clip_from_camera(rect.aspect_ratio()) * point.extend(1.0);
        (clip.w > NEAR).then(|| {
            let position = clip / clip.w;
            Pos2::new(
                rect.left() + (position.x + 1.0) / 2.0 * rect.width(),
                rect.top() + (1.0 - position.y) / 2.0 * rect.height(),
            )
        })
    }
}
