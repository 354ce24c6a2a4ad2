//! The key below the plot: colour and name of each line, its value at the selected step, and the runs that are drawn
//! next to the present one.

use super::line::{Curve, number};
use crate::app::{
    icon::Icon,
    panes::key_entry,
    state::{Curves, CurvesRequest, RunHistory, TrainingForm, run_name},
    theme,
};
use egui::{Response, RichText, Ui, Vec2};
use std::path::PathBuf;

const LINE: f32 = 16.0;

/// Draws the key, with the values at `step` if there is one.
pub fn show(
    ui: &mut Ui,
    (state, run, form): (&mut Curves, &RunHistory, &TrainingForm),
    curves: &[Curve],
    others: &[(PathBuf, Curve)],
    step: Option<f64>,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(theme::UNIT, 1.0);
        ui.spacing_mut().interact_size.y = LINE;
        if let Some(step) = step {
            let text =
                RichText::new(format!("step {step:.0}")).small().color(ui.visuals().strong_text_color());
            ui.label(text).on_hover_text("The step that was clicked");
        }
        if let Some(selected) = state.selected_step
            && cross(ui, "Clear the selected step", &format!("Step {selected} is selected: click to clear"))
        {
            state.selected_step = None;
        }
        for curve in curves {
            entry(ui, curve, step);
        }
        for (folder, curve) in others {
            entry(ui, curve, step).on_hover_text(folder.display().to_string());
            if cross(ui, &format!("Remove {}", curve.name), "Remove this run from the plot") {
                state.remove(folder);
            }
        }
        add_run(ui, state, run, form);
    });
}

/// Draws the lines' values at a step.
pub fn values(ui: &mut Ui, curves: &[Curve], others: &[(PathBuf, Curve)], step: f64) {
    ui.label(RichText::new(format!("step {step:.0}")).small().color(ui.visuals().strong_text_color()));
    for curve in curves.iter().chain(others.iter().map(|(_, curve)| curve)) {
        entry(ui, curve, Some(step));
    }
}

/// Draws the name of a line, and its value at a step.
fn entry(ui: &mut Ui, curve: &Curve, step: Option<f64>) -> Response {
    let value = step.and_then(|step| curve.at(step)).map(|value| format!(" {}", number(value)));
    let text = format!("{}{}", curve.name, value.unwrap_or_default());
    key_entry(ui, &text, curve.colour, 1.0 + 1.5 * curve.width)
}

fn cross(ui: &mut Ui, name: &str, help: &str) -> bool {
    Icon::Cross.bare_button(ui, Vec2::new(10.0, LINE), name).on_hover_text(help).clicked()
}

/// Draws the menu of other runs to draw next to the present one.
fn add_run(ui: &mut Ui, state: &mut Curves, run: &RunHistory, form: &TrainingForm) {
    let menu = ui.menu_button(RichText::new("Add run…").small(), |ui| {
        let neighbours: Vec<PathBuf> =
            state.neighbours.iter().filter(|other| Some(*other) != run.folder.as_ref()).cloned().collect();
        for folder in neighbours {
            let mut is_drawn = state.has(&folder);
            let entry = ui.checkbox(&mut is_drawn, run_name(&folder));
            if entry.on_hover_text(folder.display().to_string()).changed() {
                match is_drawn {
                    true => state.request(CurvesRequest::Read(folder)),
                    false => state.remove(&folder),
                }
            }
        }
        ui.separator();
        if ui.button("Other folder…").on_hover_text("A run folder: one with metrics.jsonl").clicked() {
            state.request(CurvesRequest::ChooseFolder);
        }
    });
    if menu
        .response
        .on_hover_text("Draw the metrics of another run next to those of the present one")
        .clicked()
    {
        state.find_runs(run.folder.as_deref(), form.parent());
    }
}
