//! Why the loss of a pixel is what it is: every term in a table, and how it would change with depth.

use super::{Pane, empty, title};
use crate::{
    app::{
        action::Action,
        inspection::{self, Fact, Group, cost_curve},
        legend,
        state::State,
        theme::{self, Palette},
    },
    train::{self, Origin},
};
use egui::{
    Align, Align2, FontId, Layout, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextStyle, Ui, Vec2,
    WidgetInfo,
};
use serde::{Deserialize, Serialize};

const ROW: f32 = 16.0;

/// The pane.
#[derive(Serialize, Deserialize)]
pub struct Inspector;

impl Pane for Inspector {
    fn title(&self) -> String {
        "Inspector".to_owned()
    }

    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let Some(answer) = state.inspection.answer() else {
            title(ui, "Inspector");
            return;
        };
        let [column, row] = answer.report.pixel;
        let pixel = format!("Pixel {column}, {row}");
        ui.label(RichText::new(&pixel).color(ui.visuals().strong_text_color()))
            .on_hover_text("Column and row in the images that the loss compares, from 0");
        let copied = answer.report.clone();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Copy as text").on_hover_text("Put this table on the clipboard").clicked() {
                let heading =
                    state.picture.as_ref().map_or_else(String::new, |picture| picture.key.to_string());
                ui.ctx().copy_text(inspection::text(&copied, &heading));
            }
            if state.inspection.is_pinned {
                let release = ui.button("Unpin").on_hover_text(Action::Unpin.help());
                if release.clicked() {
                    state.inspection.clear();
                }
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        let Some(answer) = state.inspection.answer() else {
            empty(ui, rect, &absence(state));
            return;
        };
        let mut supposed_depth = None;
        ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::symmetric(8, 4)).show(
            ui,
            |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for (index, group) in inspection::groups(&answer.report).iter().enumerate() {
                    // The first speaks for itself, and height is scarce.
                    if index > 0 {
                        heading(ui, group);
                    }
                    for fact in &group.facts {
                        row(ui, fact, &group.columns);
                    }
                }
                ui.add_space(theme::HALF);
                if answer.curve.sources.is_empty() {
                    let text = RichText::new(why_no_sources(state)).color(ui.visuals().weak_text_color());
                    ui.add(egui::Label::new(text).wrap());
                } else {
                    supposed_depth = cost_curve(ui, answer, rect.bottom());
                }
            },
        );
        if state.inspection.supposed_depth != supposed_depth {
            state.inspection.supposed_depth = supposed_depth;
            ui.ctx().request_repaint();
        }
    }

    fn inspects(&self) -> bool {
        true
    }
}

/// Why there is nothing to say.
fn absence(state: &State) -> String {
    if state.data.is_none() {
        return "No data is open: choose it in the Sequence pane".to_owned();
    }
    let is_unpredicted = state.picture.as_ref().is_none_or(|picture| picture.origin == Origin::Images);
    if state.session == train::State::Preparing {
        return "Getting ready: the first step takes longer than the others".to_owned();
    }
    if is_unpredicted && !state.has_networks() {
        return "No networks yet: press Train, or load weights".to_owned();
    }
    "Hover over a view to ask why the loss of a pixel is what it is; click to pin it, Shift and arrow keys move \
     it, Esc lets it go"
        .to_owned()
}

fn why_no_sources(state: &State) -> &'static str {
    let weights = state.weights.as_ref().filter(|_| !state.has_run());
    match weights {
        Some(weights) if !weights.has_pose && weights.use_stereo => {
            "There is no loss here: these weights know the motion to the stereo camera only, and this frame \
             has none, so nothing can be warped into it."
        }
        Some(weights) if !weights.has_pose => {
            "There is no loss here: these weights have no pose network, so nothing can be warped."
        }
        _ => "There is no loss here: the frame lacks its neighbours, so nothing can be warped into it.",
    }
}

fn heading(ui: &mut Ui, group: &Group) {
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

/// The place of a value: columns share the right side of a row, a single value stands at its right end.
fn cell(row: Rect, index: usize, columns: usize) -> Rect {
    let width = if columns > 3 { 48.0 } else { 62.0 };
    let right = row.right() - (columns - 1 - index) as f32 * width;
    Rect::from_min_max(egui::pos2(right - width, row.top()), egui::pos2(right, row.bottom()))
}

fn row(ui: &mut Ui, fact: &Fact, columns: &[String]) {
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

/// A row as it is read aloud: "reprojection: −1 0.0312, +1 0.0450".
fn spoken(fact: &Fact, columns: &[String]) -> String {
    let values = fact.values.iter().enumerate().map(|(index, value)| match columns.get(index) {
        Some(column) => format!("{column} {value}"),
        None => value.clone(),
    });
    format!("{}: {}", fact.name, values.collect::<Vec<_>>().join(", "))
}
