//! The camera that circles a point cloud, or flies through it.
//!
//! Lengths are median depths of the frame; the axes are those of the frame's camera: x to the right,
//! y down, z forward.

use super::wheel;
use egui::{Key, PointerButton, Pos2, Rect, Response};
use glam::{Mat4, Vec2, Vec3, camera::rh};

/// Field of view from the lower to the upper edge, radians.
const HEIGHT_ANGLE: f32 = 0.7;
const NEAREST: f32 = 0.01;
const FARTHEST: f32 = 500.0;
const RADIANS_PER_POINT: f32 = 0.006;
const STEEPEST: f32 = 1.5;
/// Of flying, in median depths a second.
const SPEED: f32 = 0.8;
/// How much faster it is with Shift.
const HASTE: f32 = 4.0;

/// Where the viewer stands: on a sphere around a centre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// Angle around the vertical, radians; 0 looks along the frame's own view.
    pub yaw: f32,
    /// Angle above the horizon, radians.
    pub pitch: f32,
    /// From the centre.
    pub distance: f32,
    /// What the viewer looks at.
    pub centre: Vec3,
}

impl Default for Orbit {
    /// Behind the camera, to its right and above, so that depth shows.
    fn default() -> Self {
        Self { yaw: 0.42, pitch: 0.3, distance: 2.1, centre: Vec3::new(0.05, 0.05, 1.3) }
    }
}

impl Orbit {
    /// Exactly where the frame's own camera stands, looking the same way.
    pub fn at_the_camera() -> Self {
        Self { yaw: 0.0, pitch: 0.0, distance: 1.0, centre: Vec3::Z }
    }

    /// Behind the camera at its height, looking the same way.
    pub fn behind() -> Self {
        Self { yaw: 0.0, pitch: 0.08, distance: 1.9, centre: Vec3::new(0.0, 0.0, 1.2) }
    }

    /// From above, what lies ahead of the camera at the top.
    pub fn above() -> Self {
        Self { yaw: 0.0, pitch: STEEPEST, distance: 4.2, centre: Vec3::new(0.0, 0.0, 1.5) }
    }

    /// Moves by what the pointer did: drag to orbit, drag with the right button or shift to pan, wheel
    /// to zoom, double click to reset.
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

    /// Turns around the centre by a drag of this many points.
    pub fn turn(&mut self, points: Vec2) {
        self.yaw = (self.yaw - points.x * RADIANS_PER_POINT).rem_euclid(std::f32::consts::TAU);
        self.pitch = (self.pitch + points.y * RADIANS_PER_POINT).clamp(-STEEPEST, STEEPEST);
    }

    /// Moves the centre with the pointer; `share` is in heights of the view.
    pub fn pan(&mut self, share: Vec2) {
        let span = 2.0 * (HEIGHT_ANGLE / 2.0).tan() * self.distance;
        let forward = -self.outward();
        let right = Vec3::Y.cross(forward).normalize();
        let down = forward.cross(right);
        self.centre -= (right * share.x + down * share.y) * span;
    }

    /// Moves through the cloud by what pointer and keys did: drag to look around, W A S D to go, E and Q to
    /// rise and sink, Shift to hurry, wheel to go forward or back. Keys count while `response` has the
    /// focus. Says whether a key is held.
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
            // A pause between two frames is no reason for a leap.
            (direction, input.stable_dt.min(0.25), input.modifiers.shift)
        });
        let speed = if hurries { SPEED * HASTE } else { SPEED };
        self.go(direction.normalize_or_zero() * speed * seconds);
        direction != Vec3::ZERO
    }

    /// Where the viewer stands.
    pub fn eye(&self) -> Vec3 {
        self.centre + self.outward() * self.distance
    }

    /// Turns the head by a drag of this many points; the viewer stays in place.
    pub fn look(&mut self, points: Vec2) {
        let eye = self.eye();
        self.turn(points);
        self.centre = eye - self.outward() * self.distance;
    }

    /// Goes this far to the right, down and forward.
    pub fn go(&mut self, way: Vec3) {
        let forward = -self.outward();
        let right = Vec3::Y.cross(forward).normalize();
        self.centre += right * way.x + Vec3::Y * way.y + forward * way.z;
    }

    /// Comes closer by this factor.
    pub fn zoom(&mut self, factor: f32) {
        self.distance = (self.distance / factor).clamp(0.05, 100.0);
    }

    /// From the centre to the viewer.
    fn outward(&self) -> Vec3 {
        let (sin_yaw, cos_yaw) = self.yaw.sin_cos();
        let (sin_pitch, cos_pitch) = self.pitch.sin_cos();
        Vec3::new(sin_yaw * cos_pitch, -sin_pitch, -cos_yaw * cos_pitch)
    }

    /// Takes points of the frame's camera to clip space of a view of this width / height.
    pub fn clip_from_camera(&self, aspect: f32) -> Mat4 {
        let view = rh::view::look_at_mat4(self.eye(), self.centre, Vec3::NEG_Y);
        rh::proj::directx::perspective(HEIGHT_ANGLE, aspect, NEAREST, FARTHEST) * view
    }

    /// How much a length at distance 1 spans in a view of this width / height that is 2 wide and high.
    pub fn lens(aspect: f32) -> Vec2 {
        let vertical = 1.0 / (HEIGHT_ANGLE / 2.0).tan();
        Vec2::new(vertical / aspect, vertical)
    }

    /// Where a point falls on the screen; `None` behind the viewer.
    pub fn project(&self, point: Vec3, rect: Rect) -> Option<Pos2> {
        let clip = self.clip_from_camera(rect.aspect_ratio()) * point.extend(1.0);
        (clip.w > NEAREST).then(|| {
            let place = clip / clip.w;
            Pos2::new(
                rect.left() + (place.x + 1.0) / 2.0 * rect.width(),
                rect.top() + (1.0 - place.y) / 2.0 * rect.height(),
            )
        })
    }
}
