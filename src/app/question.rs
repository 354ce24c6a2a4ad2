//! Questions about what is opened: a run's folder can be continued or loaded as networks, a run may be in progress, and a
//! camera may be unknown.

use super::{
    actions::Action,
    camera_question::{CameraPicture, about_camera},
    question_buttons::{QuestionButtons, heading},
    shortcuts::close_by_escape,
    state::{CameraQuestion, Dialogs, Question, RunInTheWay, run_name},
    theme::{self, Palette},
};
use crate::session::OnRun;
use egui::{Frame, Id, Label, Margin, Modal, RichText, Ui};
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
    /// Describe a camera, and open the frames with it.
    Camera(CameraQuestion),
    /// Send the waiting command after all, with this decision about the run in progress.
    Anyway(RunInTheWay, OnRun),
}

/// Dialog of the first question, until a choice is made. The window behind it cannot be used; a folder that is dropped
/// meanwhile raises the next question.
#[derive(Default)]
pub struct QuestionDialog {
    /// Controls of the question that was drawn last.
    choices: Vec<Id>,
    /// Picture of the frames whose camera is asked for.
    pub picture: CameraPicture,
}

impl QuestionDialog {
    /// Draws the first question if there is one. Removes it once it is answered, and returns the choice; `run` is the
    /// folder of the run in progress.
    pub fn ui(&mut self, ui: &Ui, dialogs: &mut Dialogs, run: Option<&Path>) -> Option<QuestionChoice> {
        let Some(question) = dialogs.questions.front_mut() else {
            self.choices.clear();
            return None;
        };
        Self::take_keys(&self.choices, ui);
        let picture = &mut self.picture;
        let other_run = run.map(run_name);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let shown = Modal::new(Id::unique("question")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            let mut buttons = QuestionButtons::default();
            let choice = match question {
                Question::Folder(folder) => about_folder(ui, &mut buttons, folder),
                Question::Run(waiting) => about_run(ui, &mut buttons, waiting),
                Question::Camera(camera) => about_camera(ui, &mut buttons, camera, picture)
                    .map(|camera| camera.map(QuestionChoice::Camera)),
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
    fn take_keys(choices: &[Id], ui: &Ui) {
        ui.memory_mut(|memory| {
            if let Some(behind) = memory.focused().filter(|id| !choices.contains(id)) {
                memory.surrender_focus(behind);
            }
        });
    }
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
