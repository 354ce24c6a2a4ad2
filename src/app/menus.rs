//! The menus of the top bar.

use super::{
    Window,
    actions::{Action, MenuGroup},
    bar,
    panes::PaneKind,
    state::Recent,
};
use crate::data::split;
use egui::{ThemePreference, Ui};

impl Window {
    pub(super) fn menus(&mut self, ui: &mut Ui) {
        let data = ui.menu_button("Data", |ui| {
            self.entries(ui, MenuGroup::Data);
            ui.separator();
            self.entries(ui, MenuGroup::Split);
            ui.menu_button("Split by name", |ui| {
                for name in split::names() {
                    if ui.button(name).on_hover_text("Open the data again with this split").clicked() {
                        self.state.session.open_split(Some(name.to_owned()));
                    }
                }
            });
            self.recent_entries(ui, |recent| matches!(recent, Recent::Data(_)));
            self.clear_recents_entry(ui);
        });
        let weights = ui.menu_button("Weights", |ui| {
            self.entries(ui, MenuGroup::Weights);
            self.recent_entries(ui, |recent| matches!(recent, Recent::Weights(_)));
            self.clear_recents_entry(ui);
        });
        let run = ui.menu_button("Run", |ui| {
            self.entries(ui, MenuGroup::Run);
            ui.separator();
            bar::device_choices(ui, &mut self.state);
            self.recent_entries(ui, |recent| matches!(recent, Recent::Run(_)));
            self.clear_recents_entry(ui);
        });
        if [data, weights, run].iter().any(|menu| menu.response.clicked()) {
            self.find_missing_recents(ui.ctx());
        }
        self.view_menu(ui);
        ui.menu_button("Help", |ui| {
            self.entries(ui, MenuGroup::Help);
            for action in [Action::Show(PaneKind::Log), Action::Quit] {
                bar::entry(ui, &mut self.state, action);
            }
        });
    }

    fn view_menu(&mut self, ui: &mut Ui) {
        ui.menu_button("View", |ui| {
            self.entries(ui, MenuGroup::Panes);
            ui.separator();
            self.pane_switches(ui);
            ui.separator();
            let mut squares = self.state.viewed.squares;
            let switch = ui.checkbox(&mut squares, Action::Squares.label());
            if switch.on_hover_text(Action::Squares.help()).changed() {
                self.state.window.act(Action::Squares);
            }
            self.entries(ui, MenuGroup::Zoom);
            ui.separator();
            let mut theme = ui.ctx().options(|options| options.theme_preference);
            for (choice, name) in [
                (ThemePreference::Dark, "Dark"),
                (ThemePreference::Light, "Light"),
                (ThemePreference::System, "As the system"),
            ] {
                ui.radio_value(&mut theme, choice, name);
            }
            ui.ctx().set_theme(theme);
            ui.separator();
            self.entries(ui, MenuGroup::Size);
            ui.separator();
            self.entries(ui, MenuGroup::Layout);
        });
    }

    /// An entry for each action of a group.
    fn entries(&mut self, ui: &mut Ui, group: MenuGroup) {
        for action in Action::in_menu(group) {
            bar::entry(ui, &mut self.state, action);
        }
    }

    /// A checkbox for each pane, by name.
    fn pane_switches(&mut self, ui: &mut Ui) {
        let mut kinds = PaneKind::ALL.to_vec();
        kinds.sort_by_key(|kind| kind.title());
        for kind in kinds {
            let mut is_visible = self.layout.is_visible(kind);
            if ui.checkbox(&mut is_visible, kind.title()).on_hover_text(kind.help()).changed() {
                self.layout.set_visible(kind, is_visible);
            }
        }
    }

    /// An entry that clears the recents, if there are any.
    fn clear_recents_entry(&mut self, ui: &mut Ui) {
        if Action::ClearRecents.obstacle(&self.state).is_none() {
            ui.separator();
            bar::entry(ui, &mut self.state, Action::ClearRecents);
        }
    }
}
