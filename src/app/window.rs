//! The window: top bar, docked panes, messages. Events and pictures go in, requests come out, so that it can be
//! driven without a session.

use super::{
    actions::Action,
    bar, browser,
    layout::PaneLayout,
    manual::Manual,
    messages,
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
    logging::WindowLog,
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

/// Width in points below which the bar has a second line for the buttons of a run, so that none is cut off.
const TWO_LINES_BELOW: f32 = 880.0;

/// Everything on the screen.
pub struct Window {
    pub(super) state: State,
    pub(super) layout: PaneLayout,
    pub(super) opener: Opener,
    pub(super) question: QuestionDialog,
    pub(super) palette: CommandPalette,
    pub(super) new_view: NewView,
    pub(super) shows_shortcuts: bool,
    /// Events of the program, for the log pane.
    log: WindowLog,
    pub(super) manual: Manual,
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
            log: WindowLog::default(),
            manual: Manual::default(),
            size: Settings::default().size,
            is_maximised: false,
        }
    }

    /// Restores the saved settings. Invalid ones were left out; each complaint becomes a line of the log.
    pub fn restore(&mut self, settings: Settings, complaints: Vec<String>, context: &egui::Context) {
        let Settings { theme, zoom, size, is_maximised, layout, recents } = settings;
        context.set_theme(ThemePreference::from(theme));
        context.set_zoom_factor(zoom);
        (self.size, self.is_maximised) = (size, is_maximised);
        self.state.recents = recents;
        for complaint in complaints {
            self.state.messages.log.add(MessageLevel::Warning, complaint);
        }
        let Some(saved) = layout else { return };
        let (layout, left_out) = PaneLayout::restored(&saved);
        if left_out > 0 {
            let text = format!(
                "{left_out} parts of the saved layout cannot be used by this version and were left out; View > \
                 Reset layout puts all panes back"
            );
            self.state.messages.log.add(MessageLevel::Warning, text);
        }
        self.layout = layout.unwrap_or_default();
    }

    /// Settings to save for the next start.
    pub fn settings(&self, context: &egui::Context) -> Settings {
        Settings {
            theme: context.options(|options| options.theme_preference).into(),
            zoom: context.zoom_factor(),
            size: self.size,
            is_maximised: self.is_maximised,
            layout: Some(self.layout.saved()),
            recents: self.state.recents.clone(),
        }
    }

    /// Shows the events that come to this log in the log pane.
    pub fn show_log(&mut self, log: WindowLog) {
        self.log = log;
    }

    fn take_records(&mut self) {
        self.log.take().into_iter().for_each(|record| self.state.messages.log.add_record(record));
    }

    /// Writes a line to the log.
    pub(super) fn warn(&mut self, text: String) {
        self.state.messages.log.add(MessageLevel::Warning, text);
    }

    /// Opens an address in the browser, or says why it cannot.
    pub(super) fn open_address(&mut self, address: &str) {
        if let Err(error) = browser::open(address) {
            let text = format!("No browser can be opened: {error}");
            self.state.messages.add(MessageLevel::Warning, text, format!("Open {address} yourself"));
        }
    }

    fn notice_size(&mut self, ui: &Ui) {
        // Read before the input is locked, because both use the same lock.
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

    /// Opens the data and weights given on the command line.
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

    /// Takes the state published by the session, with the frames of the viewed data.
    pub fn update(&mut self, session: Arc<SessionState>, frames: Option<Arc<dyn FrameSource>>) {
        // Before what the session says about them, so that lines are in the order of their times.
        self.take_records();
        if !Arc::ptr_eq(&session, &self.state.session.published) {
            self.state.update(session, frames);
        }
    }

    /// Handles an event of the session; the state must not be older.
    pub fn receive(&mut self, event: Event) {
        self.state.receive(event);
    }

    /// Takes the trajectory predicted so far.
    pub fn receive_trajectory(&mut self, trajectory: &Trajectory) {
        self.state.trajectory.receive(trajectory.clone());
    }

    /// Takes the neighbours of the viewed frame.
    pub fn receive_fusion(&mut self, fusion: Arc<CloudFusion>) {
        self.state.viewed.fusion.receive(fusion);
    }

    /// Shows the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.state.viewed.show(picture);
    }

    /// True while training is running.
    pub fn is_training(&self) -> bool {
        self.state.session.activity() == Activity::Training
    }

    /// Takes the requests to the session since the last call.
    pub fn take_requests(&mut self) -> Vec<Request> {
        self.state.session.requests.take()
    }

    /// Draws everything and handles input.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.play_on(ui);
        self.notice_size(ui);
        self.take_records();
        self.take_dropped(ui);
        let bar = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 6));
        let shown = Panel::top("bar").frame(bar).show(ui, |ui| self.bar(ui));
        bar::progress_line(ui, shown.response.rect, &self.state);
        CentralPanel::no_frame().show(ui, |ui| self.layout.ui(ui, &mut self.state));
        shortcuts::ui(ui, &mut self.shows_shortcuts);
        self.manual.ui(ui);
        self.ask_question(ui);
        self.show_ending(ui);
        let is_asked = !self.state.dialogs.questions.is_empty();
        if is_asked {
            // Nothing else may cover the question.
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

    /// Runs the actions of keys and of the command palette. A pane that is shown gets the keyboard focus.
    fn run_keys(&mut self, ui: &Ui, chosen: Option<PaletteEntry>) {
        let mut actions = Action::pressed(ui.ctx());
        if actions.contains(&Action::Palette) {
            // Letters typed after it in the same frame belong to its field.
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
        if ui.available_width() < TWO_LINES_BELOW {
            ui.horizontal(|ui| {
                self.bar_menus(ui);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| bar::devices(ui, &mut self.state));
            });
            ui.horizontal(|ui| {
                self.bar_run(ui);
            });
            return;
        }
        ui.horizontal(|ui| {
            self.bar_menus(ui);
            ui.add_space(2.0 * theme::UNIT);
            self.bar_run(ui);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| bar::devices(ui, &mut self.state));
        });
    }

    fn bar_menus(&mut self, ui: &mut Ui) {
        ui.set_min_height(theme::BUTTON);
        let name = RichText::new("Monoscope").color(ui.visuals().strong_text_color()).size(15.0);
        ui.label(name);
        ui.add_space(theme::HALF);
        ui.scope(|ui| {
            menu_style(ui.style_mut());
            self.menus(ui);
        });
    }

    fn bar_run(&mut self, ui: &mut Ui) {
        bar::run_buttons(ui, &mut self.state);
        ui.add_space(theme::UNIT);
        bar::progress_numbers(ui, &self.state);
        bar::back_to_run(ui, &mut self.state);
    }
}
