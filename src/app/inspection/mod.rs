//! The pixel that is asked about, and what is known about it.

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

/// Seconds between the halves of a double click, at most.
const LONGEST_DOUBLE_CLICK: f64 = 0.5;
/// Depths of a cost curve.
const DEPTHS: usize = 160;

/// A place in any picture of the target, in shares of its width and height, so that it means the same in
/// maps of every size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisedPoint {
    /// From the left edge, 0 to 1.
    pub x: f32,
    /// From the upper edge, 0 to 1.
    pub y: f32,
}

impl NormalisedPoint {
    /// Where a point lies in a picture on the screen.
    pub fn within(picture: Rect, point: Pos2) -> Self {
        let share = (point - picture.min) / picture.size();
        Self { x: share.x.clamp(0.0, 1.0), y: share.y.clamp(0.0, 1.0) }
    }

    /// The middle of a pixel.
    fn of([column, row]: [usize; 2], size: ImageSize) -> Self {
        Self { x: (column as f32 + 0.5) / size.width as f32, y: (row as f32 + 0.5) / size.height as f32 }
    }

    /// Column and row of the pixel that it lies in.
    pub fn pixel(self, size: ImageSize) -> [usize; 2] {
        let cell = |share: f32, count: usize| ((share * count as f32) as usize).min(count - 1);
        [cell(self.x, size.width), cell(self.y, size.height)]
    }

    /// Its point in a picture on the screen.
    pub fn on(self, picture: Rect) -> Pos2 {
        picture.min + picture.size() * egui::vec2(self.x, self.y)
    }
}

/// What is known about the pixel.
#[derive(Clone, Debug)]
pub struct PixelAnswer {
    /// Every term of its loss.
    pub report: PixelReport,
    /// Its loss at other depths.
    pub curve: CostCurve,
}

/// What was before a click.
#[derive(Clone, Copy, Debug)]
struct LastClick {
    seconds: f64,
    place: Option<NormalisedPoint>,
    was_pinned: bool,
}

/// The question and its answer.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Whether the inspector is open, without which nothing is asked.
    pub is_open: bool,
    /// Whether the pixel stays when the pointer goes on.
    pub is_pinned: bool,
    /// A depth pointed at in the cost curve, to be marked in the sources.
    pub supposed_depth: Option<f64>,
    place: Option<NormalisedPoint>,
    last_click: Option<LastClick>,
    evidence: Option<Arc<PixelInspection>>,
    answer: Option<PixelAnswer>,
}

impl Inspection {
    /// The place that is marked.
    pub fn place(&self) -> Option<NormalisedPoint> {
        self.place.filter(|_| self.is_open)
    }

    /// What is known about its pixel.
    pub fn answer(&self) -> Option<&PixelAnswer> {
        self.answer.as_ref()
    }

    /// Another frame is on the screen: the same question is asked of it.
    pub fn show(&mut self, evidence: Option<Arc<PixelInspection>>) {
        self.evidence = evidence;
        self.ask(self.place);
    }

    /// The pointer is at this place; says whether that changes what is marked.
    pub fn hover(&mut self, place: NormalisedPoint) -> bool {
        let changes = !self.is_pinned && self.place != Some(place);
        if changes {
            self.ask(Some(place));
        }
        changes
    }

    /// This place was clicked at a moment of the window's clock: pins it, or if it is all but the pinned
    /// one lets it go.
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

    /// A double click, which is none of its business, began with the click just now.
    pub fn take_back_click(&mut self, seconds: f64) {
        // If both clicks came at once, the first was not seen, and the last one is of long ago.
        let click = self.last_click.take().filter(|click| seconds - click.seconds < LONGEST_DOUBLE_CLICK);
        if let Some(LastClick { place, was_pinned, .. }) = click {
            self.is_pinned = was_pinned;
            self.ask(place);
        }
    }

    /// Moves the pixel by whole pixels, and pins it.
    pub fn nudge(&mut self, across: isize, down: isize) {
        let (Some(place), Some(evidence)) = (self.place, &self.evidence) else { return };
        let size = evidence.size();
        let [column, row] = place.pixel(size);
        let moved = |index: usize, by: isize, count: usize| index.saturating_add_signed(by).min(count - 1);
        let pixel = [moved(column, across, size.width), moved(row, down, size.height)];
        self.is_pinned = true;
        self.ask(Some(NormalisedPoint::of(pixel, size)));
    }

    /// Lets the pixel go.
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
