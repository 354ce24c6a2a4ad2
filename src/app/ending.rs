//! Closing the window: a run in progress writes its last checkpoint first. If that fails, the window stays open and
//! asks.

use super::{
    Window,
    question_buttons::{QuestionButtons, heading},
    state::Ending,
    theme::{self, Palette},
    wording::for_window,
};
use crate::session::{Failure, RunState};
use egui::{Context, Frame, Id, Label, Margin, Modal, RichText, Ui, ViewportCommand};
use std::mem::take;

const WIDTH: f32 = 440.0;

/// Choice about a checkpoint that cannot be written.
#[derive(Clone, Copy, PartialEq)]
enum EndingChoice {
    TryAgain,
    Quit,
    Cancel,
}

impl Window {
    /// Closes the window once no run loses anything by it. To be called before each frame, and while the window is
    /// hidden.
    pub fn close_if_saved(&mut self, context: &Context) {
        let is_closing = context.input(|input| input.viewport().close_requested());
        match self.state.dialogs.ending {
            Ending::Ended(_) if is_closing => {}
            Ending::Ended(_) => context.send_viewport_cmd(ViewportCommand::Close),
            // No checkpoint has to be written first.
            Ending::None if !self.state.session.has_run() => {}
            _ if !is_closing => {}
            _ => {
                context.send_viewport_cmd(ViewportCommand::CancelClose);
                if self.state.dialogs.ending == Ending::None {
                    self.state.shut_down(false);
                }
            }
        }
    }

    /// Ends the session without a question.
    pub(super) fn shut_down(&mut self) {
        self.state.shut_down(true);
    }

    /// Progress of closing the window.
    pub fn ending(&self) -> &Ending {
        &self.state.dialogs.ending
    }

    /// Draws the progress of closing the window, or the question about it.
    pub(super) fn show_ending(&mut self, ui: &Ui) {
        let choice = match &self.state.dialogs.ending {
            Ending::None | Ending::Ended(_) => return,
            Ending::Waiting => {
                modal(ui, |ui| {
                    heading(ui, "Quitting");
                    ui.label("The run writes its last checkpoint.");
                });
                None
            }
            Ending::Refused(failure) => ask(ui, failure, self.state.session.active_run()),
        };
        match choice {
            None => {}
            Some(EndingChoice::TryAgain) => self.state.shut_down(false),
            Some(EndingChoice::Quit) => self.state.shut_down(true),
            Some(EndingChoice::Cancel) => {
                if let Ending::Refused(failure) = take(&mut self.state.dialogs.ending) {
                    self.state.messages.add_failure(&failure, false);
                }
            }
        }
    }
}

fn modal<R>(ui: &Ui, add: impl FnOnce(&mut Ui) -> R) -> (R, bool) {
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
    let shown = Modal::new(Id::unique("ending")).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH);
        add(ui)
    });
    let should_close = shown.should_close();
    (shown.inner, should_close)
}

fn ask(ui: &Ui, failure: &Failure, run: Option<&RunState>) -> Option<EndingChoice> {
    let unsaved = run.map_or(0, |run| run.step.saturating_sub(run.saved_step));
    let steps = if unsaved == 1 { "1 step".to_owned() } else { format!("{unsaved} steps") };
    let (choice, should_close) = modal(ui, |ui| {
        heading(ui, "The last checkpoint cannot be written");
        ui.add(Label::new(for_window(&failure.text)).wrap());
        if let Some(run) = run.filter(|_| unsaved > 0) {
            ui.add_space(theme::HALF);
            let text = format!("{steps} since the checkpoint of step {} are not saved.", run.saved_step);
            ui.add(Label::new(RichText::new(text).color(Palette::of(ui).warning)).wrap());
        }
        ui.add_space(theme::UNIT);
        let quit = if unsaved > 0 { format!("Quit and lose {steps}") } else { "Quit anyway".to_owned() };
        ui.horizontal_wrapped(|ui| {
            let choices = [
                (EndingChoice::TryAgain, "Try again", "Write the checkpoint now, then quit"),
                (
                    EndingChoice::Quit,
                    &quit,
                    "The run can be continued from the previous checkpoint (Run > Continue a run)",
                ),
                (EndingChoice::Cancel, "Cancel", "Stay, with the run paused (Esc)"),
            ];
            let (mut chosen, mut buttons) = (None, QuestionButtons::default());
            for (meaning, text, help) in choices {
                if buttons.add(ui, text, help, meaning == EndingChoice::TryAgain) {
                    chosen = Some(meaning);
                }
            }
            chosen
        })
        .inner
    });
    choice.or(should_close.then_some(EndingChoice::Cancel))
}
