//! The top bar: menus, the four buttons of a run, its progress, and the devices that draw and train.

use super::{
    actions::Action,
    icon::{Icon, IconButton},
    keys,
    state::{RunHistory, SessionView, State, run_name},
    theme::{self, Palette},
};
use crate::{runs::StepReport, session::Activity};
use egui::{Align, Button, Label, Layout, Rect, RichText, Ui, Vec2, containers::menu::MenuButton};
use std::time::Duration;

/// Width for the names of the devices that draw and train, points.
const DEVICES: f32 = 200.0;
/// Tooltip of the speed.
pub const SPEED_HELP: &str = "Averaged over the last steps; not known before the first step";
/// Tooltip of the time left.
pub const TIME_LEFT_HELP: &str = "At this speed; not known before the first step";

/// Width of the button back to the run, points.
const BACK: f32 = 128.0;

/// Draws the four buttons of a run.
pub fn run_buttons(ui: &mut Ui, state: &mut State) {
    let palette = Palette::of(ui);
    let is_paused = state.session.activity() == Activity::Paused;
    let buttons = [
        (Action::Train, Icon::Play, if is_paused { "Continue" } else { "Train" }),
        (Action::Pause, Icon::Pause, "Pause"),
        (Action::Step, Icon::Step, "Step"),
        (Action::Stop, Icon::Stop, "Stop"),
    ];
    for (action, icon, text) in buttons {
        let obstacle = action.obstacle(state);
        let is_main = action == Action::Train;
        let width = if is_main { 96.0 } else { 80.0 };
        let colours = is_main.then_some((palette.accent, palette.on_accent));
        let button = IconButton { icon, text, size: Vec2::new(width, theme::BUTTON), colours };
        let response = button.ui(ui, obstacle.is_none()).on_hover_text(tooltip(ui, action));
        let response = response.on_disabled_hover_text(obstacle.unwrap_or_default());
        if response.clicked() {
            state.window.act(action);
        }
    }
}

/// Tooltip of an action: its help and its key.
pub fn tooltip(ui: &Ui, action: Action) -> String {
    let spec = action.spec();
    match keys::name(ui.ctx(), spec.key) {
        key if key.is_empty() => spec.help.to_owned(),
        key => format!("{} ({key})", spec.help),
    }
}

/// Menu entry for an action.
pub fn entry(ui: &mut Ui, state: &mut State, action: Action) {
    let spec = action.spec();
    let (button, key) = (Button::new(spec.label), keys::name(ui.ctx(), spec.key));
    // A screen reader would read an empty text aloud as a part of the name.
    let button = if key.is_empty() { button } else { button.shortcut_text(key) };
    let obstacle = action.obstacle(state);
    let entry = ui.add_enabled(obstacle.is_none(), button).on_hover_text(spec.help);
    if entry.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
        state.window.act(action);
        ui.close();
    }
}

/// Draws step, speed and time left, each in a fixed place.
pub fn progress_numbers(ui: &mut Ui, state: &State) {
    // In a narrow window the devices and the button back to the run come first; the Training pane has all numbers.
    let back = if state.session.looks_elsewhere() { BACK } else { 0.0 };
    let room = ui.available_width() - DEVICES - back;
    if back > 0.0 && room < 160.0 {
        return;
    }
    let Some(step) = state.run.last_step() else {
        slot(ui, state_label(&state.session, &state.run), 160.0);
        return;
    };
    slot(ui, format!("step {} / {}", step.step, step.total_steps), 120.0);
    if !state.session.is_training() {
        if room >= 192.0 {
            slot(ui, state_label(&state.session, &state.run), 72.0);
        }
        return;
    }
    let [speed, time_left] = rates(&state.run);
    if room >= 288.0 {
        slot(ui, format!("{speed} images/s"), 88.0).on_hover_text(SPEED_HELP);
    }
    if room >= 200.0 {
        slot(ui, format!("{time_left} left"), 80.0).on_hover_text(TIME_LEFT_HELP);
    }
}

/// Images per second and time left, as text. Both are unknown before the first step made here, also for a continued
/// run.
pub fn rates(run: &RunHistory) -> [String; 2] {
    let known = |text: fn(&StepReport) -> String| run.steps_here().last().map_or("–".to_owned(), text);
    let speed = known(|step| format!("{:.1}", step.images_per_second));
    [speed, known(|step| duration(step.time_left()))]
}

/// Draws the button back to the run, while other data or networks are shown.
pub fn back_to_run(ui: &mut Ui, state: &mut State) {
    if !state.session.looks_elsewhere() {
        return;
    }
    let name = state.session.active_run().map(|run| run_name(&run.out)).unwrap_or_default();
    let button = Button::new(format!("Back to {name}")).min_size(Vec2::new(0.0, theme::BUTTON));
    let help = "Other data or networks are shown while the run trains; click to show the run again";
    if ui.add(button).on_hover_text(help).clicked() {
        state.window.act(Action::LookAtRun);
    }
}

/// Draws text in a space of fixed width, so that what follows does not move when numbers change.
pub fn slot(ui: &mut Ui, text: impl Into<String>, width: f32) -> egui::Response {
    let layout = Layout::left_to_right(Align::Center);
    let size = Vec2::new(width, ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_width(width);
        ui.add(Label::new(text.into()).truncate())
    })
    .inner
}

/// Draws the names of the devices that draw and train; a click opens the choice of device.
pub fn devices(ui: &mut Ui, state: &mut State) {
    let SessionView { devices, .. } = &state.session;
    let summary = devices.summary(state.session.device());
    let text = RichText::new(summary).color(ui.visuals().weak_text_color());
    let button = MenuButton::from_button(Button::new(text).frame_when_inactive(false).truncate());
    let help = format!("{}. Click to compute elsewhere", devices.explanation(state.session.device()));
    button.ui(ui, |ui| device_choices(ui, state)).0.on_hover_text(help);
}

/// Draws the menu entries that choose where to train and predict.
pub fn device_choices(ui: &mut Ui, state: &mut State) {
    for (action, help) in state.session.devices.choices() {
        let is_chosen = action.obstacle(state).is_some();
        let response = ui.radio(is_chosen, action.label()).on_hover_text(help);
        if response.clicked() && !is_chosen {
            state.window.act(action);
            ui.close();
        }
    }
}

/// Draws a thin line along the lower edge of the bar that fills with the run.
pub fn progress_line(ui: &Ui, bar: Rect, state: &State) {
    let Some(step) = state.run.last_step().filter(|_| state.session.has_run()) else { return };
    let share = step.step as f32 / step.total_steps.max(1) as f32;
    let line =
        Rect::from_min_size(bar.left_bottom() - Vec2::new(0.0, 2.0), Vec2::new(bar.width() * share, 2.0));
    ui.painter().rect_filled(line, 0.0, Palette::of(ui).accent);
}

/// Activity of the session, in a word or two.
pub fn state_label(session: &SessionView, run: &RunHistory) -> &'static str {
    match session.activity() {
        Activity::Idle if run.steps.is_empty() => "no run",
        Activity::Idle => "run ended",
        Activity::Preparing => "preparing the first step",
        // The first step on a GPU compiles the kernels.
        Activity::Training if run.steps_here().is_empty() => "preparing the first step",
        Activity::Training => "training",
        Activity::Paused => "paused",
    }
}

/// `03:10` or `2:03:10`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}
