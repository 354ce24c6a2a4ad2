//! The Training pane: the options before a run starts, and its progress afterwards.

mod form;
mod progress;
mod text;

use super::{Pane, PaneKind, title};
use crate::{
    app::{
        actions::Action,
        bar,
        state::{AdoptedNetworks, SessionView, State, TrainingForm, WindowRequests},
        theme::{self, Palette},
    },
    compute,
    train::memory_estimate,
};
use egui::{Align, Button, Label, Layout, RichText, ScrollArea, TextEdit, Ui, Vec2};
use serde::{Deserialize, Serialize};
use std::mem::take;
use text::{gigabytes, weak_line};

/// Seconds after which free memory is read again.
const MEMORY_AGE: f64 = 2.0;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingPane {
    /// Free memory, bytes, with the time at which it was read.
    #[serde(skip)]
    free: Option<(f64, Option<u64>)>,
}

impl TrainingPane {
    /// Draws a summary of the next run, and the button that starts it.
    fn outcome(
        &mut self,
        ui: &mut Ui,
        form: &mut TrainingForm,
        session: &SessionView,
        window: &mut WindowRequests,
    ) {
        let samples = session.data().map_or(0, |data| data.training.len());
        if samples > 0 {
            let (epoch, all) = form.steps(samples);
            weak_line(ui, format!("{samples} samples: {epoch} steps an epoch, {all} in all"));
        }
        self.memory(ui, form, session);
        origin(ui, form, window);
        ui.horizontal(|ui| {
            ui.label("Written to");
            let field = TextEdit::singleline(&mut form.out).desired_width(ui.available_width());
            ui.add(field).on_hover_text("The run folder: new or empty").accessible_name("Written to");
        });
        ui.add_space(theme::HALF);
        if let Some(obstacle) = form.obstacle(session.data().map(AsRef::as_ref)) {
            ui.add(Label::new(RichText::new(obstacle).color(Palette::of(ui).warning)).wrap());
        } else {
            let size = Vec2::new(ui.available_width(), theme::BUTTON);
            let start = ui.add_sized(size, Button::new("Start this run").selected(true));
            if start.on_hover_text(Action::Train.help()).clicked() {
                window.act(Action::Train);
            }
        }
    }

    /// Draws the memory that the run will need, and the free memory.
    fn memory(&mut self, ui: &mut Ui, form: &TrainingForm, session: &SessionView) {
        let is_shared = session.device().is_shared;
        let Ok(needed) = memory_estimate(&form.config, is_shared) else { return };
        // wgpu does not report the size of a GPU's memory.
        let free = if is_shared { None } else { self.free(ui) };
        let (text, is_too_much) = match free {
            Some(free) => (format!("about {} of {} free", gigabytes(needed), gigabytes(free)), needed > free),
            None => (format!("about {} of memory", gigabytes(needed)), false),
        };
        let help = "Most memory that the run will need on its device, estimated from networks, input size \
                    and batch";
        if is_too_much {
            let text = format!("{text}: take a smaller batch or size, and accumulate more batches");
            let text = RichText::new(text).color(Palette::of(ui).warning);
            ui.add(Label::new(text).wrap()).on_hover_text(help);
        } else {
            weak_line(ui, text).on_hover_text(help);
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

/// Draws the networks that the run starts from, and the button that unloads them.
fn origin(ui: &mut Ui, form: &TrainingForm, window: &mut WindowRequests) {
    ui.horizontal(|ui| {
        ui.label("Starts from");
        let Some(AdoptedNetworks { folder, architecture }) = &form.loaded else {
            weak_line(ui, "scratch".to_owned());
            return;
        };
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let help = format!("{}\n{architecture}", folder.display());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let unload = ui.button("Unload").on_hover_text(Action::UnloadWeights.help());
            if unload.accessible_name(Action::UnloadWeights.label()).clicked() {
                window.act(Action::UnloadWeights);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(name).truncate()).on_hover_text(help);
            });
        });
    });
}

impl Pane for TrainingPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Training);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(
                RichText::new(bar::state_label(&state.session, &state.run))
                    .color(ui.visuals().weak_text_color()),
            );
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ScrollArea::vertical().auto_shrink(false).content_margin(egui::Margin::same(8)).show(ui, |ui| {
            let State { session, run, viewed, form, window, .. } = state;
            if session.has_run() {
                progress::show(ui, run, form, session, viewed);
            } else {
                form::show(ui, form);
                if take(&mut form.unloads_networks) {
                    window.act(Action::UnloadWeights);
                }
                ui.add_space(theme::HALF);
                self.outcome(ui, form, session, window);
            }
        });
    }
}
