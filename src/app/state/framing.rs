//! The part of the pictures that is visible: one framing for all views, so that they show the same part.

use super::inspection::NormalisedPoint;
use egui::{Rect, Vec2};

/// Width of a pixel at the largest zoom, points.
const WIDEST_PIXEL: f32 = 64.0;
/// Zoom factor of a key press.
const PER_KEY: f32 = 1.5;

/// Visible part of the pictures, in shares of their width and height; both shares are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Framing {
    /// Magnification; 1 shows the whole pictures.
    zoom: f32,
    /// Upper left corner of the visible part.
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
    /// Magnification; 1 shows the whole pictures.
    pub fn zoom(&self) -> f32 {
        self.zoom
    }

    /// True if the pictures are visible as a whole.
    pub fn is_whole(&self) -> bool {
        self.zoom <= 1.0
    }

    /// Visible part, in shares of a picture's width and height.
    pub fn visible(&self) -> Rect {
        Rect::from_min_size(self.corner.to_pos2(), Vec2::splat(1.0 / self.zoom))
    }

    /// Rectangle of the whole picture if its visible part fills `frame`.
    pub fn picture(&self, frame: Rect) -> Rect {
        let size = frame.size() * self.zoom;
        Rect::from_min_size(frame.min - size * self.corner, size)
    }

    /// Shows the whole pictures again.
    pub fn reset(&mut self) {
        *self = Self { closest: self.closest, ..Self::default() };
    }

    /// Zooms in by one key press, about a point if it is visible.
    pub fn zoom_in(&mut self, about: Option<NormalisedPoint>) {
        self.zoom_by_key(about, PER_KEY);
    }

    /// Zooms out by one key press.
    pub fn zoom_out(&mut self, about: Option<NormalisedPoint>) {
        self.zoom_by_key(about, 1.0 / PER_KEY);
    }

    fn zoom_by_key(&mut self, about: Option<NormalisedPoint>, factor: f32) {
        let centre = self.visible().center();
        let visible = about.filter(|point| self.visible().contains(egui::pos2(point.x, point.y)));
        self.zoom_about(visible.unwrap_or(NormalisedPoint { x: centre.x, y: centre.y }), factor);
    }

    /// Magnifies the pictures by a factor; the point stays where it is on the screen, as far as it can.
    pub fn zoom_about(&mut self, point: NormalisedPoint, factor: f32) {
        // A zoom that a larger picture allowed stays.
        let closest = self.closest.max(self.zoom).max(1.0);
        let zoom = (self.zoom * factor).clamp(1.0, closest);
        let point = Vec2::new(point.x, point.y);
        self.corner = point - (point - self.corner) * self.zoom / zoom;
        self.zoom = zoom;
        self.clamp_corner();
    }

    /// Moves the visible part by a drag, in shares of the frame's width and height.
    pub fn pan(&mut self, share: Vec2) {
        self.corner -= share / self.zoom;
        self.clamp_corner();
    }

    /// Moves the visible part so that it contains a point.
    pub fn reveal(&mut self, point: NormalisedPoint) {
        let point = egui::pos2(point.x, point.y);
        if !self.visible().contains(point) {
            self.corner = point.to_vec2() - Vec2::splat(0.5 / self.zoom);
            self.clamp_corner();
        }
    }

    /// Keeps the visible part within the pictures.
    fn clamp_corner(&mut self) {
        let max = 1.0 - 1.0 / self.zoom;
        self.corner = self.corner.clamp(Vec2::ZERO, Vec2::splat(max));
    }

    /// Limits the zoom to pixels of 64 points, in a view of `points` width whose whole picture has this many columns.
    pub fn limit_zoom(&mut self, columns: usize, points: f32) {
        self.closest = WIDEST_PIXEL * columns as f32 / points.max(1.0);
    }
}
