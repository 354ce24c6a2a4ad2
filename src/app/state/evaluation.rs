//! Evaluating, and taking figures and pictures away.

use super::State;
use crate::{app::open::Content, session::Command};

impl State {
    /// Why there is nothing to evaluate, if so.
    pub fn obstacle_to_evaluation(&self) -> Option<String> {
        if self.data().is_none() {
            Some(
                "Open data with true depth first: the built-in drive has it, or KITTI (Sequence pane)"
                    .to_owned(),
            )
        } else if !self.has_networks() {
            Some("There are no networks to evaluate: press Train, or load weights (Weights menu)".to_owned())
        } else {
            None
        }
    }

    /// Evaluates the present networks as the pane says.
    pub fn evaluate(&mut self) {
        if self.obstacle_to_evaluation().is_none() {
            self.requests.send(Command::Evaluate(Box::new(self.evaluations.request.clone())));
        }
    }

    /// Gives the evaluation under way up.
    pub fn cancel_evaluation(&mut self) {
        self.requests.send(Command::CancelEvaluation);
    }

    /// Asks the window to ask where a text is to be saved; the name is what its file is called at first.
    pub fn save_text(&mut self, name: &'static str, text: String) {
        self.save(name.to_owned(), Box::new(move || Ok(text.into_bytes())));
    }

    /// Asks the window to ask where something is to be saved, by the first name of its file.
    pub fn save(&mut self, name: String, content: Content) {
        self.content_to_save = Some((name, content));
    }

    /// Asks the window to save a part of itself as a picture, by the file's first name and where it lies.
    pub fn save_picture(&mut self, name: String, rect: egui::Rect) {
        self.picture_to_save = Some((name, rect));
    }

    /// The part of the window that is to be saved.
    pub fn take_picture(&mut self) -> Option<(String, egui::Rect)> {
        self.picture_to_save.take()
    }

    /// What is to be saved.
    pub fn take_content(&mut self) -> Option<(String, Content)> {
        self.content_to_save.take()
    }
}
