//! The figures of a run over its steps: the loss in all and at each scale, and what else a step reports.

use super::{Pane, empty};
use crate::{
    app::{state::State, theme::Palette},
    train::{Figure, StepReport},
};
use egui::{Align, Color32, ComboBox, DragValue, Layout, Ui};
use egui_plot::{Legend, Line, LineStyle, MarkerShape, Plot, PlotPoints, Points, VLine};
use serde::{Deserialize, Serialize};

/// More points than this in a line are not told apart.
const MOST_POINTS: usize = 1500;
const SCALE_COLOURS: [Color32; 4] = [
    Color32::from_rgb(72, 178, 164),
    Color32::from_rgb(150, 170, 84),
    Color32::from_rgb(214, 150, 70),
    Color32::from_rgb(196, 112, 150),
];

/// The pane.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct Curves {
    smoothing: f64,
    is_logarithmic: bool,
    shows_scales: bool,
}

impl Default for Curves {
    fn default() -> Self {
        Self { smoothing: 0.9, is_logarithmic: false, shows_scales: true }
    }
}

impl Curves {
    /// The running mean of a figure, thinned out to what can be seen.
    fn points(&self, history: &[StepReport], figure: impl Fn(&StepReport) -> Option<f64>) -> Vec<[f64; 2]> {
        let mut mean = 0.0;
        let mut weight = 0.0;
        let mut points = Vec::with_capacity(history.len());
        for report in history {
            let Some(value) = figure(report).filter(|value| value.is_finite()) else { continue };
            // Divided by the weights so far, so that the first steps are not drawn towards zero.
            mean = self.smoothing * mean + (1.0 - self.smoothing) * value;
            weight = self.smoothing * weight + (1.0 - self.smoothing);
            let value = mean / weight;
            points.push([
                report.step as f64,
                if self.is_logarithmic { value.max(1e-12).log10() } else { value },
            ]);
        }
        let stride = points.len().div_ceil(MOST_POINTS).max(1);
        let last = points.len().saturating_sub(1);
        let mut index = 0;
        points.retain(|_| {
            index += 1;
            (index - 1) % stride == 0 || index - 1 == last
        });
        points
    }
}

impl Pane for Curves {
    fn title(&self) -> String {
        "Curves".to_owned()
    }

    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let choice =
            ComboBox::from_id_salt("figure").selected_text(state.figure.name()).width(104.0).height(400.0);
        let choice = choice.show_ui(ui, |ui| {
            for figure in Figure::ALL {
                ui.selectable_value(&mut state.figure, figure, figure.name()).on_hover_text(figure.help());
            }
        });
        choice.response.on_hover_text(state.figure.help()).accessible_name("Figure");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.checkbox(&mut self.is_logarithmic, "log").on_hover_text("Logarithmic axis");
            if state.figure == Figure::Loss {
                ui.checkbox(&mut self.shows_scales, "scales")
                    .on_hover_text("Also the loss at each scale of the disparity pyramid");
            }
            let smoothing =
                DragValue::new(&mut self.smoothing).range(0.0..=0.995).speed(0.005).max_decimals(3);
            ui.add(smoothing)
                .on_hover_text(
                    "Smoothing: the weight of the steps before in the running mean; 0 shows every step",
                )
                .accessible_name("Smoothing");
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        if state.history.is_empty() {
            empty(
                ui,
                rect,
                "The loss of each step appears here: press Train (F5), or continue a run (Run menu)",
            );
            return;
        }
        let mut lines = Vec::new();
        let is_loss = state.figure == Figure::Loss;
        if is_loss && self.shows_scales {
            let scales = state.history[0].scale_losses.keys().copied();
            for scale in scales {
                let colour = SCALE_COLOURS[scale % SCALE_COLOURS.len()];
                let points = self.points(&state.history, |report| {
                    report.scale_losses.get(&scale).map(|loss| f64::from(*loss))
                });
                lines.push(
                    Line::new(format!("scale {scale}"), PlotPoints::from(points)).color(colour).width(1.0),
                );
            }
        }
        let figure = state.figure;
        let total = self.points(&state.history, |report| figure.of(report));
        let accent = Palette::of(ui).accent;
        lines.push(Line::new(figure.name(), PlotPoints::from(total)).color(accent).width(2.0));
        let is_logarithmic = self.is_logarithmic;
        let height = |loss: f32| match f64::from(loss) {
            loss if is_logarithmic => loss.max(1e-12).log10(),
            loss => loss,
        };
        let validations: Vec<[f64; 2]> = state
            .validations
            .iter()
            .filter(|_| is_loss)
            .map(|report| [report.step as f64, height(report.loss)])
            .collect();
        let validations = Points::new("validation", PlotPoints::from(validations));
        let validations = validations.shape(MarkerShape::Diamond).radius(4.0).color(Palette::of(ui).warning);
        let strong = ui.visuals().strong_text_color();
        let changes: Vec<VLine> = state
            .changes
            .iter()
            .map(|change| {
                VLine::new(change.setting.to_string(), change.step as f64)
                    .color(strong)
                    .style(LineStyle::dashed_loose())
            })
            .collect();
        let value = move |value: f64| if is_logarithmic { 10f64.powf(value) } else { value };
        Plot::new("loss")
            .legend(Legend::default().background_alpha(0.6).text_style(egui::TextStyle::Small))
            .y_axis_formatter(move |mark, _| axis_number(value(mark.value)))
            .x_axis_formatter(|mark, _| format!("{:.0}", mark.value))
            .label_formatter(move |position| match position {
                egui_plot::HoverPosition::NearDataPoint { plot_name, position, .. } => {
                    Some(format!("{plot_name}, step {:.0}: {}", position.x, number(value(position.y))))
                }
                egui_plot::HoverPosition::Elsewhere { .. } => None,
            })
            .show_background(false)
            .grid_fade(0.6)
            .allow_scroll(false)
            .set_margin_fraction(egui::vec2(0.02, 0.08))
            .show(ui, |plot| {
                for line in lines {
                    plot.line(line);
                }
                plot.points(validations);
                for change in changes {
                    plot.vline(change);
                }
            });
    }
}

/// A value with four digits that count, from learning rates to images per second.
fn number(value: f64) -> String {
    let places = 3 - (value.abs().max(1e-12).log10().floor() as i32).clamp(-9, 3);
    format!("{value:.*}", places as usize)
}

/// The same for marks of an axis, without zeros at the end.
fn axis_number(value: f64) -> String {
    let number = number(value);
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number,
    }
}
