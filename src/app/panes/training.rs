//! The run: its options before it starts, its progress while it is there.

use super::{Pane, title};
use crate::{
    app::{action::Action, bar, form, state::State, theme, theme::Palette},
    config::{DepthNetworkType, NetworkFile, PoseModelType, Preset, RunConfig},
    train::StepReport,
};
use egui::{
    Align, Button, ComboBox, DragValue, Grid, Label, Layout, ProgressBar, RichText, ScrollArea, TextEdit, Ui,
    Vec2, emath::Numeric,
};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

const FIELD: f32 = 96.0;

/// The pane.
#[derive(Serialize, Deserialize)]
pub struct Training;

/// A row of the form: a name, then a field that both have the words of `--help` as tooltip.
fn row(ui: &mut Ui, name: &str, option: &str, field: impl FnOnce(&mut Ui) -> egui::Response) {
    let help = form::help(option);
    ui.label(name).on_hover_text(&help);
    field(ui).on_hover_text(&help).accessible_name(name);
    ui.end_row();
}

fn number<N: Numeric>(
    ui: &mut Ui,
    name: &str,
    option: &str,
    value: &mut N,
    range: RangeInclusive<N>,
    speed: f64,
) {
    row(ui, name, option, |ui| {
        ui.add_sized(
            [FIELD, 20.0],
            DragValue::new(value)
                .range(range)
                .speed(speed)
                .max_decimals(if N::INTEGRAL { 0 } else { 6 })
                // A number that is half typed is no wish.
                .update_while_editing(false),
        )
    });
}

fn choice<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    option: &str,
    value: &mut T,
    all: &[T],
    label: impl Fn(T) -> String,
) {
    row(ui, name, option, |ui| {
        let combo = ComboBox::from_id_salt(option).selected_text(label(*value)).width(FIELD);
        let shown = combo.show_ui(ui, |ui| {
            for candidate in all {
                ui.selectable_value(value, *candidate, label(*candidate));
            }
        });
        shown.response
    });
}

fn preset(ui: &mut Ui, state: &mut State) {
    let mut chosen = state.form.preset;
    ui.horizontal(|ui| {
        ui.label("Preset");
        let combo =
            ComboBox::from_id_salt("preset").selected_text(chosen.label()).width(136.0).show_ui(ui, |ui| {
                for preset in Preset::ALL {
                    let help = clap::ValueEnum::to_possible_value(&preset)
                        .and_then(|value| value.get_help().map(ToString::to_string))
                        .unwrap_or_default();
                    ui.selectable_value(&mut chosen, preset, preset.label()).on_hover_text(help);
                }
            });
        combo.response.on_hover_text("Where the options start from").accessible_name("Preset");
        let undo = ui.add_enabled(state.form.is_changed(), Button::new("Undo changes"));
        if undo.on_hover_text("Set every option as the preset has it").clicked()
            || chosen != state.form.preset
        {
            state.form.choose_preset(chosen);
        }
    });
}

fn main_options(ui: &mut Ui, config: &mut RunConfig) {
    Grid::new("options").num_columns(2).min_col_width(112.0).spacing([theme::UNIT, theme::HALF]).show(
        ui,
        |ui| {
            let side = |ui: &mut Ui, name: &str, option: &str, step: usize, pixels: &mut usize| {
                let mut blocks = *pixels / step;
                row(ui, name, option, |ui| {
                    let field = DragValue::new(&mut blocks).range(2..=64).speed(0.05);
                    let field = field
                        .custom_formatter(|blocks, _| format!("{} px", blocks * step as f64))
                        .custom_parser(|text| {
                            text.trim_end_matches("px")
                                .trim()
                                .parse::<f64>()
                                .ok()
                                .map(|pixels| (pixels / step as f64).round())
                        });
                    ui.add_sized([FIELD, 20.0], field)
                });
                *pixels = blocks * step;
            };
            let RunConfig { network, objective, .. } = &mut *config;
            let before = network.depth_network;
            let all = DepthNetworkType::ALL;
            choice(ui, "Depth network", "depth_network", &mut network.depth_network, &all, |kind| {
                kind.to_string()
            });
            if network.depth_network != before {
                objective.scales = network.depth_network.scales().to_vec();
            }
            let step = network.depth_network.side_step();
            side(ui, "Width", "width", step, &mut network.width);
            side(ui, "Height", "height", step, &mut network.height);
            number(ui, "Batch size", "batch_size", &mut config.training.batch_size, 1..=64, 0.05);
            learning_rate(ui, config);
            let training = &mut config.training;
            number(ui, "Epochs", "num_epochs", &mut training.num_epochs, 1..=1000, 0.1);
            let mut is_limited = training.steps.is_some();
            ui.checkbox(&mut is_limited, "Steps at most").on_hover_text(form::help("steps"));
            let mut steps = training.steps.unwrap_or(300);
            let field = DragValue::new(&mut steps).range(1..=10_000_000).speed(1.0);
            ui.add_enabled_ui(is_limited, |ui| ui.add_sized([FIELD, 20.0], field))
                .inner
                .on_hover_text(form::help("steps"))
                .accessible_name("Number of steps");
            training.steps = is_limited.then_some(steps);
            ui.end_row();
        },
    );
}

fn check(ui: &mut Ui, name: &str, option: &str, value: &mut bool) {
    ui.checkbox(value, name).on_hover_text(form::help(option));
}

fn learning_rate(ui: &mut Ui, config: &mut RunConfig) {
    number(ui, "Learning rate", "learning_rate", &mut config.training.learning_rate, 1e-6..=1e-1, 1e-6);
}

fn smoothness(ui: &mut Ui, config: &mut RunConfig) {
    let weight = &mut config.objective.disparity_smoothness;
    number(ui, "Smoothness", "disparity_smoothness", weight, 0.0..=1.0, 1e-5);
}

fn loss_switches(ui: &mut Ui, config: &mut RunConfig) {
    let objective = &mut config.objective;
    check(ui, "No auto-mask", "disable_automasking", &mut objective.disable_automasking);
    check(ui, "Average of the sources", "avg_reprojection", &mut objective.avg_reprojection);
    check(ui, "L1 only, no SSIM", "no_ssim", &mut objective.no_ssim);
}

/// The options that may be changed while the run is there.
fn live_options(ui: &mut Ui, state: &mut State) {
    let config = &mut state.form.config;
    ui.separator();
    Grid::new("live").num_columns(2).min_col_width(96.0).spacing([theme::UNIT, theme::HALF]).show(ui, |ui| {
        learning_rate(ui, config);
        smoothness(ui, config);
    });
    loss_switches(ui, config);
    if ui.ctx().dragged_id().is_none() {
        state.send_changes();
    }
}

fn more_options(ui: &mut Ui, config: &mut RunConfig) {
    egui::CollapsingHeader::new("More options").show(ui, |ui| {
        Grid::new("more").num_columns(2).min_col_width(96.0).spacing([theme::UNIT, theme::HALF]).show(
            ui,
            |ui| {
                let pose = &mut config.network.pose_model_type;
                choice(ui, "Pose network", "pose_model_type", pose, &PoseModelType::ALL, |kind| {
                    kind.label().to_owned()
                });
                smoothness(ui, config);
                let training = &mut config.training;
                number(
                    ui,
                    "Rate drops after",
                    "scheduler_step_size",
                    &mut training.scheduler_step_size,
                    1..=1000,
                    0.1,
                );
                number(
                    ui,
                    "Checkpoint every",
                    "checkpoint_frequency",
                    &mut training.checkpoint_frequency,
                    1..=100_000,
                    1.0,
                );
                number(ui, "Loader threads", "num_workers", &mut training.num_workers, 1..=64, 0.05);
                number(ui, "Seed", "seed", &mut training.seed, 0..=u64::from(u32::MAX), 0.1);
            },
        );
        let network = &mut config.network;
        let mut starts_loaded = !network.models_to_load.is_empty();
        check(ui, "Start from the loaded networks", "models_to_load", &mut starts_loaded);
        if starts_loaded == network.models_to_load.is_empty() {
            network.models_to_load = if starts_loaded { NetworkFile::ALL.to_vec() } else { Vec::new() };
        }
        check(ui, "No flip and colour jitter", "no_augmentation", &mut config.training.no_augmentation);
        loss_switches(ui, config);
        check(ui, "Each scale at its own size", "v1_multiscale", &mut config.objective.v1_multiscale);
    });
}

fn outcome(ui: &mut Ui, state: &mut State) {
    let samples = state.data.as_ref().map_or(0, |data| data.training.len());
    if samples > 0 {
        let (epoch, all) = state.form.steps(samples);
        let text = format!("{samples} samples: {epoch} steps an epoch, {all} in all");
        ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap());
    }
    ui.horizontal(|ui| {
        ui.label("Written to");
        let field = TextEdit::singleline(&mut state.form.out).desired_width(ui.available_width());
        ui.add(field).on_hover_text("The run folder: new or empty").accessible_name("Written to");
    });
    ui.add_space(theme::HALF);
    let obstacle = state.obstacle();
    let palette = Palette::of(ui);
    if let Some(obstacle) = &obstacle {
        ui.add(Label::new(RichText::new(obstacle).color(palette.warning)).wrap());
    } else {
        let size = Vec2::new(ui.available_width(), theme::BUTTON);
        let start = ui.add_sized(size, Button::new("Start this run").selected(true));
        if start.on_hover_text(Action::Train.help()).clicked() {
            state.train();
        }
    }
}

/// The run that is there.
fn progress(ui: &mut Ui, state: &mut State) {
    let palette = Palette::of(ui);
    let step = state.last_step().cloned().unwrap_or_default();
    let share = step.step as f32 / step.total_steps.max(1) as f32;
    let bar = ProgressBar::new(share).desired_height(theme::UNIT).fill(palette.accent).corner_radius(2.0);
    ui.add(bar).accessible_name("Progress of the run");
    Grid::new("progress").num_columns(2).min_col_width(96.0).spacing([theme::UNIT, theme::HALF]).show(
        ui,
        |ui| {
            for (name, value, help) in figures(&step) {
                ui.label(RichText::new(name).color(ui.visuals().weak_text_color()));
                ui.label(value).on_hover_text(help);
                ui.end_row();
            }
        },
    );
    if let Some(run) = &state.run {
        let run = run.display().to_string();
        ui.label(RichText::new("written to").color(ui.visuals().weak_text_color()));
        ui.add(Label::new(&run).truncate()).on_hover_text(&run);
    }
    let config = &state.form.config;
    let facts = format!("{}, batches of {}", config.network.size(), config.training.batch_size);
    ui.add(Label::new(RichText::new(facts).color(ui.visuals().weak_text_color())).wrap());
    if let Some(text) = validation(state) {
        ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap());
    }
    live_options(ui, state);
}

/// How validation goes or went.
fn validation(state: &State) -> Option<String> {
    if let Some((done, samples)) = state.validating {
        return Some(format!("validating: {done} of {samples} samples"));
    }
    let report = state.validations.last()?;
    let depth =
        report.metrics.map_or_else(String::new, |metrics| format!(", abs_rel {:.3}", metrics.abs_rel));
    Some(format!("validation after step {}: loss {:.4}{depth}", report.step, report.loss))
}

fn figures(step: &StepReport) -> [(&'static str, String, &'static str); 7] {
    let loading = 100.0 * step.seconds_loading / step.seconds.max(1e-9);
    [
        ("step", format!("{} of {}", step.step, step.total_steps), "Steps made"),
        ("epoch", format!("{}", step.epoch), "Passes over the data that are complete"),
        ("loss", format!("{:.4}", step.loss), "The objective of the last step"),
        ("masked", format!("{:.0} %", 100.0 * step.masked_share), "Pixels that the auto-mask leaves out"),
        ("speed", format!("{:.1} images/s", step.images_per_second), "Averaged over the last steps"),
        ("time left", bar::duration(step.time_left()), "At this speed"),
        (
            "loading",
            format!("{loading:.0} % of {:.2} s", step.seconds),
            "Share of the last step spent waiting for images",
        ),
    ]
}

impl Pane for Training {
    fn title(&self) -> String {
        "Training".to_owned()
    }

    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, "Training");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(bar::state_label(state)).color(ui.visuals().weak_text_color()));
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::same(8)).show(ui, |ui| {
            if state.has_run() {
                progress(ui, state);
                return;
            }
            preset(ui, state);
            ui.add_space(theme::HALF);
            main_options(ui, &mut state.form.config);
            more_options(ui, &mut state.form.config);
            ui.add_space(theme::HALF);
            outcome(ui, state);
        });
    }
}
