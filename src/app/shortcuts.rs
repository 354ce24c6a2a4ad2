//! The list of keys and of what the pointer does.

use super::{actions::Action, keys, theme};
use egui::{Key, Modifiers, RichText, ScrollArea, Ui};

/// Draws the list of keys if it is open.
pub fn ui(ui: &Ui, is_open: &mut bool) {
    close_by_escape(ui, is_open);
    let window = egui::Window::new("Shortcuts").open(is_open);
    let window = window.anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0]).resizable(false).collapsible(false);
    window.show(ui, |ui| {
        let height = ui.ctx().content_rect().height() - 120.0;
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, list_ui);
    });
}

/// Closes what lies over the panes by Escape, before that does anything in them.
pub fn close_by_escape(ui: &Ui, is_open: &mut bool) {
    *is_open = *is_open && !ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
}

fn list_ui(ui: &mut Ui) {
    let list = egui::Grid::new("shortcuts").num_columns(2).min_col_width(88.0);
    list.spacing([24.0, theme::HALF]).show(ui, |ui| {
        for (action, key) in Action::with_key() {
            let key = RichText::new(keys::name(ui.ctx(), Some(key))).monospace();
            ui.label(key.color(ui.visuals().strong_text_color()));
            ui.label(action.label()).on_hover_text(action.help());
            ui.end_row();
        }
        for (gesture, effect) in [
            ("click", "Pin the pixel that the inspector asks about, or let it go"),
            ("wheel", "Zoom all views about the pointer"),
            ("drag", "Move the pictures of all views, once zoomed in"),
            ("double-click", "See the whole pictures again"),
            ("double-click", "On the header of a pane: let it fill the window, or show all again"),
            ("right-click", "On the header of a pane: save the pane as a picture"),
            ("drag", "The border between two panes: move it; a double-click centres it"),
            ("arrow keys", "Move a border between panes that Tab has come to; Esc leaves it"),
            ("click", "On the curves: choose a step, whose snapshot the wall shows"),
            ("double-click", "On the curves: let the step go"),
            ("drag", "Turn the point cloud, or look around while flying"),
            ("right-drag", "Move the point cloud (or shift-drag)"),
            ("wheel", "Come closer to the point cloud"),
            ("double-click", "On the point cloud: put the point cloud back"),
            ("W A S D Q E", "Fly through the point cloud (its Fly button; Shift is faster)"),
        ] {
            ui.label(RichText::new(gesture).monospace().color(ui.visuals().strong_text_color()));
            ui.label(effect);
            ui.end_row();
        }
    });
}
