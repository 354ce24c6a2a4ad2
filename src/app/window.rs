//! The window: top bar, docked panes, messages. It takes events and pictures and gives commands, so
//! that it can be driven without a session.

use super::{
    action::Action,
    bar,
    layout::PaneLayout,
    messages::MessageLevel,
    new_view::NewView,
    open::{OpenRequest, Opener},
    palette::{CommandPalette, PaletteEntry},
    panes::PaneKind,
    question::Question,
    settings::Settings,
    shortcuts,
    state::{Devices, State},
    theme,
};
use crate::{
    config::{DataChoice, DeviceChoice},
    data::FrameSource,
    session::{Activity, CloudFusion, Event, Picture, Request, SessionState, Trajectory},
};
use egui::{
    Align, CentralPanel, Frame, Layout, Margin, Panel, RichText, Theme, ThemePreference, Ui,
    containers::menu::menu_style, gui_zoom,
};
use egui_tiles::LinearDir;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Everything on the screen.
pub struct Window {
    pub(super) state: State,
    pub(super) desk: PaneLayout,
    pub(super) opener: Opener,
    pub(super) question: Question,
    palette: CommandPalette,
    new_view: NewView,
    shows_shortcuts: bool,
    /// Width and height in points at zoom 1 while it does not fill the screen.
    size: [f32; 2],
    is_maximised: bool,
}

impl Window {
    /// A window that shows nothing yet; runs are written under `runs`.
    pub fn new(devices: Devices, runs: &Path) -> Self {
        Self {
            state: State::new(devices, runs),
            desk: PaneLayout::default(),
            opener: Opener::default(),
            question: Question::default(),
            palette: CommandPalette::default(),
            new_view: NewView::default(),
            shows_shortcuts: false,
            size: Settings::default().size,
            is_maximised: false,
        }
    }

    /// Makes the window what it was when its settings were kept. What of them is of no use is left, with a
    /// line in the log for each complaint.
    pub fn restore(&mut self, settings: Settings, complaints: Vec<String>, context: &egui::Context) {
        let Settings { theme, zoom, size, is_maximised, desk, recents } = settings;
        context.set_theme(ThemePreference::from(theme));
        context.set_zoom_factor(zoom);
        (self.size, self.is_maximised) = (size, is_maximised);
        self.state.recents = recents;
        for complaint in complaints {
            self.state.messages.log.add(MessageLevel::Warning, complaint);
        }
        let Some(kept) = desk else { return };
        let (desk, left_out) = PaneLayout::restored(&kept);
        if left_out > 0 {
            let text = format!(
                "{left_out} parts of the kept arrangement are of no use to this version and were left out; View > \
                 Reset layout puts all panes back"
            );
            self.state.messages.log.add(MessageLevel::Warning, text);
        }
        self.desk = desk.unwrap_or_default();
    }

    /// What is to be remembered.
    pub fn settings(&self, context: &egui::Context) -> Settings {
        Settings {
            theme: context.options(|options| options.theme_preference).into(),
            zoom: context.zoom_factor(),
            size: self.size,
            is_maximised: self.is_maximised,
            desk: Some(self.desk.kept()),
            recents: self.state.recents.clone(),
        }
    }

    /// Writes a line to the log.
    pub(super) fn warn(&mut self, text: String) {
        self.state.messages.log.add(MessageLevel::Warning, text);
    }

    fn notice_size(&mut self, ui: &Ui) {
        // Asked before, because both look into the same lock.
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

    /// Sets the look, once for the program.
    pub fn apply_theme(context: &egui::Context) {
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

    /// Saves files into this folder from now on, without asking where.
    pub fn save_into(&mut self, folder: PathBuf) {
        self.opener.save_into(folder);
    }

    /// Takes what the session published, with the frames of the data that is looked at.
    pub fn update(&mut self, session: Arc<SessionState>, frames: Option<Arc<dyn FrameSource>>) {
        if !Arc::ptr_eq(&session, &self.state.session) {
            self.state.update(session, frames);
        }
    }

    /// Takes note of what the session says; the state must not be older.
    pub fn receive(&mut self, event: Event) {
        self.state.receive(event);
    }

    /// Takes the path of a drive as far as it is predicted.
    pub fn receive_trajectory(&mut self, trajectory: &Trajectory) {
        self.state.receive_trajectory(trajectory);
    }

    /// Takes the neighbours of the frame that is shown.
    pub fn receive_fusion(&mut self, fusion: Arc<CloudFusion>) {
        self.state.receive_fusion(fusion);
    }

    /// Shows the newest picture.
    pub fn show(&mut self, picture: Arc<Picture>) {
        self.state.show(picture);
    }

    /// Whether steps are being made.
    pub fn is_training(&self) -> bool {
        self.state.activity() == Activity::Training
    }

    /// What the session is asked for.
    pub fn take_requests(&mut self) -> Vec<Request> {
        self.state.requests.take()
    }

    /// Draws everything and reacts to what was done.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.play_on(ui);
        self.notice_size(ui);
        self.state.messages.log.listen();
        self.take_dropped(ui);
        let bar = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(8, 6));
        let shown = Panel::top("bar").frame(bar).show(ui, |ui| self.bar(ui));
        bar::progress_line(ui, shown.response.rect, &self.state);
        CentralPanel::no_frame().show(ui, |ui| self.desk.ui(ui, &mut self.state));
        shortcuts::ui(ui, &mut self.shows_shortcuts);
        self.take_answer(ui);
        self.show_ending(ui);
        let is_asked = !self.state.asked.is_empty();
        if is_asked {
            // Nothing else may lie over the question.
            (self.palette, self.new_view) = (CommandPalette::default(), NewView::default());
        }
        let chosen = self.palette.ui(ui, &self.state);
        if self.state.messages.ui(ui) {
            self.state.wish(Action::ShowLog);
        }
        if let Some(name) = self.new_view.ui(ui, &self.state.maps()) {
            self.desk.add_view(name);
        }
        for action in self.state.take_wishes() {
            self.act(action, ui.ctx());
        }
        if !is_asked {
            self.obey_keys(ui, chosen);
        }
        if let Some(name) = self.state.take_map_to_show() {
            self.desk.show_map(name);
            ui.ctx().request_repaint();
        }
    }

    /// What keys and the command palette ask for. A pane that is asked for by key is worked in by key.
    fn obey_keys(&mut self, ui: &Ui, chosen: Option<PaletteEntry>) {
        let mut actions = Action::pressed(ui.ctx());
        if actions.contains(&Action::Palette) {
            // Letters that were typed after it in the same frame are for its field.
            actions = vec![Action::Palette];
        }
        match chosen {
            Some(PaletteEntry::Act(action)) => actions.push(action),
            Some(PaletteEntry::Open(recent)) => self.state.open_again(recent),
            None => {}
        }
        for action in actions {
            self.act(action, ui.ctx());
            if action.pane().is_some() {
                self.desk.focus();
            }
        }
    }

    fn play_on(&mut self, ui: &Ui) {
        if self.state.playhead.is_playing {
            self.state.play_on(ui.input(|input| input.time));
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

    fn act(&mut self, action: Action, context: &egui::Context) {
        let state = &mut self.state;
        match action {
            Action::OpenBuiltInDrive => state.open_data(DataChoice::Demo, None),
            Action::OpenData => self.opener.ask(OpenRequest::Data, context),
            Action::OpenSplit => self.opener.ask(OpenRequest::Split, context),
            Action::DropSplit => state.open_split(None),
            Action::OpenWeights => self.opener.ask(OpenRequest::Weights, context),
            Action::UnloadWeights => state.unload_weights(),
            Action::OpenRun => self.opener.ask(OpenRequest::Run, context),
            Action::LookAtRun => state.look_at_run(),
            Action::Train => state.train(),
            Action::Pause => state.pause(),
            Action::Step => state.step(),
            Action::Stop => state.stop(),
            Action::ComputeOnGraphics => state.compute_on(DeviceChoice::Gpu),
            Action::ComputeOnProcessor => state.compute_on(DeviceChoice::Cpu),
            Action::Play => state.playhead.is_playing = !state.playhead.is_playing,
            Action::Previous => state.scrub(state.playhead.frame.saturating_sub(1)),
            Action::Next => state.scrub(state.playhead.frame + 1),
            Action::First => state.scrub(state.playhead.frames().start),
            Action::Last => state.scrub(state.playhead.last()),
            Action::Follow => state.follow_training(!state.follows_training),
            Action::Squares => state.squares = !state.squares,
            Action::PinFrame => {
                state.pin_frame();
                self.desk.bring_to_front(PaneKind::Wall);
            }
            Action::AddView => self.new_view.toggle(),
            Action::ShowInspector
            | Action::ShowTraining
            | Action::ShowCurves
            | Action::ShowSequence
            | Action::ShowTimeline
            | Action::ShowCloud
            | Action::ShowHealth
            | Action::ShowTrajectory
            | Action::ShowEvaluation
            | Action::ShowLog
            | Action::ShowSandbox
            | Action::ShowWall => action.pane().into_iter().for_each(|kind| self.desk.bring_to_front(kind)),
            Action::NextPane => self.desk.go_on(true),
            Action::PreviousPane => self.desk.go_on(false),
            Action::MaximisePane => self.desk.maximise_current(),
            Action::SplitRight => self.desk.split(LinearDir::Horizontal),
            Action::SplitBelow => self.desk.split(LinearDir::Vertical),
            Action::ClosePane => self.desk.close_current(),
            Action::Larger => gui_zoom::zoom_in(context),
            Action::Smaller => gui_zoom::zoom_out(context),
            Action::UsualSize => context.set_zoom_factor(1.0),
            Action::SwitchTheme => context.set_theme(match context.theme() {
                Theme::Dark => ThemePreference::Light,
                Theme::Light => ThemePreference::Dark,
            }),
            Action::ForgetRecents => self.forget_recents(),
            Action::ZoomIn => state.framing.come_closer(state.inspection.place()),
            Action::ZoomOut => state.framing.step_back(state.inspection.place()),
            Action::ZoomWhole => state.framing.reset(),
            Action::Unpin => state.let_go(),
            Action::PixelLeft => state.nudge(-1, 0),
            Action::PixelRight => state.nudge(1, 0),
            Action::PixelUp => state.nudge(0, -1),
            Action::PixelDown => state.nudge(0, 1),
            Action::ResetLayout => self.desk = PaneLayout::default(),
            Action::Messages => state.messages.history_is_open = !state.messages.history_is_open,
            Action::Palette => {
                self.palette.toggle(context);
                self.look_for_recents(context);
            }
            Action::Quit => context.send_viewport_cmd(egui::ViewportCommand::Close),
            Action::Shortcuts => self.shows_shortcuts = !self.shows_shortcuts,
        }
        context.request_repaint();
    }
}
