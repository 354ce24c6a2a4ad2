//! Questions about what is opened: a run's folder can be continued or loaded as networks, and a run may be in progress.

use super::{
    actions::Action,
    shortcuts::close_by_escape,
    state::{Dialogs, Question, RunInTheWay, run_name},
    theme::{self, Palette},
};
use crate::session::OnRun;
use egui::{Button, Frame, Id, Label, Margin, Modal, RichText, Ui, Vec2};
use std::path::{Path, PathBuf};

const WIDTH: f32 = 440.0;

/// Answer to a question.
pub enum QuestionChoice {
    /// Continue the run of a folder.
    Continue(PathBuf),
    /// Load the networks of a folder.
    Load(PathBuf),
    /// View a finished run.
    LookAt(PathBuf),
    /// Send the waiting command after all, with this decision about the run in progress.
    Anyway(RunInTheWay, OnRun),
}

/// Dialog of the first question, until a choice is made. The window behind it cannot be used; a folder that is dropped
/// meanwhile raises the next question.
#[derive(Default)]
pub struct QuestionDialog {
    /// Controls of the question that was drawn last.
    choices: Vec<Id>,
}

impl QuestionDialog {
    /// Draws the first question if there is one. Removes it once it is answered, and returns the choice; `run` is the
    /// folder of the run in progress.
    pub fn ui(&mut self, ui: &Ui, dialogs: &mut Dialogs, run: Option<&Path>) -> Option<QuestionChoice> {
        let Some(question) = dialogs.questions.front() else {
            self.choices.clear();
            return None;
        };
        self.take_keys(ui);
        let other_run = run.map(run_name);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let shown = Modal::new(Id::unique("question")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            let mut buttons = QuestionButtons::default();
            let choice = match question {
                Question::Folder(folder) => about_folder(ui, &mut buttons, folder),
                Question::Run(waiting) => about_run(ui, &mut buttons, waiting),
                Question::Finished { run, steps } => {
                    about_finished(ui, &mut buttons, (run, *steps), other_run)
                }
            };
            (choice, buttons.0)
        });
        let (choice, choices) = shown.inner;
        let mut is_open = choice.is_none();
        if !shown.any_popup_open {
            close_by_escape(ui, &mut is_open);
        }
        self.choices = if is_open { choices } else { Vec::new() };
        if !is_open {
            dialogs.questions.pop_front();
        }
        choice.flatten()
    }

    /// Takes the keyboard focus from the window behind the dialog.
    fn take_keys(&self, ui: &Ui) {
        ui.memory_mut(|memory| {
            if let Some(behind) = memory.focused().filter(|id| !self.choices.contains(id)) {
                memory.surrender_focus(behind);
            }
        });
    }
}

/// Row of buttons of a question; collects their ids.
#[derive(Default)]
pub(super) struct QuestionButtons(Vec<Id>);

impl QuestionButtons {
    /// Adds a button; the default one has the keyboard focus and changes least. Returns true if it was clicked.
    pub fn add(&mut self, ui: &mut Ui, text: &str, help: &str, is_default: bool) -> bool {
        let button = ui.add(Button::new(text).min_size(Vec2::new(0.0, theme::BUTTON))).on_hover_text(help);
        if is_default && ui.memory(|memory| memory.focused().is_none()) {
            button.request_focus();
            // The focus is drawn only in the next frame.
            ui.ctx().request_repaint();
        }
        self.0.push(button.id);
        button.clicked()
    }

    fn cancel(&mut self, ui: &mut Ui, is_default: bool) -> bool {
        self.add(ui, "Cancel", "Change nothing (Esc)", is_default)
    }
}

pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).heading().color(ui.visuals().strong_text_color()));
}

fn about_folder(ui: &mut Ui, buttons: &mut QuestionButtons, folder: &Path) -> Option<Option<QuestionChoice>> {
    heading(ui, "The folder of a run");
    ui.add(Label::new(folder.display().to_string()).wrap());
    ui.add_space(theme::UNIT);
    ui.horizontal(|ui| {
        let resume = buttons.add(ui, "Continue this run", Action::OpenRun.help(), true);
        let help = "Load its newest checkpoint to look at, evaluate or start from";
        let load = buttons.add(ui, "Use its networks", help, false);
        if resume {
            Some(Some(QuestionChoice::Continue(folder.to_owned())))
        } else if load {
            Some(Some(QuestionChoice::Load(folder.to_owned())))
        } else {
            buttons.cancel(ui, false).then_some(None)
        }
    })
    .inner
}

fn about_run(
    ui: &mut Ui,
    buttons: &mut QuestionButtons,
    waiting: &RunInTheWay,
) -> Option<Option<QuestionChoice>> {
    let run = waiting.run_name();
    heading(ui, &format!("{run} is in progress, at step {}", waiting.step));
    ui.add(Label::new(format!("To be opened: {}", waiting.wanted())).wrap());
    if !waiting.can_be_viewed_meanwhile() {
        let text = "Only one run can be in progress.";
        ui.add(Label::new(RichText::new(text).color(Palette::of(ui).warning)).wrap());
    }
    ui.add_space(theme::UNIT);
    ui.horizontal_wrapped(|ui| {
        let can_be_viewed_meanwhile = waiting.can_be_viewed_meanwhile();
        let look = can_be_viewed_meanwhile
            && buttons.add(
                ui,
                &format!("Look at it while {run} trains"),
                "The run continues with its own data and networks; Run > Look at the run goes back to it",
                true,
            );
        let help = "It writes a checkpoint first, and can be continued later (Run > Continue a run)";
        let end = buttons.add(ui, &format!("End {run}"), help, false);
        if look {
            Some(Some(QuestionChoice::Anyway(waiting.clone(), OnRun::Keep)))
        } else if end {
            Some(Some(QuestionChoice::Anyway(waiting.clone(), OnRun::End)))
        } else {
            buttons.cancel(ui, !can_be_viewed_meanwhile).then_some(None)
        }
    })
    .inner
}

fn about_finished(
    ui: &mut Ui,
    buttons: &mut QuestionButtons,
    (run, steps): (&Path, u64),
    other_run: Option<String>,
) -> Option<Option<QuestionChoice>> {
    heading(ui, &format!("{} is finished", run_name(run)));
    let text = format!(
        "All its {steps} steps are made. To train its networks further, start another run from them; or give it more \
         steps on the command line: monoscope train --resume {} --steps N",
        run.display()
    );
    ui.add(Label::new(text).wrap());
    ui.add_space(theme::UNIT);
    ui.horizontal_wrapped(|ui| {
        let (text, help) = match other_run {
            Some(other) => (
                format!("Look at its networks while {other} trains"),
                "The run in progress continues with its own data and networks; Run > Look at the run goes back to it",
            ),
            None => ("Look at it".to_owned(), "Open its data, networks, curves and snapshots"),
        };
        if buttons.add(ui, &text, help, true) {
            Some(Some(QuestionChoice::LookAt(run.to_owned())))
        } else {
            buttons.cancel(ui, false).then_some(None)
        }
    })
    .inner
}
