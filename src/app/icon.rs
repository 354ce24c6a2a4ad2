//! Icons as shapes, which are sharp at every size and need no font.

use egui::{
    Atom, Button, Color32, IdSalt, Painter, Pos2, Rect, Response, RichText, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo,
};

const SIZE: f32 = 12.0;

/// Icons of media players and windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Play: a triangle.
    Play,
    /// Pause: two bars.
    Pause,
    /// Make one step: a bar and a triangle.
    Step,
    /// Stop: a square.
    Stop,
    /// Go to the first: a bar and a triangle to the left.
    First,
    /// Go to the previous: a chevron to the left.
    Previous,
    /// Go to the next: a chevron to the right.
    Next,
    /// Go to the last: a triangle to the right and a bar.
    Last,
    /// Close: a cross.
    Cross,
    /// Maximise: a frame.
    Maximise,
    /// Restore: two frames.
    Restore,
    /// No problem: a tick.
    Tick,
    /// Problem: an exclamation mark in a triangle.
    Alert,
    /// Possible problem: an exclamation mark in a circle.
    Notice,
    /// Undo: an arrow that turns back.
    Undo,
}

impl Icon {
    /// Draws the icon to fill `rect`.
    pub fn paint(self, painter: &Painter, rect: Rect, colour: Color32) {
        let at = |x: f32, y: f32| Pos2::new(egui::lerp(rect.x_range(), x), egui::lerp(rect.y_range(), y));
        let triangle = |tip: f32, base: f32| {
            let corners = vec![at(base, 0.06), at(tip, 0.5), at(base, 0.94)];
            painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
        };
        let block = |left: f32, right: f32| {
            painter.rect_filled(Rect::from_min_max(at(left, 0.06), at(right, 0.94)), 0.0, colour);
        };
        let chevron = |tip: f32, base: f32| {
            let stroke = Stroke::new(rect.width() * 0.16, colour);
            painter.line(vec![at(base, 0.12), at(tip, 0.5), at(base, 0.88)], stroke);
        };
        match self {
            Self::Play => triangle(0.95, 0.14),
            Self::Pause => {
                block(0.12, 0.38);
                block(0.62, 0.88);
            }
            Self::Step => {
                block(0.06, 0.26);
                triangle(0.98, 0.4);
            }
            Self::Stop => block(0.08, 0.92),
            Self::First => {
                block(0.04, 0.18);
                triangle(0.26, 0.94);
            }
            Self::Previous => chevron(0.3, 0.7),
            Self::Next => chevron(0.7, 0.3),
            Self::Last => {
                triangle(0.74, 0.06);
                block(0.82, 0.96);
            }
            Self::Maximise => {
                let stroke = Stroke::new(rect.width() * 0.13, colour);
                let frame = Rect::from_min_max(at(0.08, 0.08), at(0.92, 0.92));
                painter.rect_stroke(frame, 0.0, stroke, StrokeKind::Middle);
            }
            Self::Restore => {
                let stroke = Stroke::new(rect.width() * 0.13, colour);
                let frame = Rect::from_min_max(at(0.06, 0.36), at(0.64, 0.94));
                painter.rect_stroke(frame, 0.0, stroke, StrokeKind::Middle);
                painter.line(
                    vec![at(0.36, 0.2), at(0.36, 0.06), at(0.94, 0.06), at(0.94, 0.64), at(0.8, 0.64)],
                    stroke,
                );
            }
            Self::Tick => {
                let stroke = Stroke::new(rect.width() * 0.16, colour);
                painter.line(vec![at(0.08, 0.54), at(0.38, 0.84), at(0.92, 0.2)], stroke);
            }
            Self::Alert => {
                let stroke = Stroke::new(rect.width() * 0.11, colour);
                painter.add(Shape::closed_line(vec![at(0.5, 0.06), at(0.98, 0.94), at(0.02, 0.94)], stroke));
                painter.line_segment([at(0.5, 0.36), at(0.5, 0.64)], stroke);
                painter.circle_filled(at(0.5, 0.78), rect.width() * 0.07, colour);
            }
            Self::Notice => {
                let stroke = Stroke::new(rect.width() * 0.11, colour);
                painter.circle_stroke(rect.center(), rect.width() * 0.45, stroke);
                painter.line_segment([at(0.5, 0.24), at(0.5, 0.56)], stroke);
                painter.circle_filled(at(0.5, 0.74), rect.width() * 0.07, colour);
            }
            Self::Undo => {
                let stroke = Stroke::new(rect.width() * 0.13, colour);
                // Most of a circle, anticlockwise, with an arrowhead at its end.
                let arc = (0..=12).map(|step| {
                    let angle = std::f32::consts::TAU * (0.62 - 0.75 * step as f32 / 12.0);
                    at(0.5 + 0.38 * angle.cos(), 0.54 + 0.38 * angle.sin())
                });
                painter.line(arc.rev().collect(), stroke);
                painter.line(vec![at(0.04, 0.02), at(0.08, 0.42), at(0.46, 0.34)], stroke);
            }
            Self::Cross => {
                let stroke = Stroke::new(rect.width() * 0.13, colour);
                painter.line_segment([at(0.12, 0.12), at(0.88, 0.88)], stroke);
                painter.line_segment([at(0.88, 0.12), at(0.12, 0.88)], stroke);
            }
        }
    }
}

impl Icon {
    /// Draws a button that consists of the icon alone.
    pub fn bare_button(self, ui: &mut Ui, size: Vec2, name: &str) -> Response {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
        let visuals = ui.style().interact(&response);
        if response.has_focus() {
            ui.painter().rect_stroke(rect, 2.0, visuals.bg_stroke, StrokeKind::Inside);
        }
        let side = Vec2::splat(size.min_elem().min(SIZE) - 3.0);
        self.paint(ui.painter(), Rect::from_center_size(rect.center(), side), visuals.fg_stroke.color);
        response
    }
}

/// Button with an icon and an optional label.
pub struct IconButton<'a> {
    /// Icon at the left.
    pub icon: Icon,
    /// Label; empty for the icon alone.
    pub text: &'a str,
    /// Minimum size in points.
    pub size: Vec2,
    /// Fill, and colour of icon and label; `None` for those of the theme.
    pub colours: Option<(Color32, Color32)>,
}

impl IconButton<'_> {
    /// Draws the button, greyed out unless it is enabled.
    pub fn ui(self, ui: &mut Ui, is_enabled: bool) -> Response {
        let place = IdSalt::new("icon");
        ui.add_enabled_ui(is_enabled, |ui| {
            let icon = Atom::custom(place, Vec2::splat(SIZE));
            let colours = self.colours.filter(|_| is_enabled);
            let mut words = RichText::new(self.text);
            if let Some((_, colour)) = colours {
                words = words.color(colour);
            }
            let button = if self.text.is_empty() { Button::new(icon) } else { Button::new((icon, words)) };
            let button = button.min_size(self.size);
            let button = match colours {
                Some((fill, _)) => button.fill(fill),
                None => button,
            };
            let shown = button.atom_ui(ui);
            if let Some(rect) = shown.rect(place) {
                let text_colour = ui.style().interact(&shown.response).text_color();
                let colour = colours.map_or(text_colour, |(_, colour)| colour);
                self.icon.paint(
                    ui.painter(),
                    Rect::from_center_size(rect.center(), Vec2::splat(SIZE)),
                    colour,
                );
            }
            shown.response
        })
        .inner
    }
}
