//! Comparison of two maps in one view: side by side with a divider, or blinking.

use super::layer::{Layer, Viewport};
use crate::{
    app::{
        legend,
        state::ViewedFrame,
        theme::{self, overlay},
    },
    objective::MapName,
};
use egui::{
    Align2, CursorIcon, EventFilter, Key, Modifiers, Painter, Rect, Response, Sense, Stroke, Ui, Vec2,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Seconds that each of two blinking maps is shown.
const BLINK: f64 = 0.7;
/// Width of the grip to either side of the divider, points.
const GRIP: f32 = 6.0;
/// Share by which an arrow key moves the divider.
const KEY_SHARE: f32 = 0.02;

/// Way in which two maps are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ComparisonMode {
    /// First map to the left of a divider, second map to its right.
    Swipe,
    /// One map after the other.
    Blink,
}

/// Second map of a view, with the way to compare it.
#[derive(Serialize, Deserialize)]
pub struct Comparison {
    /// The second map.
    pub with: Layer,
    /// Way in which it is compared with the first.
    pub way: ComparisonMode,
    /// Position of the divider from the left edge, 0 to 1.
    divider: f32,
}

impl Comparison {
    /// Comparison with this map, with the divider in the middle.
    pub fn new(with: MapName) -> Self {
        Self { with: Layer::new(with), way: ComparisonMode::Swipe, divider: 0.5 }
    }

    /// Checks if blinking shows the first map now.
    fn is_first_shown(ui: &Ui) -> bool {
        let phase = ui.input(|input| input.time) / BLINK;
        (phase as u64).is_multiple_of(2)
    }

    /// Names of the maps on the screen, for screen readers.
    pub fn caption(&self, ui: &Ui, first: &Layer) -> String {
        match self.way {
            ComparisonMode::Swipe => format!("{} next to {}", first.shown, self.with.shown),
            ComparisonMode::Blink if Self::is_first_shown(ui) => first.shown.to_string(),
            ComparisonMode::Blink => self.with.shown.to_string(),
        }
    }

    /// Draws both maps, each with its name.
    pub fn draw(&mut self, ui: &Ui, viewed: &ViewedFrame, spot: Viewport, first: &Layer) {
        let caption = |letter: &str, layer: &Layer| format!("{letter}  {}", layer.caption());
        let [a, b] = [caption("A", first), caption("B", &self.with)];
        match self.way {
            ComparisonMode::Blink => {
                let is_first = Self::is_first_shown(ui);
                let (layer, text) = if is_first { (first, a) } else { (&self.with, b) };
                draw(ui.painter(), viewed, spot, layer, (&text, Align2::LEFT_TOP, Align2::RIGHT_BOTTOM));
                let left = BLINK - ui.input(|input| input.time) % BLINK;
                ui.ctx().request_repaint_after(Duration::from_secs_f64(left));
            }
            ComparisonMode::Swipe => {
                let x = egui::lerp(spot.frame.x_range(), self.divider);
                let [left, right] = [spot.frame.with_max_x(x), spot.frame.with_min_x(x)]
                    .map(|half| ui.painter().with_clip_rect(half.intersect(ui.clip_rect())));
                draw(&left, viewed, spot, first, (&a, Align2::LEFT_TOP, Align2::LEFT_BOTTOM));
                draw(&right, viewed, spot, &self.with, (&b, Align2::RIGHT_TOP, Align2::RIGHT_BOTTOM));
                self.grip(ui, spot.frame);
            }
        }
    }

    /// Draws the divider, and moves it by dragging or by the arrow keys while it has the focus.
    fn grip(&mut self, ui: &Ui, frame: Rect) {
        let at = |share: f32| egui::lerp(frame.x_range(), share);
        let grip = Rect::from_x_y_ranges(at(self.divider) - GRIP..=at(self.divider) + GRIP, frame.y_range());
        let response = ui.interact(grip, ui.scope_id().with("divider"), Sense::drag());
        response.widget_info(|| {
            egui::WidgetInfo::slider(true, f64::from(self.divider), "Divider between A and B")
        });
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            self.divider = ((pointer.x - frame.left()) / frame.width().max(1.0)).clamp(0.0, 1.0);
        }
        if response.has_focus() {
            self.move_by_keys(ui, &response);
        }
        let is_held = response.dragged() || response.hovered() || response.has_focus();
        if response.dragged() || response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
        }
        let colour = overlay::DIVIDER[usize::from(is_held)];
        for (width, colour) in [(4.0, overlay::DIVIDER_EDGE), (1.5, colour)] {
            ui.painter().vline(at(self.divider), frame.y_range(), Stroke::new(width, colour));
        }
        let handle = egui::pos2(at(self.divider), frame.center().y);
        let knob = Rect::from_center_size(handle, Vec2::new(theme::UNIT, 3.0 * theme::UNIT));
        ui.painter().rect_filled(knob, 3.0, colour);
        if response.has_focus() {
            let focus = Stroke::new(2.0, ui.visuals().hyperlink_color);
            ui.painter().rect_stroke(knob.expand(2.0), 4.0, focus, egui::StrokeKind::Outside);
        }
        response.on_hover_text("Drag, or use the arrow keys: A is to the left, B to the right");
    }

    fn move_by_keys(&mut self, ui: &Ui, response: &Response) {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.ctx().memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        // Consumed, so that they do not also step through the drive.
        let [left, right] = ui.input_mut(|input| {
            [Key::ArrowLeft, Key::ArrowRight].map(|key| input.count_and_consume_key(Modifiers::NONE, key))
        });
        let moved = (right as f32 - left as f32) * KEY_SHARE;
        self.divider = (self.divider + moved).clamp(0.0, 1.0);
    }
}

fn draw(
    painter: &Painter,
    viewed: &ViewedFrame,
    spot: Viewport,
    layer: &Layer,
    (text, above, below): (&str, Align2, Align2),
) {
    if layer.draw(painter, viewed, spot, below) {
        legend::note(painter, spot.frame, above, text);
    } else {
        legend::note(painter, spot.frame, above, &format!("{text} is not known here"));
    }
}
