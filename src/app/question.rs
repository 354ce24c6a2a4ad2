//! The questions that opening something may raise: a run's folder is also one of networks, and a run may be under
//! way.

use super::{
    action::Action,
    state::RunInTheWay,
    theme::{self, Palette},
};
use crate::session::OnRun;
use egui::{Button, Frame, Id, Label, Margin, Modal, RichText, Ui, Vec2};
use std::path::{Path, PathBuf};

const WIDTH: f32 = 440.0;

/// What is to be done.
pub enum Answer {
    /// Go on with the run of a folder.
    Continue(PathBuf),
    /// Load the networks of a folder.
    Load(PathBuf),
    /// Open what was to be opened, and do that with the run under way.
    Anyway(RunInTheWay, OnRun),
}

#[derive(Clone)]
enum Asked {
    Folder(PathBuf),
    Run(RunInTheWay),
}

/// Asks until it is answered.
#[derive(Default)]
pub struct Question {
    asked: Option<Asked>,
    is_new: bool,
}

impl Question {
    /// Asks what to do with the folder of a run.
    pub fn ask(&mut self, folder: PathBuf) {
        *self = Self { asked: Some(Asked::Folder(folder)), is_new: true };
    }

    /// Asks what becomes of the run under way.
    pub fn ask_about_run(&mut self, waiting: RunInTheWay) {
        *self = Self { asked: Some(Asked::Run(waiting)), is_new: true };
    }

    /// Whether it waits for an answer.
    pub fn is_open(&self) -> bool {
        self.asked.is_some()
    }

    /// Draws the question if there is one; gives the answer.
    pub fn ui(&mut self, ui: &Ui) -> Option<Answer> {
        let asked = self.asked.clone()?;
        let takes_focus = std::mem::take(&mut self.is_new);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let shown = Modal::new(Id::unique("question")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            match asked {
                Asked::Folder(folder) => about_folder(ui, &folder, takes_focus),
                Asked::Run(waiting) => about_run(ui, waiting, takes_focus),
            }
        });
        if shown.inner.is_some() || shown.should_close() {
            self.asked = None;
        }
        shown.inner.flatten()
    }
}

pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).heading().color(ui.visuals().strong_text_color()));
}

/// A button; the first of a new question takes the keys.
pub(super) fn choice(ui: &mut Ui, text: &str, help: &str, takes_focus: bool) -> bool {
    let button = ui.add(Button::new(text).min_size(Vec2::new(0.0, theme::BUTTON))).on_hover_text(help);
    if takes_focus {
        button.request_focus();
    }
    button.clicked()
}

fn cancel(ui: &mut Ui) -> bool {
    choice(ui, "Cancel", "Leave everything as it is (Esc)", false)
}

fn about_folder(ui: &mut Ui, folder: &Path, takes_focus: bool) -> Option<Option<Answer>> {
    heading(ui, "The folder of a run");
    ui.add(Label::new(folder.display().to_string()).wrap());
    ui.add_space(theme::UNIT);
    ui.horizontal(|ui| {
        let resume = choice(ui, "Continue this run", Action::OpenRun.help(), takes_focus);
        let help = "Load its newest checkpoint to look at, evaluate or start from";
        let load = choice(ui, "Use its networks", help, false);
        if resume {
            Some(Some(Answer::Continue(folder.to_owned())))
        } else if load {
            Some(Some(Answer::Load(folder.to_owned())))
        } else {
            cancel(ui).then_some(None)
        }
    })
    .inner
}

fn about_run(ui: &mut Ui, waiting: RunInTheWay, takes_focus: bool) -> Option<Option<Answer>> {
    let run = waiting.run_name();
    heading(ui, &format!("{run} is under way, at step {}", waiting.step));
    ui.add(Label::new(format!("To be opened: {}", waiting.wanted())).wrap());
    if !waiting.can_be_beside() {
        let text = "Only one run can be under way.";
        ui.add(Label::new(RichText::new(text).color(Palette::of(ui).warning)).wrap());
    }
    ui.add_space(theme::UNIT);
    ui.horizontal_wrapped(|ui| {
        let can_be_beside = waiting.can_be_beside();
        let look = can_be_beside
            && choice(
                ui,
                &format!("Look at it while {run} trains"),
                "The run goes on with its own data and networks; Run > Look at the run goes back to it",
                takes_focus,
            );
        let help = "It writes a checkpoint first, and can be continued later (Run > Continue a run)";
        let end = choice(ui, &format!("End {run}"), help, takes_focus && !can_be_beside);
        if look {
            Some(Some(Answer::Anyway(waiting, OnRun::Keep)))
        } else if end {
            Some(Some(Answer::Anyway(waiting, OnRun::End)))
        } else {
            cancel(ui).then_some(None)
        }
    })
    .inner
}
