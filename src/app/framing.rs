//! Which part of the pictures is seen: one framing for all views, so that they show the same place.

use super::inspection::NormalisedPoint;
use crate::view::wheel;
use egui::{CursorIcon, PointerButton, Rect, Response, Vec2};

/// Points that a pixel is wide at the closest.
const WIDEST_PIXEL: f32 = 64.0;
/// How much closer a key brings it.
const PER_KEY: f32 = 1.5;

/// A part of the pictures, in shares of their width and height, as wide a share as high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// How many times larger than as a whole pictures are seen.
    zoom: f32,
    /// The upper left corner of what is seen.
    corner: Vec2,
    /// The largest zoom in the view that was drawn last.
    closest: f32,
}

impl Default for Framing {
    /// The whole pictures.
    fn default() -> Self {
        Self { zoom: 1.0, corner: Vec2::ZERO, closest: 1.0 }
    }
}

impl Framing {
    /// How many times larger than as a whole pictures are seen.
    pub fn zoom(&self) -> f32 {
        self.zoom
    }

    /// Whether all of the pictures is seen.
    pub fn is_whole(&self) -> bool {
        self.zoom <= 1.0
    }

    /// What is seen, in shares of a picture's width and height.
    pub fn visible(&self) -> Rect {
        Rect::from_min_size(self.corner.to_pos2(), Vec2::splat(1.0 / self.zoom))
    }

    /// Where the whole picture would lie if what is seen of it fills `frame`.
    pub fn picture(&self, frame: Rect) -> Rect {
        let size = frame.size() * self.zoom;
        Rect::from_min_size(frame.min - size * self.corner, size)
    }

    /// Sees the whole pictures again.
    pub fn reset(&mut self) {
        *self = Self { closest: self.closest, ..Self::default() };
    }

    /// Whether a double click in this view is for the framing.
    pub fn is_reset_by(&self, response: &Response) -> bool {
        response.double_clicked() && !self.is_whole()
    }

    /// One key closer.
    pub fn come_closer(&mut self, about: Option<NormalisedPoint>) {
        self.zoom_by_key(about, PER_KEY);
    }

    /// One key farther away.
    pub fn step_back(&mut self, about: Option<NormalisedPoint>) {
        self.zoom_by_key(about, 1.0 / PER_KEY);
    }

    fn zoom_by_key(&mut self, about: Option<NormalisedPoint>, factor: f32) {
        let centre = self.visible().center();
        let seen = about.filter(|place| self.visible().contains(egui::pos2(place.x, place.y)));
        self.zoom_about(seen.unwrap_or(NormalisedPoint { x: centre.x, y: centre.y }), factor);
    }

    /// Shows the pictures larger by a factor; the place stays where it is on the screen, as far as it can.
    pub fn zoom_about(&mut self, place: NormalisedPoint, factor: f32) {
        // Whoever came closer in a picture of more pixels is not thrown back in one of fewer.
        let closest = self.closest.max(self.zoom).max(1.0);
        let zoom = (self.zoom * factor).clamp(1.0, closest);
        let place = Vec2::new(place.x, place.y);
        self.corner = place - (place - self.corner) * self.zoom / zoom;
        self.zoom = zoom;
        self.hold();
    }

    /// Moves with a drag of this share of the frame's width and height.
    pub fn pan(&mut self, share: Vec2) {
        self.corner -= share / self.zoom;
        self.hold();
    }

    /// Moves so that a place is seen.
    pub fn reveal(&mut self, place: NormalisedPoint) {
        let place = egui::pos2(place.x, place.y);
        if !self.visible().contains(place) {
            self.corner = place.to_vec2() - Vec2::splat(0.5 / self.zoom);
            self.hold();
        }
    }

    /// Nothing beyond the pictures' borders is seen.
    fn hold(&mut self) {
        let most = 1.0 - 1.0 / self.zoom;
        self.corner = self.corner.clamp(Vec2::ZERO, Vec2::splat(most));
    }

    /// Moves by what the pointer did in a view whose frame holds a picture of so many columns: wheel to
    /// zoom, drag to move, double click to see everything. Says whether the framing changed.
    pub fn interact(&mut self, response: &Response, columns: usize) -> bool {
        let (before, frame) = (*self, response.rect);
        self.closest = WIDEST_PIXEL * columns as f32 / frame.width().max(1.0);
        if self.is_reset_by(response) {
            self.reset();
        }
        let pans = response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle);
        if pans && !self.is_whole() {
            self.pan(response.drag_delta() / frame.size());
            response.ctx.set_cursor_icon(CursorIcon::Grabbing);
        }
        if let Some(pointer) = response.hover_pos() {
            let factor = wheel::closer(&response.ctx);
            if factor != 1.0 {
                self.zoom_about(NormalisedPoint::within(self.picture(frame), pointer), factor);
            }
        }
        (self.zoom, self.corner) != (before.zoom, before.corner)
    }
}
