//! The inspected pixel: its position, whether it is pinned, and the terms of its loss.

use crate::{
    config::ImageSize,
    inspect::{CostCurve, PixelInspection, PixelReport},
};
use egui::{Pos2, Rect};
use std::sync::Arc;

/// Longest time between the clicks of a double click, seconds.
const MAX_DOUBLE_CLICK: f64 = 0.5;
/// Number of depths of a cost curve.
const DEPTHS: usize = 160;

/// A point in any picture of the target, in shares of its width and height, so that it means the same in
/// maps of every size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormalisedPoint {
    /// From the left edge, 0 to 1.
    pub x: f32,
    /// From the upper edge, 0 to 1.
    pub y: f32,
}

impl NormalisedPoint {
    /// The point of a picture that a position on the screen shows.
    pub fn within(picture: Rect, position: Pos2) -> Self {
        let share = (position - picture.min) / picture.size();
        Self { x: share.x.clamp(0.0, 1.0), y: share.y.clamp(0.0, 1.0) }
    }

    /// The middle of a pixel.
    fn of([column, row]: [usize; 2], size: ImageSize) -> Self {
        Self { x: (column as f32 + 0.5) / size.width as f32, y: (row as f32 + 0.5) / size.height as f32 }
    }

    /// Column and row of the pixel at this point.
    pub fn pixel(self, size: ImageSize) -> [usize; 2] {
        let cell = |share: f32, count: usize| ((share * count as f32) as usize).min(count - 1);
        [cell(self.x, size.width), cell(self.y, size.height)]
    }

    /// Position of the point in a picture on the screen.
    pub fn on(self, picture: Rect) -> Pos2 {
        picture.min + picture.size() * egui::vec2(self.x, self.y)
    }
}

/// The loss of the inspected pixel.
#[derive(Clone, Debug)]
pub struct InspectedPixel {
    /// Every term of the loss.
    pub report: PixelReport,
    /// The loss at other depths.
    pub curve: CostCurve,
}

/// State before a click, to undo it.
#[derive(Clone, Copy, Debug)]
struct LastClick {
    seconds: f64,
    point: Option<NormalisedPoint>,
    was_pinned: bool,
}

/// The inspected point and the pixel of the newest picture there.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// True if the inspector is on the screen; nothing is inspected without it.
    pub is_open: bool,
    /// True if the point stays when the pointer moves on.
    pub is_pinned: bool,
    /// Depth under the pointer in the cost curve, to be marked in the sources.
    pub supposed_depth: Option<f64>,
    point: Option<NormalisedPoint>,
    last_click: Option<LastClick>,
    inspection: Option<Arc<PixelInspection>>,
    pixel: Option<InspectedPixel>,
}

impl Inspection {
    /// The marked point.
    pub fn point(&self) -> Option<NormalisedPoint> {
        self.point.filter(|_| self.is_open)
    }

    /// The pixel at the point, if the picture can be inspected.
    pub fn pixel(&self) -> Option<&InspectedPixel> {
        self.pixel.as_ref()
    }

    /// Inspects the same point of another picture.
    pub fn show(&mut self, inspection: Option<Arc<PixelInspection>>) {
        self.inspection = inspection;
        self.inspect(self.point);
    }

    /// Follows the pointer to a point, unless one is pinned. Returns true if the marked point changed.
    pub fn hover(&mut self, point: NormalisedPoint) -> bool {
        let changes = !self.is_pinned && self.point != Some(point);
        if changes {
            self.inspect(Some(point));
        }
        changes
    }

    /// Pins the clicked point, or unpins the pinned one if the click was on it (`is_at_pin`). `seconds` is the window's
    /// time.
    pub fn click(
        &mut self,
        point: NormalisedPoint,
        seconds: f64,
        is_at_pin: impl Fn(NormalisedPoint) -> bool,
    ) {
        self.last_click = Some(LastClick { seconds, point: self.point, was_pinned: self.is_pinned });
        self.is_pinned = !(self.is_pinned && self.point.is_some_and(is_at_pin));
        self.inspect(Some(point));
    }

    /// Undoes the first click of a double click, which shows the whole pictures instead.
    pub fn undo_click(&mut self, seconds: f64) {
        // If both clicks fell into one frame, only one was handled, and `last_click` is of an earlier click.
        let click = self.last_click.take().filter(|click| seconds - click.seconds < MAX_DOUBLE_CLICK);
        if let Some(LastClick { point, was_pinned, .. }) = click {
            self.is_pinned = was_pinned;
            self.inspect(point);
        }
    }

    /// Moves the point by whole pixels to the right and down, and pins it.
    pub fn nudge(&mut self, x: isize, y: isize) {
        let (Some(point), Some(inspection)) = (self.point, &self.inspection) else { return };
        let size = inspection.size();
        let [column, row] = point.pixel(size);
        let moved = |index: usize, by: isize, count: usize| index.saturating_add_signed(by).min(count - 1);
        let pixel = [moved(column, x, size.width), moved(row, y, size.height)];
        self.is_pinned = true;
        self.inspect(Some(NormalisedPoint::of(pixel, size)));
    }

    /// Unpins the point and removes its mark.
    pub fn clear(&mut self) {
        self.is_pinned = false;
        self.supposed_depth = None;
        self.inspect(None);
    }

    fn inspect(&mut self, point: Option<NormalisedPoint>) {
        self.point = point;
        self.pixel = self.inspection.as_ref().zip(point).map(|(inspection, point)| {
            let pixel = point.pixel(inspection.size());
            InspectedPixel { report: inspection.report(pixel), curve: inspection.cost_curve(pixel, DEPTHS) }
        });
    }
}
