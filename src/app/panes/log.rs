//! The log: every line with its time, by how much it matters and by words.

use super::{Pane, PaneKind, empty, title};
use crate::app::{
    messages::level_colour,
    state::{LogLine, MessageLevel, Messages, State},
    theme::{self, Palette},
};
use egui::{
    Align, Align2, Button, ComboBox, FontId, Layout, Rect, Role, ScrollArea, Sense, TextEdit, TextStyle,
    TextWrapMode, Ui, Vec2, WidgetInfo,
};
use serde::{Deserialize, Serialize};

const ROW: f32 = 18.0;
const TIME: f32 = 64.0;
/// Width of the button for a report.
const REPORT: f32 = 88.0;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LogPane {
    #[serde(rename = "least")]
    min: MessageLevel,
    #[serde(skip)]
    words: String,
}

impl Pane for LogPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Log);
        self.filters(ui, &state.messages);
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        self.lines(ui, &state.messages);
    }
}

impl LogPane {
    /// Level and words of the lines that are shown, and the button that copies them.
    fn filters(&mut self, ui: &mut Ui, messages: &Messages) {
        let name = |level| match level {
            MessageLevel::Detail => "everything",
            MessageLevel::Notice => "notices and problems",
            MessageLevel::Warning => "problems",
            MessageLevel::Failure => "ended runs",
        };
        let choice = ComboBox::from_id_salt("least").selected_text(name(self.min)).width(96.0).truncate();
        let choice = choice.show_ui(ui, |ui| {
            for level in MessageLevel::ALL {
                ui.selectable_value(&mut self.min, level, name(level));
            }
        });
        choice.response.on_hover_text("Which lines are shown").accessible_name("Lines to show");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let lines = messages.log.matching(self.min, &self.words);
            let copy = ui.add_enabled(!lines.is_empty(), Button::new("Copy"));
            if copy.on_hover_text("Put the lines that are shown on the clipboard").clicked() {
                let lines: Vec<_> = lines.into_iter().map(LogLine::whole).collect();
                ui.ctx().copy_text(lines.join("\n"));
            }
            let width = ui.available_width().min(200.0);
            let words = TextEdit::singleline(&mut self.words).hint_text("Search").desired_width(width);
            ui.add(words).on_hover_text("Only lines with these words").accessible_name("Search the log");
        });
    }

    fn lines(&self, ui: &mut Ui, messages: &Messages) {
        let lines = messages.log.matching(self.min, &self.words);
        if lines.is_empty() {
            let text = if messages.log.is_empty() {
                "What happens is written down here: open data or press Train"
            } else {
                "No line is like this: show everything, or search for other words"
            };
            empty(ui, ui.max_rect(), text);
            return;
        }
        let margin = egui::Margin::symmetric(8, 4);
        ui.spacing_mut().item_spacing.y = 0.0;
        let scroll = ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).content_margin(margin);
        scroll.show_rows(ui, ROW, lines.len(), |ui, shown| {
            for line in &lines[shown] {
                row(ui, line);
            }
        });
    }
}

fn row(ui: &mut Ui, line: &LogLine) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, line.plain()));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(4.0, 0.0)), 2.0, ui.visuals().faint_bg_color);
    }
    let palette = Palette::of(ui);
    let weak = ui.visuals().weak_text_color();
    let digits = FontId::monospace(12.0);
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, line.time(), digits, weak);
    let colour = match line.level {
        MessageLevel::Detail => ui.visuals().text_color(),
        level => level_colour(level, &palette),
    };
    let times = if line.times > 1 { format!("{}× ", line.times) } else { String::new() };
    let text = egui::RichText::new(format!("{times}{}", line.text)).color(colour);
    let mut space = rect.with_min_x(rect.left() + TIME + theme::HALF);
    if let Some(report) = &line.report {
        space.max.x = copy_report(ui, rect, report).left() - theme::HALF;
    }
    let text = egui::WidgetText::from(text).into_galley(
        ui,
        Some(TextWrapMode::Truncate),
        space.width(),
        TextStyle::Body,
    );
    let corner = Align2::LEFT_CENTER.align_size_within_rect(text.size(), space).min;
    ui.painter().galley(corner, text, colour);
    response.on_hover_text(format!("{} (universal time)\n{}", line.time(), line.text));
}

/// Draws the button that copies a report, at the right end of a line; returns its rectangle.
fn copy_report(ui: &mut Ui, row: Rect, report: &str) -> Rect {
    let space = row.with_min_x(row.right() - REPORT);
    let button = ui.put(space, Button::new("Copy report").small());
    let help = "Copy message, location and backtrace for a bug report";
    if button.on_hover_text(help).clicked() {
        ui.ctx().copy_text(report.to_owned());
    }
    space
}
