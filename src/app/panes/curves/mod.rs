//! Metrics of a run over its steps: the total loss, the loss at each scale and the other metrics of a step report, next
//! to those of other runs.

mod key;
mod line;

use super::{Pane, empty};
use crate::{
    app::{
        state::{ComparedRun, Curves, RunHistory, State, TrainingForm},
        theme::{self, Palette},
    },
    runs::Metric,
};
use egui::{Align, Color32, ComboBox, DragValue, Layout, PopupAnchor, Tooltip, Ui};
use egui_plot::{Line, LineStyle, MarkerShape, Plot, PlotPoints, Points, VLine};
use line::{Curve, axis_number, number, smoothed};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Smallest height of the plot.
const MIN_HEIGHT: f32 = 48.0;
/// Width of the controls at the right of the header.
const CONTROLS: f32 = 168.0;
/// Width from which the header names the smoothing, points.
const ROOM_TO_NAME: f32 = 128.0;

#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct CurvesPane {
    smoothing: f64,
    is_logarithmic: bool,
    shows_scales: bool,
    /// Height of the key in the last frame, points.
    #[serde(skip)]
    key_height: f32,
}

impl Default for CurvesPane {
    fn default() -> Self {
        Self { smoothing: 0.9, is_logarithmic: false, shows_scales: true, key_height: 16.0 }
    }
}

impl CurvesPane {
    /// Lines of the present run in the order in which they are drawn, the most important last.
    fn curves(&self, state: &Curves, run: &RunHistory, accent: Color32) -> Vec<Curve> {
        let Some(first) = run.steps.first() else { return Vec::new() };
        let shows_scales = state.metric == Metric::Loss && self.shows_scales && state.runs.is_empty();
        let scales = first.scale_losses.keys().copied().filter(|_| shows_scales);
        let scales = scales.map(|scale| Curve {
            name: format!("scale {scale}"),
            colour: theme::SERIES[scale % theme::SERIES.len()],
            width: 1.0,
            points: smoothed(&run.steps, self.smoothing, |report| {
                report.scale_losses.get(&scale).map(|loss| f64::from(*loss))
            }),
        });
        let metric = state.metric;
        let whole = Curve {
            name: metric.name().to_owned(),
            colour: accent,
            width: 2.0,
            points: smoothed(&run.steps, self.smoothing, |report| metric.of(report)),
        };
        scales.chain([whole]).collect()
    }

    /// Lines of other runs, with the folders of the runs.
    fn others(&self, state: &Curves) -> Vec<(PathBuf, Curve)> {
        let metric = state.metric;
        let curve = |run: &ComparedRun| Curve {
            name: run.name(),
            colour: theme::OTHER_RUNS[run.colour % theme::OTHER_RUNS.len()],
            width: 1.25,
            points: smoothed(&run.steps, self.smoothing, |report| metric.of(report)),
        };
        state.runs.iter().map(|run| (run.folder.clone(), curve(run))).collect()
    }

    /// Height of a value on the axis.
    fn height(&self, value: f64) -> f64 {
        if self.is_logarithmic { value.max(1e-12).log10() } else { value }
    }

    fn line(&self, curve: &Curve) -> Line<'static> {
        let points: Vec<[f64; 2]> =
            curve.points.iter().map(|[step, value]| [*step, self.height(*value)]).collect();
        Line::new(curve.name.clone(), PlotPoints::from(points)).color(curve.colour).width(curve.width)
    }

    fn validations(&self, metric: Metric, run: &RunHistory, colour: Color32) -> Points<'static> {
        let is_loss = metric == Metric::Loss;
        let points: Vec<[f64; 2]> = run
            .validations
            .iter()
            .filter(|_| is_loss)
            .map(|report| [report.step as f64, self.height(report.loss.into())])
            .collect();
        let points = Points::new("validation", PlotPoints::from(points));
        points.shape(MarkerShape::Diamond).radius(4.0).color(colour)
    }
}

impl Pane for CurvesPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let metric = &mut state.curves.metric;
        let width = (ui.available_width() - CONTROLS).clamp(64.0, 104.0);
        let choice = ComboBox::from_id_salt("figure").selected_text(metric.name());
        let choice = choice.width(width).truncate().height(400.0);
        let choice = choice.show_ui(ui, |ui| {
            for choice in Metric::ALL {
                ui.selectable_value(metric, choice, choice.name()).on_hover_text(choice.help());
            }
        });
        choice.response.on_hover_text(metric.help()).accessible_name("Metric");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.checkbox(&mut self.is_logarithmic, "log").on_hover_text("Logarithmic axis");
            if *metric == Metric::Loss {
                ui.checkbox(&mut self.shows_scales, "scales").on_hover_text(
                    "Also the loss at each scale of the disparity pyramid, while no other run is drawn",
                );
            }
            let smoothing =
                DragValue::new(&mut self.smoothing).range(0.0..=0.995).speed(0.005).max_decimals(3);
            let smoothing =
                if ui.available_width() >= ROOM_TO_NAME { smoothing.prefix("smoothing ") } else { smoothing };
            ui.add(smoothing)
                .on_hover_text(
                    "Smoothing: the weight of earlier steps in the running mean; 0 shows every step",
                )
                .accessible_name("Smoothing");
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        self.plot(ui, &mut state.curves, &state.run, &state.form);
    }
}

impl CurvesPane {
    /// Draws the plot and the key below it.
    fn plot(&mut self, ui: &mut Ui, state: &mut Curves, run: &RunHistory, form: &TrainingForm) {
        let rect = ui.max_rect();
        if run.steps.is_empty() && state.runs.is_empty() {
            empty(
                ui,
                rect,
                "The loss of each step appears here: press Train (F5), or continue a run (Run menu)",
            );
            return;
        }
        let palette = Palette::of(ui);
        let (curves, others) = (self.curves(state, run, palette.accent), self.others(state));
        let strong = ui.visuals().strong_text_color();
        let mut lines: Vec<Line> = others.iter().map(|(_, curve)| self.line(curve)).collect();
        lines.extend(curves.iter().map(|curve| self.line(curve)));
        let validations = self.validations(state.metric, run, palette.warning);
        let changes = run.changes.iter().map(|change| {
            VLine::new(change.setting.to_string(), change.step as f64)
                .color(strong)
                .style(LineStyle::dashed_loose())
        });
        let selected = state.selected_step.map(|step| {
            VLine::new("selected step", step as f64).color(palette.accent).width(1.5).allow_hover(false)
        });
        let marks: Vec<VLine> = changes.chain(selected).collect();
        let is_logarithmic = self.is_logarithmic;
        let value = move |height: f64| if is_logarithmic { 10_f64.powf(height) } else { height };
        // The key shows the lines' values at the cursor; other items have their own labels.
        let names_of_lines: Vec<String> = curves
            .iter()
            .chain(others.iter().map(|(_, curve)| curve))
            .map(|curve| curve.name.clone())
            .collect();
        let shown = Plot::new("loss")
            .height((rect.height() - self.key_height).max(MIN_HEIGHT))
            .y_axis_formatter(move |mark, _| axis_number(value(mark.value)))
            .x_axis_formatter(|mark, _| format!("{:.0}", mark.value))
            .label_formatter(move |position| match position {
                egui_plot::HoverPosition::NearDataPoint { plot_name, position, .. }
                    if !names_of_lines.iter().any(|name| name == plot_name) =>
                {
                    Some(format!("{plot_name}, step {:.0}: {}", position.x, number(value(position.y))))
                }
                _ => None,
            })
            .show_background(false)
            .grid_fade(0.6)
            .grid_color(theme::grid(ui))
            .allow_scroll(false)
            // At the sides room for half a number of the axis below.
            .set_margin_fraction(egui::vec2(0.05, 0.08))
            .show(ui, |plot| {
                for line in lines {
                    plot.line(line);
                }
                plot.points(validations);
                for mark in marks {
                    plot.vline(mark);
                }
                plot.pointer_coordinate().map(|point| point.x.round().max(0.0))
            });
        let plot = shown.response;
        plot.widget_info(|| {
            let name = format!("Plot of {}", state.metric.name());
            egui::WidgetInfo::labeled(egui::Role::Image, true, name)
        });
        let cursor = shown.inner.filter(|_| plot.hovered());
        if plot.double_clicked() {
            state.selected_step = None;
        } else if let Some(step) = cursor.filter(|_| plot.clicked()) {
            state.selected_step = Some(step as u64);
            // Panes that were drawn before this one are updated in the next frame.
            ui.ctx().request_repaint();
        }
        if let Some(step) = cursor {
            // Next to the pointer, because in the key below the plot they would move its buttons.
            let layer = plot.layer_id;
            Tooltip::always_open(ui.ctx().clone(), layer, plot.id, PopupAnchor::Pointer)
                .gap(12.0)
                .show(|ui| key::values(ui, &curves, &others, step));
        }
        let step = state.selected_step.map(|step| step as f64);
        let used = ui.scope(|ui| {
            ui.set_max_width(rect.width() - theme::UNIT);
            ui.horizontal_top(|ui| {
                ui.add_space(theme::HALF);
                ui.vertical(|ui| key::show(ui, (state, run, form), &curves, &others, step));
            });
        });
        self.key_height = used.response.rect.height() + 4.0;
    }
}
