//! The menus of the top bar.

use super::{Window, action::Action, bar, panes::PaneKind, recents::Recent};
use crate::data::split;
use egui::{ThemePreference, Ui};

impl Window {
    pub(super) fn menus(&mut self, ui: &mut Ui) {
        let data = ui.menu_button("Data", |ui| {
            let state = &mut self.state;
            for action in [Action::OpenBuiltInDrive, Action::OpenData] {
                bar::entry(ui, state, action);
            }
            ui.separator();
            for action in [Action::OpenSplit, Action::DropSplit] {
                bar::entry(ui, state, action);
            }
            ui.menu_button("Split by name", |ui| {
                for name in split::names() {
                    if ui.button(name).on_hover_text("Open the data anew with this split").clicked() {
                        state.open_split(Some(name.to_owned()));
                    }
                }
            });
            self.recent_entries(ui, |recent| matches!(recent, Recent::Data(_)));
            self.forget(ui);
        });
        let weights = ui.menu_button("Weights", |ui| {
            for action in [Action::OpenWeights, Action::UnloadWeights] {
                bar::entry(ui, &mut self.state, action);
            }
            self.recent_entries(ui, |recent| matches!(recent, Recent::Weights(_)));
            self.forget(ui);
        });
        let run = ui.menu_button("Run", |ui| {
            for action in [Action::OpenRun, Action::LookAtRun] {
                bar::entry(ui, &mut self.state, action);
            }
            ui.separator();
            bar::device_choices(ui, &mut self.state);
            self.recent_entries(ui, |recent| matches!(recent, Recent::Run(_)));
            self.forget(ui);
        });
        if [data, weights, run].iter().any(|menu| menu.response.clicked()) {
            self.look_for_recents(ui.ctx());
        }
        self.view_menu(ui);
        ui.menu_button("Help", |ui| {
            for action in
                [Action::Palette, Action::Shortcuts, Action::Messages, Action::ShowLog, Action::Quit]
            {
                bar::entry(ui, &mut self.state, action);
            }
        });
    }

    fn view_menu(&mut self, ui: &mut Ui) {
        ui.menu_button("View", |ui| {
            bar::entry(ui, &mut self.state, Action::AddView);
            for action in [
                Action::SplitRight,
                Action::SplitBelow,
                Action::NextPane,
                Action::MaximisePane,
                Action::ClosePane,
            ] {
                bar::entry(ui, &mut self.state, action);
            }
            ui.separator();
            self.pane_switches(ui);
            ui.separator();
            let mut squares = self.state.squares;
            if ui
                .checkbox(&mut squares, Action::Squares.label())
                .on_hover_text(Action::Squares.help())
                .changed()
            {
                self.state.wish(Action::Squares);
            }
            for action in [Action::ZoomIn, Action::ZoomOut, Action::ZoomWhole] {
                bar::entry(ui, &mut self.state, action);
            }
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
            for action in [Action::Larger, Action::Smaller, Action::UsualSize] {
                bar::entry(ui, &mut self.state, action);
            }
            ui.separator();
            bar::entry(ui, &mut self.state, Action::ResetLayout);
        });
    }

    /// A checkbox for each pane, by name.
    fn pane_switches(&mut self, ui: &mut Ui) {
        let mut kinds = PaneKind::ALL.to_vec();
        kinds.sort_by_key(|kind| kind.title());
        for kind in kinds {
            let mut is_visible = self.desk.is_visible(kind);
            if ui.checkbox(&mut is_visible, kind.title()).on_hover_text(kind.help()).changed() {
                self.desk.set_visible(kind, is_visible);
            }
        }
    }

    fn forget(&mut self, ui: &mut Ui) {
        if self.state.obstacle_to(Action::ForgetRecents).is_none() {
            ui.separator();
            bar::entry(ui, &mut self.state, Action::ForgetRecents);
        }
    }
}
