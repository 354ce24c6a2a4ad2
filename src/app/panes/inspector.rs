//! Why the loss of a pixel is what it is: every term in a table, and how it would change with depth.

use super::{Pane, empty, title};
use crate::{
    app::{
        action::Action,
        inspection::{self, Answer, Fact, Group, number},
        legend,
        state::State,
        theme::{self, Palette},
    },
    objective::Candidate,
    train::{self, Origin},
};
use egui::{
    Align, Align2, Color32, FontId, Layout, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextStyle, Ui,
    Vec2, WidgetInfo,
};
use egui_plot::{GridMark, HLine, Line, LineStyle, Plot, PlotPoints, VLine};

const ROW: f32 = 16.0;
const LEAST_CURVE: f32 = 120.0;
/// Photometric losses on real images are nearly all below this.
const USUAL_LOSS: f64 = 0.5;

/// The pane.
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
                    supposed_depth = curve(ui, answer, rect.bottom());
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
    let has_pose = state.weights.as_ref().is_none_or(|weights| weights.has_pose) || state.has_run();
    if has_pose {
        "There is no loss here: the frame lacks its neighbours, so nothing can be warped into it."
    } else {
        "There is no loss here: these weights have no pose network and the frame no second camera that they were \
         trained with, so nothing can be warped into it."
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

/// Draws the cost curve down to the pane's lower end; gives the depth that is pointed at.
fn curve(ui: &mut Ui, answer: &Answer, bottom: f32) -> Option<f64> {
    let Answer { report, curve } = answer;
    let palette = Palette::of(ui);
    let (strong, weak) = (ui.visuals().strong_text_color(), ui.visuals().weak_text_color());
    let title = ui.label(RichText::new("Loss against depth").small().color(weak));
    title.on_hover_text(
        "Photometric loss if the pixel lay elsewhere on its ray: its nine pixels of SSIM are warped as one, \
         with their predicted depths all times the same factor",
    );
    keys(ui, answer);
    let points = |losses: &[f64]| -> PlotPoints<'static> {
        curve.depths.iter().zip(losses).map(|(depth, loss)| [depth.log10(), *loss]).collect()
    };
    let mut lines = Vec::new();
    if curve.sources.len() > 1 {
        let colour = strong.gamma_multiply(0.35);
        lines.push(Line::new(combined(answer), points(&curve.combined)).color(colour).width(5.0));
    }
    for (index, source) in curve.sources.iter().enumerate() {
        let colour = legend::source_colour(index);
        lines.push(Line::new(source.id.label(), points(&source.losses)).color(colour).width(1.5));
    }
    let predicted = VLine::new("prediction", report.depth.log10()).color(palette.accent).width(1.5);
    let truth = true_depth(answer).map(|depth| {
        VLine::new("true depth", depth.log10()).color(strong).style(LineStyle::dashed_dense()).width(1.5)
    });
    let level = curve.automask_level.map(|level| {
        HLine::new("auto-mask", level).color(weak).style(LineStyle::Dashed { length: 4.0 }).width(1.0)
    });
    let highest =
        curve.sources.iter().flat_map(|source| &source.losses).fold(USUAL_LOSS, |most, loss| most.max(*loss));
    let ends = [curve.depths[0], curve.depths[curve.depths.len() - 1]].map(f64::log10);
    let height = (bottom - ui.cursor().top() - theme::HALF).max(LEAST_CURVE);
    let plot = Plot::new("cost curve")
        .height(height)
        .show_background(false)
        .grid_fade(0.5)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .x_grid_spacer(|input| {
            let decades = input.bounds.0.floor() as i32..=input.bounds.1.ceil() as i32;
            decades.map(|decade| GridMark { value: f64::from(decade), step_size: 1.0 }).collect()
        })
        .x_axis_formatter(|mark, _| number_of_axis(10f64.powf(mark.value)))
        .y_grid_spacer(|input| {
            let halves = 0..=(2.0 * input.bounds.1) as i32;
            halves.map(|half| GridMark { value: 0.5 * f64::from(half), step_size: 0.5 }).collect()
        })
        .y_axis_formatter(|mark, _| format!("{:.1}", mark.value))
        .y_axis_min_width(20.0)
        .label_formatter(|_| None)
        .show(ui, |plot| {
            plot.set_plot_bounds_x(ends[0]..=ends[1]);
            plot.set_plot_bounds_y(-0.02..=highest * 1.04);
            for line in lines {
                plot.line(line.allow_hover(false));
            }
            if let Some(level) = level {
                plot.hline(level.allow_hover(false));
            }
            if let Some(truth) = truth {
                plot.vline(truth.allow_hover(false));
            }
            plot.vline(predicted.allow_hover(false));
            plot.pointer_coordinate().map(|pointer| pointer.x)
        });
    plot.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Loss against depth"));
    let depth =
        plot.inner.filter(|_| plot.response.hovered()).map(|x| 10f64.powf(x.clamp(ends[0], ends[1])))?;
    plot.response.on_hover_text_at_pointer(at_depth(answer, depth));
    Some(depth)
}

/// The losses at the depth of the curve nearest to one.
fn at_depth(answer: &Answer, depth: f64) -> String {
    let curve = &answer.curve;
    let after = curve.depths.partition_point(|other| *other < depth).min(curve.depths.len() - 1);
    let metres = answer.report.scale.map(|scale| format!(" ({} m)", number(scale.metres_per_unit * depth)));
    let mut text = format!("depth {}{}", number(depth), metres.unwrap_or_default());
    for source in &curve.sources {
        text.push_str(&format!("\n{}: {:.4}", source.id.label(), source.losses[after]));
    }
    text
}

fn number_of_axis(depth: f64) -> String {
    if depth < 0.99 { format!("{depth:.1}") } else { format!("{depth:.0}") }
}

/// True depth in the network's units.
fn true_depth(answer: &Answer) -> Option<f64> {
    Some(answer.report.truth?.metres / answer.report.scale?.metres_per_unit)
}

/// What the sources' losses come to.
fn combined(answer: &Answer) -> &'static str {
    let winner = answer.report.verdict.map(|verdict| verdict.winner);
    match winner {
        Some(Candidate::AsItIs(None) | Candidate::Warped(None)) => "average",
        _ => "least",
    }
}

/// What the lines of the curve are.
fn keys(ui: &mut Ui, answer: &Answer) {
    let palette = Palette::of(ui);
    let (strong, weak) = (ui.visuals().strong_text_color(), ui.visuals().weak_text_color());
    let mut keys: Vec<(String, Color32, f32)> = Vec::new();
    for (index, source) in answer.curve.sources.iter().enumerate() {
        keys.push((source.id.label(), legend::source_colour(index), 2.0));
    }
    if answer.curve.sources.len() > 1 {
        keys.push((combined(answer).to_owned(), strong.gamma_multiply(0.35), 5.0));
    }
    keys.push(("prediction".to_owned(), palette.accent, 2.0));
    if true_depth(answer).is_some() {
        keys.push(("true depth".to_owned(), strong, 2.0));
    }
    if answer.curve.automask_level.is_some() {
        keys.push(("auto-mask".to_owned(), weak, 1.0));
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        for (name, colour, width) in keys {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(10.0, 14.0), Sense::hover());
            ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(width, colour));
            ui.label(RichText::new(name).small().color(weak));
            ui.add_space(theme::HALF);
        }
    });
}
