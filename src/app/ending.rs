//! Closing the window: a run under way writes its last checkpoint first. Where that cannot be written, the window
//! stays and asks.

use super::{
    Window,
    question::{Choices, heading},
    state::State,
    theme::{self, Palette},
    wording::for_window,
};
use crate::session::{Command, Failure, RunState};
use egui::{Context, Frame, Id, Label, Margin, Modal, RichText, Ui, ViewportCommand};

const WIDTH: f32 = 440.0;

/// Progress of closing the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ending {
    /// The window stays.
    #[default]
    None,
    /// The session was asked to end.
    Waiting,
    /// The last checkpoint cannot be written: the person is asked what to do.
    Refused(Failure),
    /// The session has ended; without the last checkpoint, if there is a failure.
    Ended(Option<Failure>),
}

/// Choice about a checkpoint that cannot be written.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    TryAgain,
    Quit,
    Cancel,
}

impl State {
    /// Ends the session, after the last checkpoint of a run under way. With `even_unsaved` it ends even if that cannot
    /// be written.
    pub fn shut_down(&mut self, even_unsaved: bool) {
        self.ending = Ending::Waiting;
        self.requests.send(Command::Shutdown { even_unsaved });
    }

    /// Takes the reply to the request to end the session.
    pub(super) fn shut_down_replied(&mut self, even_unsaved: bool, failure: Option<Failure>) {
        self.ending = match failure {
            // Of two requests the first may have ended it.
            _ if matches!(self.ending, Ending::Ended(_)) => return,
            Some(failure) if !even_unsaved => Ending::Refused(failure),
            failure => Ending::Ended(failure),
        };
    }

    fn answered(&mut self, answer: Answer) {
        match answer {
            Answer::TryAgain => self.shut_down(false),
            Answer::Quit => self.shut_down(true),
            Answer::Cancel => {
                if let Ending::Refused(failure) = std::mem::take(&mut self.ending) {
                    self.messages.report(&failure, false);
                }
            }
        }
    }
}

impl Window {
    /// Closes the window only when no run loses anything by that. To be called before each frame, and while the
    /// window is hidden.
    pub fn close_if_saved(&mut self, context: &Context) {
        let is_closing = context.input(|input| input.viewport().close_requested());
        match self.state.ending {
            Ending::Ended(_) if is_closing => {}
            Ending::Ended(_) => context.send_viewport_cmd(ViewportCommand::Close),
            // No checkpoint has to be written first.
            Ending::None if !self.state.has_run() => {}
            _ if !is_closing => {}
            _ => {
                context.send_viewport_cmd(ViewportCommand::CancelClose);
                if self.state.ending == Ending::None {
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
        &self.state.ending
    }

    /// Draws the progress of closing the window, or the question about it.
    pub(super) fn show_ending(&mut self, ui: &Ui) {
        let answer = match &self.state.ending {
            Ending::None | Ending::Ended(_) => return,
            Ending::Waiting => {
                modal(ui, |ui| {
                    heading(ui, "Quitting");
                    ui.label("The run writes its last checkpoint.");
                });
                None
            }
            Ending::Refused(failure) => ask(ui, failure, self.state.active_run()),
        };
        if let Some(answer) = answer {
            self.state.answered(answer);
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

fn ask(ui: &Ui, failure: &Failure, run: Option<&RunState>) -> Option<Answer> {
    let unsaved = run.map_or(0, |run| run.step.saturating_sub(run.saved_step));
    let steps = if unsaved == 1 { "1 step".to_owned() } else { format!("{unsaved} steps") };
    let (answer, should_close) = modal(ui, |ui| {
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
            let answers = [
                (Answer::TryAgain, "Try again", "Write the checkpoint now, then quit"),
                (
                    Answer::Quit,
                    &quit,
                    "The run can be continued from the checkpoint before (Run > Continue a run)",
                ),
                (Answer::Cancel, "Cancel", "Stay, with the run paused (Esc)"),
            ];
            let (mut answer, mut choices) = (None, Choices::default());
            for (meaning, text, help) in answers {
                if choices.add(ui, text, help, meaning == Answer::TryAgain) {
                    answer = Some(meaning);
                }
            }
            answer
        })
        .inner
    });
    answer.or(should_close.then_some(Answer::Cancel))
}
