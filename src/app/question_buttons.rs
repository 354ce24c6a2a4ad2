//! Heading and buttons of a question.

use super::theme;
use egui::{Button, Id, Response, RichText, Ui, Vec2};

/// Row of buttons of a question; collects their ids.
#[derive(Default)]
pub(super) struct QuestionButtons(pub Vec<Id>);

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

    /// Adds another control that may have the keyboard focus.
    pub fn keep(&mut self, control: &Response) {
        self.0.push(control.id);
    }

    /// Adds the button that changes nothing.
    pub fn cancel(&mut self, ui: &mut Ui, is_default: bool) -> bool {
        self.add(ui, "Cancel", "Change nothing (Esc)", is_default)
    }
}

/// Draws the first line of a question.
pub(super) fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).heading().color(ui.visuals().strong_text_color()));
}
