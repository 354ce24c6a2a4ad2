//! Health of the run: diagnoses of common problems in self-supervised depth, with cause and advice, and the metrics
//! that are checked.

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{
        actions::Action,
        icon::Icon,
        state::{Curves, Health, RunHistory, SessionView, State, ViewedFrame, WindowRequests},
        theme::{self, Palette},
    },
    runs::Metric,
    train::health::{CheckResult, Diagnosis, Evidence, Severity, WARM_UP},
};
use egui::{
    Align2, Color32, FontId, Label, Margin, Rect, Response, RichText, Role, ScrollArea, Sense, TextStyle, Ui,
    Vec2, WidgetInfo,
};
use serde::{Deserialize, Serialize};

const ROW: f32 = 16.0;
const SIGN: f32 = 14.0;
/// Maximum width of a row, points: a value farther from its name is hard to match with it.
const WIDEST: f32 = 480.0;

#[derive(Default, Serialize, Deserialize)]
pub struct HealthPane;

impl Pane for HealthPane {
    fn header(&mut self, ui: &mut Ui, _state: &mut State) {
        title(ui, PaneKind::Health);
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        let State { session, run, viewed, curves, window, .. } = state;
        if run.health.results.is_empty() && session.divergence().is_none() {
            empty(
                ui,
                rect,
                "Common problems of training are detected here: press Train (F5), or continue a run (Run menu)",
            );
            return;
        }
        let margin = Margin::symmetric(8, 4);
        ScrollArea::vertical().auto_shrink(false).content_margin(margin).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(WIDEST));
            let has_diverged = show_divergence(ui, session, run, viewed);
            let is_well = !diagnoses(ui, &run.health, curves, window) && !has_diverged;
            ui.spacing_mut().item_spacing.y = 0.0;
            if is_well && run.last_step().is_some_and(|step| step.step >= WARM_UP) {
                heading(ui, Icon::Tick, Palette::of(ui).accent, "All is well");
            } else if is_well {
                let sign = ui.visuals().weak_text_color();
                let help = format!("Some checks begin at step {WARM_UP}: new networks look odd");
                heading(ui, Icon::Notice, sign, "Nothing odd so far").on_hover_text(help);
            }
            for result in &run.health.results {
                row(ui, result);
            }
        });
    }
}

/// Draws the reason why the run cannot continue, and the button back to its checkpoint. Returns true if there is one.
fn show_divergence(ui: &mut Ui, session: &mut SessionView, run: &RunHistory, viewed: &ViewedFrame) -> bool {
    let Some(failure) = session.divergence().cloned() else { return false };
    heading(
        ui,
        Icon::Alert,
        Palette::of(ui).failure,
        "The run has stopped: its loss or gradients are NaN or infinite",
    );
    ui.add(Label::new(&failure.text).wrap());
    ui.add(Label::new(RichText::new(&failure.advice).color(ui.visuals().weak_text_color())).wrap());
    let back = ui.button("Go back to the checkpoint").on_hover_text(format!(
        "Continue from the last checkpoint with the learning rate {:e}; the steps after it are discarded",
        run.lower_rate()
    ));
    if back.clicked() {
        run.go_back(session, viewed);
    }
    ui.add_space(theme::UNIT);
    true
}

/// Draws every diagnosis. Returns true if there is one.
fn diagnoses(ui: &mut Ui, health: &Health, curves: &mut Curves, window: &mut WindowRequests) -> bool {
    let diagnoses: Vec<&Diagnosis> = health.diagnoses();
    for diagnosis in &diagnoses {
        let palette = Palette::of(ui);
        let (icon, colour) = match diagnosis.severity {
            Severity::Serious => (Icon::Alert, palette.failure),
            Severity::Suspicious => (Icon::Notice, palette.warning),
        };
        heading(ui, icon, colour, &diagnosis.what);
        // Above the words, so that it is seen without scrolling.
        let (name, help) = match diagnosis.evidence {
            Evidence::Map(name) => (name.to_string(), name.help()),
            Evidence::Curve(metric) => (in_a_sentence(metric.name()), metric.help()),
        };
        if ui.button(format!("Show {name}")).on_hover_text(help).clicked() {
            show_evidence(diagnosis.evidence, curves, window);
        }
        ui.add(Label::new(format!("Likely cause: {}.", in_a_sentence(diagnosis.likely_cause))).wrap());
        ui.add(Label::new(format!("{}.", diagnosis.advice)).wrap());
        ui.add_space(theme::UNIT);
    }
    !diagnoses.is_empty()
}

/// Shows the map or the curve in which a diagnosis can be seen.
fn show_evidence(evidence: Evidence, curves: &mut Curves, window: &mut WindowRequests) {
    match evidence {
        Evidence::Map(name) => window.show_map(name),
        Evidence::Curve(metric) => {
            curves.metric = metric;
            window.act(Action::Show(PaneKind::Curves));
        }
    }
}

/// Draws an icon with a strong line next to it.
fn heading(ui: &mut Ui, icon: Icon, colour: Color32, text: &str) -> Response {
    let strong = ui.visuals().strong_text_color();
    // A number stays on one line with its unit.
    let text = text.replace(" %", "\u{a0}%");
    let text = ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(SIGN, ROW), Sense::hover());
        icon.paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(SIGN - 2.0)), colour);
        ui.add(Label::new(RichText::new(text).color(strong)).wrap())
    });
    ui.add_space(theme::HALF);
    text.inner
}

/// Draws a check: its metric and present value.
fn row(ui: &mut Ui, result: &CheckResult) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::hover());
    let metric = result.check.metric();
    let value = in_digits(metric, result.value);
    let spoken = format!("{}: {value}", metric.name());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(4.0, 0.0)), 2.0, ui.visuals().faint_bg_color);
    }
    let body = TextStyle::Body.resolve(ui.style());
    let weak = ui.visuals().weak_text_color();
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, metric.name(), body, weak);
    let colour = match &result.diagnosis {
        Some(_) => Palette::of(ui).warning,
        None => ui.visuals().text_color(),
    };
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, value, FontId::monospace(12.0), colour);
    response.on_hover_text(format!("{}; mean of the last steps.\n{}.", metric.help(), result.check.normal()));
}

fn in_digits(metric: Metric, value: f64) -> String {
    match metric {
        Metric::MaskedShare | Metric::OutOfView => format!("{:.0} %", 100.0 * value),
        // Some metrics explode and some vanish.
        _ if value != 0.0 && !(0.0001..1000.0).contains(&value.abs()) => format!("{value:.1e}"),
        _ => format!("{value:.4}"),
    }
}

/// Heading with a lower-case first letter, for use within a sentence.
fn in_a_sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
