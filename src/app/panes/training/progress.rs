//! Progress of the run: its metrics, the time of its steps, and the options that may be changed while it trains.

use super::{
    form,
    text::{gigabytes, weak_line},
};
use crate::{
    app::{
        bar,
        panes::key_entry,
        state::{RunHistory, SessionView, TrainingForm, ViewedFrame},
        theme::{self, Palette},
    },
    runs::{StepReport, TimeSplit},
};
use egui::{Grid, Label, ProgressBar, Rect, RichText, Role, Sense, Ui, Vec2, WidgetInfo};

const BAR: f32 = 10.0;

/// Draws the run's progress.
pub fn show(
    ui: &mut Ui,
    run: &mut RunHistory,
    form: &mut TrainingForm,
    session: &mut SessionView,
    viewed: &mut ViewedFrame,
) {
    let palette = Palette::of(ui);
    let step = run.last_step().cloned();
    let share = step.as_ref().map_or(0.0, |step| step.step as f32 / step.total_steps.max(1) as f32);
    let bar = ProgressBar::new(share).desired_height(theme::UNIT).fill(palette.accent).corner_radius(2.0);
    ui.add(bar).accessible_name("Progress of the run");
    Grid::new("progress").num_columns(2).min_col_width(96.0).spacing([theme::UNIT, theme::HALF]).show(
        ui,
        |ui| {
            for (name, value, help) in metrics(&step.clone().unwrap_or_default(), bar::rates(run)) {
                ui.label(RichText::new(name).color(ui.visuals().weak_text_color()));
                // There are no numbers before the first step.
                ui.label(if step.is_some() { value } else { "–".to_owned() }).on_hover_text(help);
                ui.end_row();
            }
        },
    );
    time(ui, run.steps_here());
    if let Some(folder) = &run.folder {
        let folder = folder.display().to_string();
        ui.label(RichText::new("written to").color(ui.visuals().weak_text_color()));
        ui.add(Label::new(&folder).truncate()).on_hover_text(&folder);
    }
    let config = &form.config;
    weak_line(ui, format!("{}, batches of {}", config.network.size(), config.training.batch_size));
    if let Some(text) = validation(session, run) {
        weak_line(ui, text);
    }
    ui.separator();
    let live = form.live_rows();
    form::rows(ui, form, live);
    if ui.ctx().dragged_id().is_none() {
        run.send_changes(form, session, viewed);
    }
}

fn metrics(step: &StepReport, [speed, time_left]: [String; 2]) -> Vec<(&'static str, String, &'static str)> {
    let memory = step.memory.map(|bytes| ("memory", gigabytes(bytes), "Memory of the run on its device"));
    [
        ("step", format!("{} of {}", step.step, step.total_steps), "Steps made"),
        ("epoch", format!("{}", step.epoch), "Passes over the data that are complete"),
        ("loss", format!("{:.4}", step.loss), "The objective of the last step"),
        ("masked", format!("{:.0} %", 100.0 * step.masked_share), "Pixels that the auto-mask leaves out"),
        ("speed", format!("{speed} images/s"), bar::SPEED_HELP),
        ("time left", time_left, bar::TIME_LEFT_HELP),
    ]
    .into_iter()
    .chain(memory)
    .collect()
}

/// Draws the parts of the time of the last steps as a bar, with their names and shares.
fn time(ui: &mut Ui, steps: &[StepReport]) {
    const STEPS: usize = 20;
    let recent = &steps[steps.len().saturating_sub(STEPS)..];
    let Some((parts, seconds)) = TimeSplit::mean(recent) else { return };
    let shares = parts.map(|(_, part)| part / seconds.max(1e-9));
    let text = |index: usize| format!("{} {:.0} %", parts[index].0, 100.0 * shares[index]);
    ui.add_space(theme::HALF);
    ui.label(RichText::new(format!("time of a step: {seconds:.2} s")).color(ui.visuals().weak_text_color()))
        .on_hover_text(format!(
            "Mean of the last {STEPS} steps, including what was shown and saved between them"
        ));
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), BAR), Sense::hover());
    let mut left = rect.left();
    for (share, colour) in shares.iter().zip(theme::STEP_PARTS) {
        let right = left + rect.width() * *share as f32;
        let part = Rect::from_x_y_ranges(left..=right, rect.y_range());
        ui.painter().rect_filled(part.intersect(rect), 0.0, colour);
        left = right;
    }
    let all = (0..parts.len()).map(text).collect::<Vec<_>>().join(", ");
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Time split: {all}")));
    response.on_hover_text(TimeSplit::HELP);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::new(theme::UNIT, 1.0);
        for (index, colour) in theme::STEP_PARTS.into_iter().enumerate() {
            key_entry(ui, &text(index), colour, 8.0);
        }
    });
}

/// Progress of the running validation, or the result of the last one.
fn validation(session: &SessionView, run: &RunHistory) -> Option<String> {
    if let Some((done, samples)) = session.active_run().and_then(|active| active.validating) {
        return Some(format!("validating: {done} of {samples} samples"));
    }
    let report = run.validations.last()?;
    let depth =
        report.metrics.map_or_else(String::new, |metrics| format!(", abs_rel {:.3}", metrics.abs_rel));
    Some(format!("validation after step {}: loss {:.4}{depth}", report.step, report.loss))
}
