//! First steps for a newcomer, instead of the cloud or over it.

use crate::app::{
    actions::Action,
    state::WindowRequests,
    theme::{self, overlay},
};
use egui::{Align, Frame, Layout, Margin, Rect, RichText, Ui, UiBuilder, Vec2};

/// Height of a line of [`first_steps`], points.
const LINE: f32 = 24.0;

/// Draws the next steps over the cloud of the demo weights, in one line, or in more if there is no room. Returns the
/// lower end.
pub(super) fn first_steps(ui: &mut Ui, rect: Rect, can_train: bool, window: &mut WindowRequests) -> f32 {
    let mut ui = ui.new_child(UiBuilder::new().max_rect(rect.shrink(theme::UNIT)));
    let plate = Frame::new().fill(overlay::PLATE).corner_radius(3.0).inner_margin(Margin::symmetric(8, 4));
    let words = |ui: &mut Ui| {
        ui.spacing_mut().interact_size.y = LINE;
        let text = RichText::new("Depth by the demo weights.").color(overlay::WELCOME);
        ui.label(text)
            .on_hover_text("A small network that this program trained on streets of the built-in drive");
        let train = ui.add_enabled(can_train, egui::Button::new("Train from scratch here"));
        if train.on_hover_text(Action::Train.help()).clicked() {
            window.act(Action::Train);
        }
        if ui.button("Open KITTI…").on_hover_text(Action::OpenData.help()).clicked() {
            window.act(Action::OpenData);
        }
    };
    plate.show(&mut ui, |ui| ui.horizontal_wrapped(words)).response.rect.bottom()
}

/// Draws what to do when there are no networks, as two buttons.
pub(super) fn call_to_action(ui: &mut Ui, rect: Rect, can_train: bool, window: &mut WindowRequests) {
    let size = Vec2::new(rect.width().min(480.0), 96.0);
    let middle = Rect::from_center_size(rect.center(), size);
    let mut ui = ui.new_child(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)));
    ui.heading("No networks yet");
    ui.label("Train from scratch on this drive and watch depth form here, or load weights.");
    ui.add_space(theme::UNIT);
    let mut row = ui.new_child(
        UiBuilder::new()
            .max_rect(Rect::from_center_size(
                ui.cursor().center_top() + Vec2::new(0.0, 14.0),
                Vec2::new(288.0, 28.0),
            ))
            .layout(Layout::left_to_right(Align::Center)),
    );
    let size = Vec2::new(140.0, theme::BUTTON);
    let train = row.add_enabled(can_train, egui::Button::new("Train from scratch").min_size(size));
    if train.on_hover_text(Action::Train.help()).clicked() {
        window.act(Action::Train);
    }
    let load = row.add(egui::Button::new("Load weights…").min_size(size));
    if load.on_hover_text(Action::OpenWeights.help()).clicked() {
        window.act(Action::OpenWeights);
    }
}
