//! The window: top bar, docked panes, messages. Events and pictures go in, requests come out, so that it can be
//! driven without a session.

use super::{
    actions::Action,
    bar,
    layout::PaneLayout,
    library_log, messages,
    new_view::NewView,
    open::Opener,
    palette::{CommandPalette, PaletteEntry},
    panes::PaneKind,
    question::QuestionDialog,
    settings::Settings,
    shortcuts,
    state::{Devices, MessageLevel, State},
    theme,
};
use crate::{
    config::DataChoice,
    data::FrameSource,
    session::{Activity, CloudFusion, Event, Picture, Request, SessionState, Trajectory},
};
use egui::{
    Align, CentralPanel, Frame, Layout, Margin, Panel, RichText, ThemePreference, Ui,
    containers::menu::menu_style,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything on the screen.
pub struct Window {
    pub(super) state: State,
    pub(super) layout: PaneLayout,
    pub(super) opener: Opener,
    pub(super) question: QuestionDialog,
    pub(super) palette: CommandPalette,
    pub(super) new_view: NewView,
    pub(super) shows_shortcuts: bool,
    /// Width and height in points at zoom 1 while it does not fill the screen.
    size: [f32; 2],
    is_maximised: bool,
}

impl Window {
    /// A window that shows nothing yet; runs are written under `runs`.
    pub fn new(devices: Devices, runs: &Path) -> Self {
        Self {
            state: State::new(devices, runs),
            layout: PaneLayout::default(),
            opener: Opener::default(),
            question: QuestionDialog::default(),
            palette: CommandPalette::default(),
            new_view: NewView::default(),
            shows_shortcuts: false,
            size: Settings::default().size,
            is_maximised: false,
        }
    }

    /// Makes the window what it was when its settings were kept. Settings that cannot be used are left out, with a
    /// line in the log for each complaint.
    pub fn restore(&mut self, settings: Settings, complaints: Vec<String>, context: &egui::Context) {
        let Settings { theme, zoom, size, is_maximised, layout, recents } = settings;
        context.set_theme(ThemePreference::from(theme));
        context.set_zoom_factor(zoom);
        (self.size, self.is_maximised) = (size, is_maximised);
        self.state.recents = recents;
        for complaint in complaints {
            self.state.messages.log.add(MessageLevel::Warning, complaint);
        }
        let Some(kept) = layout else { return };
        let (layout, left_out) = PaneLayout::restored(&kept);
        if left_out > 0 {
            let text = format!(
                "{left_out} parts of the kept arrangement are of no use to this version and were left out; View > \
                 Reset layout puts all panes back"
            );
            self.state.messages.log.add(MessageLevel::Warning, text);
        }
        self.layout = layout.unwrap_or_default();
    }

    /// Settings to be kept for the next start.
    pub fn settings(&self, context: &egui::Context) -> Settings {
        Settings {
            theme: context.options(|options| options.theme_preference).into(),
            zoom: context.zoom_factor(),
            size: self.size,
            is_maximised: self.is_maximised,
            layout: Some(self.layout.kept()),
            recents: self.state.recents.clone(),
        }
    }

    /// Writes a line to the log.
    pub(super) fn warn(&mut self, text: String) {
        self.state.messages.log.add(MessageLevel::Warning, text);
    }

    fn notice_size(&mut self, ui: &Ui) {
        // Read before, because both take the same lock.
        let zoom = ui.ctx().zoom_factor();
        ui.input(|input| {
            let viewport = input.viewport();
            self.is_maximised = viewport.maximized == Some(true) || viewport.fullscreen == Some(true);
            if let Some(inner) = viewport.inner_rect.filter(|_| !self.is_maximised) {
                let size = inner.size() * zoom;
                self.size = [size.x.round(), size.y.round()];
            }
        });
    }

    /// Sets fonts, colours and spacing, once for the program.
    pub fn apply_theme(context: &egui::Context) {
        theme::install(context);
        context.set_theme(ThemePreference::Dark);
    }

    /// Opens data and weights as the command line says.
    pub fn open(&mut self, data: DataChoice, split: Option<String>, weights: Option<&Path>) {
        let is_demo = data == DataChoice::Demo;
        self.state.session.open_data(data, split);
        match weights {
            Some(weights) => self.state.session.load_weights(weights.to_owned()),
            None if is_demo => self.state.session.load_demo(),
            None => {}
        }
    }

    /// Saves files into this folder from now on, without asking where.
    pub fn save_into(&mut self, folder: PathBuf) {
        self.opener.save_into(folder);
    }

    /// Takes what the session published, with the frames of the data that is looked at.
    pub fn update(&mut self, session: Arc<SessionState>, frames: Option<Arc<dyn FrameSource>>) {
        if !Arc::ptr_eq(&session, &self.state.session.published) {
            self.state.update(session, frames);
        }
    }

    /// Takes note of what the session says; the state must not be older.
    pub fn receive(&mut self, event: Event) {
        self.state.receive(event);
    }

    /// Takes the path of a drive as far as it is predicted.
    pub fn receive_trajectory(&mut self, trajectory: &Trajectory) {
        self.state.trajectory.receive(trajectory.clone());
    }

    /// Takes the neighbours of the frame that is shown.
    pub fn receive_fusion(&mut self, fusion: Arc<CloudFusion>) {
        self.state.viewed.fusion.receive(fusion);
    }

    /// Shows the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.state.viewed.show(picture);
    }

    /// True while steps are being made.
    pub fn is_training(&self) -> bool {
        self.state.session.activity() == Activity::Training
    }

    /// Takes the requests to the session that came up since the last call.
    pub fn take_requests(&mut self) -> Vec<Request> {
        self.state.session.requests.take()
    }

    /// Draws everything and reacts to what was done.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.play_on(ui);
        self.notice_size(ui);
        for (level, text) in library_log::take_warnings() {
            self.state.messages.log.add(level, text);
        }
        self.take_dropped(ui);
        let bar = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 6));
        let shown = Panel::top("bar").frame(bar).show(ui, |ui| self.bar(ui));
        bar::progress_line(ui, shown.response.rect, &self.state);
        CentralPanel::no_frame().show(ui, |ui| self.layout.ui(ui, &mut self.state));
        shortcuts::ui(ui, &mut self.shows_shortcuts);
        self.ask_question(ui);
        self.show_ending(ui);
        let is_asked = !self.state.dialogs.questions.is_empty();
        if is_asked {
            // Nothing else may lie over the question.
            (self.palette, self.new_view) = (CommandPalette::default(), NewView::default());
        }
        let chosen = self.palette.ui(ui, &self.state);
        if messages::ui(ui, &mut self.state.messages) {
            self.state.window.act(Action::Show(PaneKind::Log));
        }
        if let Some(name) = self.new_view.ui(ui, &self.state.viewed.maps()) {
            self.layout.add_view(name);
        }
        for action in self.state.window.take_actions() {
            self.run(action, ui.ctx());
        }
        if !is_asked {
            self.run_keys(ui, chosen);
        }
        if let Some(name) = self.state.window.take_map() {
            self.layout.show_map(name);
            ui.ctx().request_repaint();
        }
    }

    /// Draws one pane and nothing else, for a picture of it.
    pub fn pane_ui(&mut self, ui: &mut Ui, kind: PaneKind) {
        self.layout.show_alone(kind);
        CentralPanel::no_frame().show(ui, |ui| self.layout.ui(ui, &mut self.state));
    }

    /// Runs what keys and the command palette ask for. A pane that is shown gets the keyboard focus.
    fn run_keys(&mut self, ui: &Ui, chosen: Option<PaletteEntry>) {
        let mut actions = Action::pressed(ui.ctx());
        if actions.contains(&Action::Palette) {
            // Letters that were typed after it in the same frame are for its field.
            actions = vec![Action::Palette];
        }
        match chosen {
            Some(PaletteEntry::Run(action)) => actions.push(action),
            Some(PaletteEntry::Open(recent)) => self.state.open_recent(recent),
            None => {}
        }
        for action in actions {
            self.run(action, ui.ctx());
            if matches!(action, Action::Show(_)) {
                self.layout.focus();
            }
        }
    }

    fn play_on(&mut self, ui: &Ui) {
        let State { viewed, session, .. } = &mut self.state;
        if viewed.playhead.is_playing {
            viewed.play_on(ui.input(|input| input.time), session);
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(20));
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
            bar::back_to_run(ui, &mut self.state);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| bar::devices(ui, &mut self.state));
        });
    }
}
