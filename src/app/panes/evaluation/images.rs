//! Table of all images: sorted by any column, filtered by name; a click opens the frame.

use super::summary::{COLUMNS, colour_of_difference, in_columns};
use crate::{
    app::{
        state::Playhead,
        theme::{self, Palette},
    },
    data::{FrameKey, Side},
    evaluate::ImageResult,
    session::EvaluationReport,
};
use egui::{
    Align2, Color32, FontId, Rect, Role, ScrollArea, Sense, TextEdit, TextStyle, Ui, Vec2, WidgetInfo,
};
use std::collections::HashMap;

const ROW: f32 = 20.0;
const FIGURE: f32 = 60.0;
/// Index of the ratio, after the metrics; the difference from another report comes last.
const RATIO: usize = COLUMNS.len();
const DIFFERENCE: usize = RATIO + 1;
/// Smallest width at which names of frames can be told apart, points.
const NARROWEST_NAME: f32 = 120.0;

/// Order and filter of the table.
pub(super) struct ImageTable {
    sorted_by: usize,
    falls: bool,
    filter: String,
}

impl Default for ImageTable {
    /// Order with the worst images first.
    fn default() -> Self {
        Self { sorted_by: 0, falls: true, filter: String::new() }
    }
}

/// Metrics of an image; the last is the difference of abs_rel from another report.
struct ImageRow<'a> {
    image: &'a ImageResult,
    values: [f64; DIFFERENCE + 1],
}

impl ImageTable {
    /// Draws the table. Returns the frame of the image that was clicked.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        playhead: &Playhead,
        report: &EvaluationReport,
        other: Option<&EvaluationReport>,
    ) -> Option<FrameKey> {
        let lines = self.lines(report, other);
        ui.horizontal(|ui| {
            let field =
                TextEdit::singleline(&mut self.filter).hint_text("filter by name").desired_width(140.0);
            ui.add(field).accessible_name("Filter images");
            ui.weak(format!("{} of {} images", lines.len(), report.evaluation.images));
        });
        let columns = columns(ui.available_width(), other.is_some());
        self.heads(ui, &columns);
        let shown = playhead.key().map(|key| key.to_string());
        let mut chosen = None;
        let scroll = ScrollArea::vertical().id_salt("images").auto_shrink(false);
        ui.spacing_mut().item_spacing.y = 0.0;
        scroll.min_scrolled_height(8.0 * ROW).show_rows(ui, ROW, lines.len(), |ui, range| {
            for line in &lines[range] {
                if row(ui, line, &columns, shown.as_ref() == Some(&line.image.key)) {
                    chosen = line.image.key.parse::<FrameKey>().ok();
                }
            }
        });
        chosen
    }

    fn lines<'a>(&self, report: &'a EvaluationReport, other: Option<&EvaluationReport>) -> Vec<ImageRow<'a>> {
        let others: HashMap<&str, f64> = other
            .into_iter()
            .flat_map(|other| &other.evaluation.per_image)
            .map(|image| (image.key.as_str(), image.metrics.abs_rel))
            .collect();
        let line = |image: &'a ImageResult| {
            let before = others.get(image.key.as_str()).copied().unwrap_or(f64::NAN);
            let mut all = [image.ratio; DIFFERENCE + 1];
            all[..RATIO].copy_from_slice(&in_columns(&image.metrics));
            all[DIFFERENCE] = image.metrics.abs_rel - before;
            ImageRow { image, values: all }
        };
        let wanted = |image: &&ImageResult| image.key.contains(self.filter.trim());
        let mut lines: Vec<ImageRow> = report.evaluation.per_image.iter().filter(wanted).map(line).collect();
        lines.sort_by(|a, b| {
            let order = a.values[self.sorted_by].total_cmp(&b.values[self.sorted_by]);
            if self.falls { order.reverse() } else { order }
        });
        lines
    }

    /// Draws the names of the columns; clicking one sorts by it.
    fn heads(&mut self, ui: &mut Ui, columns: &[usize]) {
        let (line, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::hover());
        for (index, column) in columns.iter().enumerate() {
            let (name, help) = match *column {
                RATIO => ("ratio", "Median of true depths / median of predicted ones"),
                DIFFERENCE => {
                    ("Δ abs_rel", "abs_rel minus that of the other evaluation: below 0 it is better here")
                }
                metric => (COLUMNS[metric].0, COLUMNS[metric].2),
            };
            let cell = cell(line, index, columns.len());
            let response = ui.interact(cell, ui.scope_id().with(("head", column)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Sort by {name}")));
            let is_sorted = self.sorted_by == *column;
            if response.on_hover_text(format!("{help}. Click to sort")).clicked() {
                (self.sorted_by, self.falls) = (*column, !is_sorted || !self.falls);
            }
            let colour = if is_sorted { Palette::of(ui).accent } else { ui.visuals().weak_text_color() };
            let font = TextStyle::Small.resolve(ui.style());
            let text = ui.painter().text(cell.right_center(), Align2::RIGHT_CENTER, name, font, colour);
            if is_sorted {
                arrow(ui, text.left_center() - Vec2::new(theme::UNIT, 0.0), self.falls, colour);
            }
        }
    }
}

/// Draws a small triangle that points in the direction of decreasing values.
fn arrow(ui: &Ui, centre: egui::Pos2, down: bool, colour: Color32) {
    let height = if down { 2.0 } else { -2.0 };
    let corners = [(-3.0, -height), (3.0, -height), (0.0, height)].map(|(x, y)| centre + Vec2::new(x, y));
    ui.painter().add(egui::Shape::convex_polygon(corners.to_vec(), colour, egui::Stroke::NONE));
}

/// Columns that fit the width, the most important first.
fn columns(width: f32, compares: bool) -> Vec<usize> {
    let room = (((width - NARROWEST_NAME) / FIGURE) as usize).max(1);
    let all = [0, DIFFERENCE, 4, 2, RATIO, 1, 3, 5, 6];
    let mut shown: Vec<usize> =
        all.into_iter().filter(|column| compares || *column != DIFFERENCE).take(room).collect();
    shown.sort_unstable_by_key(|column| if *column == DIFFERENCE { 0 } else { *column + 1 });
    shown
}

fn cell(line: Rect, index: usize, count: usize) -> Rect {
    let right = line.right() - theme::UNIT - (count - 1 - index) as f32 * FIGURE;
    Rect::from_min_max(egui::pos2(right - FIGURE + 4.0, line.top()), egui::pos2(right, line.bottom()))
}

/// Draws the row of an image; true if it was clicked.
fn row(ui: &mut Ui, line: &ImageRow, columns: &[usize], is_shown: bool) -> bool {
    let ImageRow { image, values } = line;
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::click());
    let name = format!("{}: abs_rel {:.3}", image.key, image.metrics.abs_rel);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_shown, &name));
    if is_shown || response.hovered() {
        let visuals = ui.visuals();
        let fill = if is_shown { visuals.selection.bg_fill } else { visuals.faint_bg_color };
        ui.painter().rect_filled(rect, 2.0, fill);
    }
    let names = rect.with_max_x(cell(rect, 0, columns.len()).left());
    let text = ui.visuals().text_color();
    let left = egui::pos2(names.left() + theme::HALF, names.center().y);
    let font = TextStyle::Small.resolve(ui.style());
    let clipped = ui.painter().with_clip_rect(names);
    clipped.text(left, Align2::LEFT_CENTER, short(&image.key), font, text);
    for (index, column) in columns.iter().enumerate() {
        let (value, colour): (String, Color32) = match (*column, values[*column]) {
            (DIFFERENCE, value) if value.is_nan() => ("–".to_owned(), text),
            (DIFFERENCE, value) => (format!("{value:+.3}"), colour_of_difference(ui, value, false)),
            (_, value) => (format!("{value:.3}"), text),
        };
        let right = cell(rect, index, columns.len()).right_center();
        ui.painter().text(right, Align2::RIGHT_CENTER, value, FontId::monospace(11.0), colour);
    }
    response
        .on_hover_text(format!(
            "{}, {} pixels. Click to open the frame with its error and true depth",
            image.key, image.pixels
        ))
        .clicked()
}

/// Short name of a frame: number, side, and drive without its date.
fn short(key: &str) -> String {
    match key.parse::<FrameKey>() {
        Ok(FrameKey { folder, frame, side }) => {
            let drive = folder.rsplit('/').next().unwrap_or(&folder);
            let letter = if side == Side::Left { 'l' } else { 'r' };
            format!("{frame} {letter}  {drive}")
        }
        Err(_) => key.to_owned(),
    }
}
