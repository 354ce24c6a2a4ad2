//! The run: its options before it starts, its progress while it is there.

mod form;
mod progress;

use super::{Pane, PaneKind, title};
use crate::{
    app::{
        actions::Action,
        bar,
        form::AdoptedNetworks,
        state::State,
        theme::{self, Palette},
    },
    compute,
    train::memory_estimate,
};
use egui::{Align, Button, Label, Layout, RichText, ScrollArea, TextEdit, Ui, Vec2};
use serde::{Deserialize, Serialize};

/// Seconds after which free memory is looked at again.
const MEMORY_AGE: f64 = 2.0;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingPane {
    /// Free memory, and when it was looked at.
    #[serde(skip)]
    free: Option<(f64, Option<u64>)>,
}

impl TrainingPane {
    fn outcome(&mut self, ui: &mut Ui, state: &mut State) {
        let samples = state.data().map_or(0, |data| data.training.len());
        if samples > 0 {
            let (epoch, all) = state.form.steps(samples);
            quiet(ui, format!("{samples} samples: {epoch} steps an epoch, {all} in all"));
        }
        self.memory(ui, state);
        origin(ui, state);
        ui.horizontal(|ui| {
            ui.label("Written to");
            let field = TextEdit::singleline(&mut state.form.out).desired_width(ui.available_width());
            ui.add(field).on_hover_text("The run folder: new or empty").accessible_name("Written to");
        });
        ui.add_space(theme::HALF);
        if let Some(obstacle) = state.obstacle() {
            ui.add(Label::new(RichText::new(obstacle).color(Palette::of(ui).warning)).wrap());
        } else {
            let size = Vec2::new(ui.available_width(), theme::BUTTON);
            let start = ui.add_sized(size, Button::new("Start this run").selected(true));
            if start.on_hover_text(Action::Train.help()).clicked() {
                state.train();
            }
        }
    }

    /// What the run will need, beside what there is.
    fn memory(&mut self, ui: &mut Ui, state: &State) {
        let Ok(needed) = memory_estimate(&state.form.config, state.session.device.is_shared) else { return };
        // The size of GPU memory cannot be asked.
        let free = if state.session.device.is_shared { None } else { self.free(ui) };
        let (text, is_too_much) = match free {
            Some(free) => (format!("about {} of {} free", gigabytes(needed), gigabytes(free)), needed > free),
            None => (format!("about {} of memory", gigabytes(needed)), false),
        };
        let help = "What the run will hold at most where it computes: an estimate from networks, input size \
                    and batch";
        if is_too_much {
            let text = format!("{text}: take a smaller batch or size, and accumulate more batches");
            let text = RichText::new(text).color(Palette::of(ui).warning);
            ui.add(Label::new(text).wrap()).on_hover_text(help);
        } else {
            quiet(ui, text).on_hover_text(help);
        }
    }

    fn free(&mut self, ui: &Ui) -> Option<u64> {
        let now = ui.input(|input| input.time);
        match self.free {
            Some((then, free)) if now - then < MEMORY_AGE => free,
            _ => self.free.insert((now, compute::free_memory())).1,
        }
    }
}

/// The networks that the run starts from, and the way back to none.
fn origin(ui: &mut Ui, state: &mut State) {
    ui.horizontal(|ui| {
        ui.label("Starts from");
        let Some(AdoptedNetworks { folder, architecture }) = &state.form.loaded else {
            quiet(ui, "scratch".to_owned());
            return;
        };
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let help = format!("{}\n{architecture}", folder.display());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let unload = ui.button("Unload").on_hover_text(Action::UnloadWeights.help());
            if unload.accessible_name(Action::UnloadWeights.label()).clicked() {
                state.wish(Action::UnloadWeights);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(name).truncate()).on_hover_text(help);
            });
        });
    });
}

/// A sentence that stands back.
fn quiet(ui: &mut Ui, text: String) -> egui::Response {
    ui.add(Label::new(RichText::new(text).color(ui.visuals().weak_text_color())).wrap())
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

impl Pane for TrainingPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Training);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(bar::state_label(state)).color(ui.visuals().weak_text_color()));
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::same(8)).show(ui, |ui| {
            if state.has_run() {
                progress::show(ui, state);
            } else {
                form::show(ui, &mut state.form);
                if std::mem::take(&mut state.form.wants_scratch) {
                    state.wish(Action::UnloadWeights);
                }
                ui.add_space(theme::HALF);
                self.outcome(ui, state);
            }
        });
    }
}
