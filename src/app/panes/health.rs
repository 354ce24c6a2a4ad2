//! The health of a run: what often goes wrong in self-supervised depth, as findings with cause and advice, else
//! quiet figures.

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{
        icon::Icon,
        state::State,
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
/// A value farther from its name is no longer read with it.
const WIDEST: f32 = 480.0;

#[derive(Default, Serialize, Deserialize)]
pub struct HealthPane;

impl Pane for HealthPane {
    fn header(&mut self, ui: &mut Ui, _state: &mut State) {
        title(ui, PaneKind::Health);
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        if state.health.readings.is_empty() && state.spoiled().is_none() {
            empty(
                ui,
                rect,
                "What often goes wrong in training is watched here: press Train (F5), or continue a run (Run menu)",
            );
            return;
        }
        let margin = Margin::symmetric(8, 4);
        ScrollArea::vertical().auto_shrink(false).content_margin(margin).show(ui, |ui| {
            ui.set_max_width(ui.available_width().min(WIDEST));
            let is_well = broken(ui, state) + findings(ui, state) == 0;
            ui.spacing_mut().item_spacing.y = 0.0;
            if is_well && state.last_step().is_some_and(|step| step.step >= WARM_UP) {
                heading(ui, Icon::Tick, Palette::of(ui).accent, "All is well");
            } else if is_well {
                let sign = ui.visuals().weak_text_color();
                let help = format!("Some of it is judged from step {WARM_UP} on: fresh networks look odd");
                heading(ui, Icon::Notice, sign, "Nothing odd so far").on_hover_text(help);
            }
            for reading in &state.health.readings {
                row(ui, reading);
            }
        });
    }
}

/// Draws why the run cannot go on, and the way back; says how many such cards there are.
fn broken(ui: &mut Ui, state: &mut State) -> usize {
    let Some(failure) = state.spoiled().cloned() else { return 0 };
    heading(ui, Icon::Alert, Palette::of(ui).failure, "The run has stopped: no number came out");
    ui.add(Label::new(&failure.text).wrap());
    ui.add(Label::new(RichText::new(&failure.advice).color(ui.visuals().weak_text_color())).wrap());
    let back = ui.button("Go back to the checkpoint").on_hover_text(format!(
        "Continue from the last checkpoint with the learning rate {:e}; the steps after it are forgotten",
        state.lower_rate()
    ));
    if back.clicked() {
        state.go_back();
    }
    ui.add_space(theme::UNIT);
    1
}

/// Draws what was found; says how much it is.
fn findings(ui: &mut Ui, state: &mut State) -> usize {
    let findings: Vec<Diagnosis> = state.health.findings().into_iter().cloned().collect();
    for finding in &findings {
        let palette = Palette::of(ui);
        let (icon, colour) = match finding.severity {
            Severity::Serious => (Icon::Alert, palette.failure),
            Severity::Suspicious => (Icon::Notice, palette.warning),
        };
        heading(ui, icon, colour, &finding.what);
        // Above the words, so that it is seen without scrolling.
        let (name, help) = match finding.evidence {
            Evidence::Map(name) => (name.to_string(), name.help()),
            Evidence::Curve(figure) => (in_a_sentence(figure.name()), figure.help()),
        };
        if ui.button(format!("Show {name}")).on_hover_text(help).clicked() {
            state.show_sight(finding.evidence);
        }
        ui.add(Label::new(format!("Likely cause: {}.", in_a_sentence(finding.likely_cause))).wrap());
        ui.add(Label::new(format!("{}.", finding.advice)).wrap());
        ui.add_space(theme::UNIT);
    }
    findings.len()
}

/// A sign and a strong line beside it.
fn heading(ui: &mut Ui, icon: Icon, colour: Color32, text: &str) -> Response {
    let strong = ui.visuals().strong_text_color();
    let text = ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(Vec2::new(SIGN, ROW), Sense::hover());
        icon.paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(SIGN - 2.0)), colour);
        ui.add(Label::new(RichText::new(text).color(strong)).wrap())
    });
    ui.add_space(theme::HALF);
    text.inner
}

/// A watch: its figure and present value.
fn row(ui: &mut Ui, reading: &CheckResult) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), ROW), Sense::hover());
    let figure = reading.check.metric();
    let value = in_digits(figure, reading.value);
    let spoken = format!("{}: {value}", figure.name());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    if response.hovered() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(4.0, 0.0)), 2.0, ui.visuals().faint_bg_color);
    }
    let body = TextStyle::Body.resolve(ui.style());
    let weak = ui.visuals().weak_text_color();
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, figure.name(), body, weak);
    let colour = match &reading.diagnosis {
        Some(_) => Palette::of(ui).warning,
        None => ui.visuals().text_color(),
    };
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, value, FontId::monospace(12.0), colour);
    response.on_hover_text(format!(
        "{}; mean of the last steps.\n{}.",
        figure.help(),
        reading.check.normal()
    ));
}

fn in_digits(figure: Metric, value: f64) -> String {
    match figure {
        Metric::MaskedShare | Metric::OutOfView => format!("{:.0} %", 100.0 * value),
        // Some of these explode, and some vanish.
        _ if value != 0.0 && !(0.0001..1000.0).contains(&value.abs()) => format!("{value:.1e}"),
        _ => format!("{value:.4}"),
    }
}

/// A heading as it stands within a sentence.
fn in_a_sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
