//! Inspected pixel: its position, the reply of the session about it, and pinning.

mod facts;
mod marks;
mod plot;

pub use facts::{Fact, FactGroup, groups, number, text};
pub use marks::draw as draw_marks;
pub use plot::cost_curve;

use crate::{
    config::ImageSize,
    inspect::{CostCurve, PixelInspection, PixelReport},
};
use egui::{Pos2, Rect};
use std::sync::Arc;

/// Longest time between the clicks of a double click, seconds.
const LONGEST_DOUBLE_CLICK: f64 = 0.5;
/// Number of depths of a cost curve.
const DEPTHS: usize = 160;

/// Position in pictures of the target, in shares of their width and height, so that it is the same in maps of every
/// size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisedPoint {
    /// Distance from the left edge, 0 to 1.
    pub x: f32,
    /// Distance from the upper edge, 0 to 1.
    pub y: f32,
}

impl NormalisedPoint {
    /// Position of a point of the screen in a picture.
    pub fn within(picture: Rect, point: Pos2) -> Self {
        let share = (point - picture.min) / picture.size();
        Self { x: share.x.clamp(0.0, 1.0), y: share.y.clamp(0.0, 1.0) }
    }

    /// Position of the middle of a pixel.
    fn of([column, row]: [usize; 2], size: ImageSize) -> Self {
        Self { x: (column as f32 + 0.5) / size.width as f32, y: (row as f32 + 0.5) / size.height as f32 }
    }

    /// Column and row of the pixel at this position, in a picture of this size.
    pub fn pixel(self, size: ImageSize) -> [usize; 2] {
        let cell = |share: f32, count: usize| ((share * count as f32) as usize).min(count - 1);
        [cell(self.x, size.width), cell(self.y, size.height)]
    }

    /// Point of the screen at this position in a picture.
    pub fn on(self, picture: Rect) -> Pos2 {
        picture.min + picture.size() * egui::vec2(self.x, self.y)
    }
}

/// Reply about the inspected pixel.
#[derive(Clone, Debug)]
pub struct PixelAnswer {
    /// Terms of its loss.
    pub report: PixelReport,
    /// Loss at other depths.
    pub curve: CostCurve,
}

/// State before a click, to undo it.
#[derive(Clone, Copy, Debug)]
struct LastClick {
    seconds: f64,
    place: Option<NormalisedPoint>,
    was_pinned: bool,
}

/// Inspected pixel and the reply about it.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// True if the inspector is open; otherwise nothing is requested.
    pub is_open: bool,
    /// True if the pixel is pinned, so that it stays when the pointer moves on.
    pub is_pinned: bool,
    /// Depth under the pointer in the cost curve, to be marked in the sources.
    pub supposed_depth: Option<f64>,
    place: Option<NormalisedPoint>,
    last_click: Option<LastClick>,
    evidence: Option<Arc<PixelInspection>>,
    answer: Option<PixelAnswer>,
}

impl Inspection {
    /// Position of the inspected pixel.
    pub fn place(&self) -> Option<NormalisedPoint> {
        self.place.filter(|_| self.is_open)
    }

    /// Reply about the inspected pixel, if it has arrived.
    pub fn answer(&self) -> Option<&PixelAnswer> {
        self.answer.as_ref()
    }

    /// Shows another frame, in which the same position is inspected.
    pub fn show(&mut self, evidence: Option<Arc<PixelInspection>>) {
        self.evidence = evidence;
        self.ask(self.place);
    }

    /// Moves the inspected pixel to the pointer, unless it is pinned; true if that changes the position.
    pub fn hover(&mut self, place: NormalisedPoint) -> bool {
        let changes = !self.is_pinned && self.place != Some(place);
        if changes {
            self.ask(Some(place));
        }
        changes
    }

    /// Handles a click at this position and time: pins it, or unpins if it is close to the pinned position.
    pub fn click(
        &mut self,
        place: NormalisedPoint,
        seconds: f64,
        is_at_pin: impl Fn(NormalisedPoint) -> bool,
    ) {
        self.last_click = Some(LastClick { seconds, place: self.place, was_pinned: self.is_pinned });
        self.is_pinned = !(self.is_pinned && self.place.is_some_and(is_at_pin));
        self.ask(Some(place));
    }

    /// Undoes the last click, because it was the first one of a double click, which has another purpose.
    pub fn take_back_click(&mut self, seconds: f64) {
        // If both clicks arrived in one frame, the first was not handled, and the last one handled is too old.
        let click = self.last_click.take().filter(|click| seconds - click.seconds < LONGEST_DOUBLE_CLICK);
        if let Some(LastClick { place, was_pinned, .. }) = click {
            self.is_pinned = was_pinned;
            self.ask(place);
        }
    }

    /// Moves the inspected pixel by whole pixels, and pins it.
    pub fn nudge(&mut self, across: isize, down: isize) {
        let (Some(place), Some(evidence)) = (self.place, &self.evidence) else { return };
        let size = evidence.size();
        let [column, row] = place.pixel(size);
        let moved = |index: usize, by: isize, count: usize| index.saturating_add_signed(by).min(count - 1);
        let pixel = [moved(column, across, size.width), moved(row, down, size.height)];
        self.is_pinned = true;
        self.ask(Some(NormalisedPoint::of(pixel, size)));
    }

    /// Unpins the pixel and stops inspecting it.
    pub fn clear(&mut self) {
        self.is_pinned = false;
        self.supposed_depth = None;
        self.ask(None);
    }

    fn ask(&mut self, place: Option<NormalisedPoint>) {
        self.place = place;
        self.answer = self.evidence.as_ref().zip(place).map(|(evidence, place)| {
            let pixel = place.pixel(evidence.size());
            PixelAnswer { report: evidence.report(pixel), curve: evidence.cost_curve(pixel, DEPTHS) }
        });
    }
}
