//! The one question that opening a folder may raise: a run's folder is also one of networks.

use super::{
    action::Action,
    theme::{self, Palette},
};
use egui::{Button, Frame, Id, Label, Margin, Modal, RichText, Ui, Vec2};
use std::path::PathBuf;

const WIDTH: f32 = 440.0;

/// What is to be done with the folder of a run.
pub enum Answer {
    /// Go on with the run.
    Continue(PathBuf),
    /// Load its networks.
    Load(PathBuf),
}

/// Asks until it is answered.
#[derive(Default)]
pub struct Question {
    folder: Option<PathBuf>,
    is_new: bool,
}

impl Question {
    /// Asks about the folder of a run.
    pub fn ask(&mut self, folder: PathBuf) {
        *self = Self { folder: Some(folder), is_new: true };
    }

    /// Draws the question if there is one; gives the answer.
    pub fn ui(&mut self, ui: &Ui, ends_run: bool) -> Option<Answer> {
        let folder = self.folder.clone()?;
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let shown = Modal::new(Id::unique("question")).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH);
            ui.label(RichText::new("The folder of a run").heading().color(ui.visuals().strong_text_color()));
            ui.add(Label::new(folder.display().to_string()).wrap());
            if ends_run {
                let text = "Either ends the run that is under way; it writes a checkpoint before.";
                ui.add(Label::new(RichText::new(text).color(Palette::of(ui).warning)).wrap());
            }
            ui.add_space(theme::UNIT);
            ui.horizontal(|ui| {
                let button = |text| Button::new(text).min_size(Vec2::new(0.0, theme::BUTTON));
                let resume = ui.add(button("Continue this run")).on_hover_text(Action::OpenRun.help());
                if std::mem::take(&mut self.is_new) {
                    resume.request_focus();
                }
                let load = ui.add(button("Use its networks"));
                let load =
                    load.on_hover_text("Load its newest checkpoint to look at, evaluate or start from");
                let cancel = ui.add(button("Cancel")).on_hover_text("Leave everything as it is (Esc)");
                if resume.clicked() {
                    Some(Some(Answer::Continue(folder)))
                } else if load.clicked() {
                    Some(Some(Answer::Load(folder)))
                } else {
                    cancel.clicked().then_some(None)
                }
            })
            .inner
        });
        if shown.inner.is_some() || shown.should_close() {
            self.folder = None;
        }
        shown.inner.flatten()
    }
}
