//! Tables of facts, as the inspector and the sandbox show them.

use crate::app::{
    inspection::{Fact, FactGroup},
    legend,
    theme::{self, Palette},
};
use egui::{Align2, FontId, Rect, Role, Sense, Stroke, TextStyle, Ui, Vec2, WidgetInfo};

const ROW: f32 = 16.0;

/// Draws the title of a group and those of its columns, above a line. Columns of sources have their colours.
pub(super) fn heading(ui: &mut Ui, group: &FactGroup) {
    let width = ui.available_width();
    ui.add_space(theme::HALF);
    let (rect, _) = ui.allocate_exact_size(Vec2::new(width, ROW), Sense::hover());
    let weak = ui.visuals().weak_text_color();
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, group.title, font.clone(), weak);
    for (index, column) in group.columns.iter().enumerate() {
        let cell = cell(rect, index, group.columns.len());
        let text = ui.painter().layout_no_wrap(column.clone(), font.clone(), weak);
        let place = Align2::RIGHT_CENTER.anchor_size(cell.right_center(), text.size());
        ui.painter().galley(place.min, text, weak);
        if group.title == "Sources" {
            let patch = Rect::from_center_size(place.left_center() - Vec2::new(7.0, 0.0), Vec2::splat(6.0));
            ui.painter().rect_filled(patch, 1.0, legend::source_colour(index));
        }
    }
    let line = Stroke::new(1.0, ui.visuals().widgets.noninteractive.bg_stroke.color);
    ui.painter().hline(rect.x_range(), rect.bottom(), line);
}

/// Rectangle of a value: columns share the right side of a row, and a single value is at its right end.
fn cell(row: Rect, index: usize, columns: usize) -> Rect {
    // Three columns of signed percentages need this much to stand apart.
    let width = if columns > 3 { 48.0 } else { 70.0 };
    let right = row.right() - (columns - 1 - index) as f32 * width;
    Rect::from_min_max(egui::pos2(right - width, row.top()), egui::pos2(right, row.bottom()))
}

/// Draws a row: its name and values, with a tooltip.
pub(super) fn row(ui: &mut Ui, fact: &Fact, columns: &[String]) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken(fact, columns)));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(4.0, 0.0)), 2.0, ui.visuals().faint_bg_color);
    }
    let text = ui.visuals().text_color();
    let font = TextStyle::Body.resolve(ui.style());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, fact.name, font.clone(), text);
    for (index, value) in fact.values.iter().enumerate() {
        let is_number = value.starts_with(|first: char| first.is_ascii_digit() || "−+".contains(first))
            && value.chars().filter(|letter| letter.is_alphabetic()).count() < 3;
        let font = if is_number { FontId::monospace(12.0) } else { font.clone() };
        let colour = if fact.decisive == Some(index) {
            Palette::of(ui).accent
        } else {
            ui.visuals().strong_text_color()
        };
        let cell = cell(rect, index, fact.values.len());
        ui.painter().text(cell.right_center(), Align2::RIGHT_CENTER, value, font, colour);
    }
    response.on_hover_text(&fact.help);
}

/// Text of a row for screen readers: "reprojection: −1 0.0312, +1 0.0450".
fn spoken(fact: &Fact, columns: &[String]) -> String {
    let values = fact.values.iter().enumerate().map(|(index, value)| match columns.get(index) {
        Some(column) => format!("{column} {value}"),
        None => value.clone(),
    });
    format!("{}: {}", fact.name, values.collect::<Vec<_>>().join(", "))
}
