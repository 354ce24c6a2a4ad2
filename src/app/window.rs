//! The window: top bar, docked panes, messages. It takes events and pictures and gives commands, so
//! that it can be driven without a session.

use super::{
    action::Action,
    bar,
    layout::Desk,
    messages::Severity,
    open::{Found, Opener, Wish},
    palette::CommandPalette,
    state::{Devices, State},
    theme,
};
use crate::{
    config::DataChoice,
    data::split,
    objective::MapName,
    train::{Command, Event, Picture},
};
use egui::{
    Align, CentralPanel, Frame, Layout, Margin, Panel, RichText, ThemePreference, Ui,
    containers::menu::menu_style,
};
use std::{path::Path, sync::Arc};

/// Everything on the screen.
pub struct Window {
    state: State,
    desk: Desk,
    opener: Opener,
    palette: CommandPalette,
    shows_shortcuts: bool,
}

impl Window {
    /// A window that shows nothing yet; runs are written under `runs`.
    pub fn new(devices: Devices, runs: &Path) -> Self {
        Self {
            state: State::new(devices, runs),
            desk: Desk::default(),
            opener: Opener::default(),
            palette: CommandPalette::default(),
            shows_shortcuts: false,
        }
    }

    /// Sets the look, once for the program.
    pub fn dress(context: &egui::Context) {
        theme::install(context);
        context.set_theme(ThemePreference::Dark);
    }

    /// Opens data and weights as the command line says.
    pub fn open(&mut self, data: DataChoice, split: Option<String>, weights: Option<&Path>) {
        let is_demo = data == DataChoice::Demo;
        self.state.open_data(data, split);
        match weights {
            Some(weights) => self.state.load_weights(weights.to_owned()),
            None if is_demo => self.state.load_demo(),
            None => {}
        }
    }

    /// Takes note of what the session says.
    pub fn receive(&mut self, event: Event) {
        self.state.receive(event);
    }

    /// Shows the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.state.show(picture);
    }

    /// What the session shall do.
    pub fn take_commands(&mut self) -> Vec<Command> {
        self.state.take_commands()
    }

    /// Draws everything and reacts to what was done.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.play_on(ui);
        self.take_dropped(ui);
        let bar = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 6));
        let shown = Panel::top("bar").frame(bar).show(ui, |ui| self.bar(ui));
        bar::progress_line(ui, shown.response.rect, &self.state);
        CentralPanel::no_frame().show(ui, |ui| self.desk.ui(ui, &mut self.state));
        self.shortcuts_ui(ui);
        self.palette.ui(ui, &mut self.state);
        self.state.messages.ui(ui);
        for action in Action::pressed(ui.ctx()) {
            self.state.wish(action);
        }
        for action in self.state.take_wishes() {
            self.act(action, ui.ctx());
        }
        if let Some(name) = self.state.take_map_to_show() {
            self.desk.show_map(name);
            ui.ctx().request_repaint();
        }
    }

    fn play_on(&mut self, ui: &Ui) {
        if self.state.playhead.is_playing {
            self.state.play_on(ui.input(|input| input.time));
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(20));
        }
    }

    /// Dropped, typed and chosen folders.
    fn take_dropped(&mut self, ui: &Ui) {
        let dropped = ui.input(|input| {
            input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect::<Vec<_>>()
        });
        for path in dropped.into_iter().chain(self.state.take_path()) {
            self.opener.look_at(path, ui.ctx());
        }
        if let Some((name, text)) = self.state.take_text() {
            self.opener.save_text(name, text, ui.ctx());
        }
        if let Some((name, rect)) = self.state.take_picture() {
            self.opener.save_picture(&name, rect, ui.ctx());
        }
        let found: Vec<Found> = self.opener.found().collect();
        for found in found {
            match found {
                Found::Data(path) => self.state.open_data(DataChoice::Folder(path), None),
                Found::Split(path) => self.state.open_split(Some(path.display().to_string())),
                Found::Weights(path) => self.state.load_weights(path),
                Found::Run(path) => self.state.resume(path),
                Found::Saved(path) => {
                    self.state.messages.tell(Severity::News, format!("Written to {}", path.display()), "");
                }
                Found::NotSaved(path, reason) => self.state.messages.tell(
                    Severity::Warning,
                    format!("{} cannot be written: {reason}", path.display()),
                    "Choose another folder",
                ),
                Found::Unknown(path) => self.state.messages.tell(
                    Severity::Warning,
                    format!("There is nothing to open in {}", path.display()),
                    "A data folder holds KITTI's days (2011_09_26) or sequences, or pictures; a split folder \
                     train_files.txt; a weights folder encoder.pth",
                ),
            }
        }
    }

    fn bar(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.set_min_height(theme::BUTTON);
            let name = RichText::new("Monoscope").color(ui.visuals().strong_text_color()).size(15.0);
            ui.label(name);
            ui.add_space(theme::HALF);
            ui.scope(|ui| {
                menu_style(ui.style_mut());
                self.menus(ui);
            });
            ui.add_space(2.0 * theme::UNIT);
            bar::run_buttons(ui, &mut self.state);
            ui.add_space(theme::UNIT);
            bar::figures(ui, &self.state);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| bar::devices(ui, &self.state));
        });
    }

    fn menus(&mut self, ui: &mut Ui) {
        let state = &mut self.state;
        ui.menu_button("Data", |ui| {
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
        });
        ui.menu_button("Weights", |ui| bar::entry(ui, state, Action::OpenWeights));
        ui.menu_button("Run", |ui| bar::entry(ui, state, Action::OpenRun));
        self.view_menu(ui);
        ui.menu_button("Help", |ui| {
            for action in [Action::Palette, Action::Shortcuts, Action::Messages] {
                bar::entry(ui, &mut self.state, action);
            }
        });
    }

    fn view_menu(&mut self, ui: &mut Ui) {
        ui.menu_button("View", |ui| {
            bar::entry(ui, &mut self.state, Action::AddView);
            for (title, tile, mut is_visible) in self.desk.lasting_panes() {
                if ui.checkbox(&mut is_visible, title).changed() {
                    self.desk.tree.set_visible(tile, is_visible);
                }
            }
            ui.separator();
            let mut squares = self.state.squares;
            if ui
                .checkbox(&mut squares, Action::Squares.label())
                .on_hover_text(Action::Squares.help())
                .changed()
            {
                self.state.wish(Action::Squares);
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
            bar::entry(ui, &mut self.state, Action::ResetLayout);
        });
    }

    fn shortcuts_ui(&mut self, ui: &Ui) {
        let window = egui::Window::new("Shortcuts").open(&mut self.shows_shortcuts);
        let window =
            window.anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0]).resizable(false).collapsible(false);
        window.show(ui, |ui| {
            let list = egui::Grid::new("shortcuts").num_columns(2).min_col_width(88.0);
            list.spacing([24.0, theme::HALF]).show(ui, |ui| {
                for (action, _) in Action::with_key() {
                    let key = RichText::new(bar::key(ui, action)).monospace();
                    ui.label(key.color(ui.visuals().strong_text_color()));
                    ui.label(action.label()).on_hover_text(action.help());
                    ui.end_row();
                }
                for (gesture, effect) in [
                    ("click", "Pin the pixel that the inspector asks about, or let it go"),
                    ("right-click", "On the header of a pane: save the pane as a picture"),
                    ("drag", "Turn the point cloud"),
                    ("right-drag", "Move the point cloud (or shift-drag)"),
                    ("wheel", "Come closer to the point cloud"),
                    ("double-click", "Put the point cloud back"),
                ] {
                    ui.label(RichText::new(gesture).monospace().color(ui.visuals().strong_text_color()));
                    ui.label(effect);
                    ui.end_row();
                }
            });
        });
    }

    fn act(&mut self, action: Action, context: &egui::Context) {
        let state = &mut self.state;
        match action {
            Action::OpenBuiltInDrive => state.open_data(DataChoice::Demo, None),
            Action::OpenData => self.opener.ask(Wish::Data, context),
            Action::OpenSplit => self.opener.ask(Wish::Split, context),
            Action::DropSplit => state.open_split(None),
            Action::OpenWeights => self.opener.ask(Wish::Weights, context),
            Action::OpenRun => self.opener.ask(Wish::Run, context),
            Action::Train => state.train(),
            Action::Pause => state.pause(),
            Action::Step => state.step(),
            Action::Stop => state.stop(),
            Action::Play => state.playhead.is_playing = !state.playhead.is_playing,
            Action::Previous => state.scrub(state.playhead.frame.saturating_sub(1)),
            Action::Next => state.scrub(state.playhead.frame + 1),
            Action::First => state.scrub(state.playhead.frames().start),
            Action::Last => state.scrub(state.playhead.last()),
            Action::Follow => state.follow_training(!state.follows_training),
            Action::Squares => state.squares = !state.squares,
            Action::AddView => self.desk.add_view(MapName::AutoMask),
            Action::ShowInspector => self.desk.bring_to_front("Inspector"),
            Action::ShowTraining => self.desk.bring_to_front("Training"),
            Action::ShowCurves => self.desk.bring_to_front("Curves"),
            Action::Unpin => state.inspection.clear(),
            Action::PixelLeft => state.inspection.nudge(-1, 0),
            Action::PixelRight => state.inspection.nudge(1, 0),
            Action::PixelUp => state.inspection.nudge(0, -1),
            Action::PixelDown => state.inspection.nudge(0, 1),
            Action::ResetLayout => self.desk = Desk::default(),
            Action::Messages => state.messages.history_is_open = !state.messages.history_is_open,
            Action::Palette => self.palette.toggle(),
            Action::Shortcuts => self.shows_shortcuts = !self.shows_shortcuts,
        }
        context.request_repaint();
    }
}
