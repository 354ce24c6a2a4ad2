//! Messages on the screen: toasts until they are dismissed, and the history of all.

use super::{
    shortcuts::close_by_escape,
    state::{Message, MessageLevel, Messages},
    theme::{self, Palette},
};
use egui::{Align, Align2, Area, Color32, Frame, Id, Label, Layout, Margin, RichText, Ui, Vec2};

/// Time after which a notice closes by itself, seconds.
const NOTICE_SECONDS: f64 = 8.0;
/// Maximum number of toasts, so that they do not cover the pictures; the history has the rest.
const MAX_SHOWN: usize = 3;
const WIDTH: f32 = 376.0;

/// Colour of a message's icon.
pub fn level_colour(level: MessageLevel, palette: &Palette) -> Color32 {
    match level {
        MessageLevel::Detail | MessageLevel::Notice => palette.accent,
        MessageLevel::Warning => palette.warning,
        MessageLevel::Failure => palette.failure,
    }
}

/// Draws the open messages over the lower right corner, and the history if it is open. Returns true if the log was
/// requested.
pub fn ui(ui: &Ui, messages: &mut Messages) -> bool {
    close_old_notices(ui, messages);
    let palette = Palette::of(ui);
    let all = &mut messages.all;
    let open: Vec<usize> = (0..all.len()).rev().filter(|index| all[*index].is_open).take(MAX_SHOWN).collect();
    if !open.is_empty() {
        Area::new(Id::unique("messages"))
            .anchor(Align2::RIGHT_BOTTOM, Vec2::splat(-theme::UNIT * 2.0))
            .order(egui::Order::Foreground)
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = theme::UNIT;
                for index in open.into_iter().rev() {
                    if card(ui, &palette, &all[index]) {
                        all[index].is_open = false;
                    }
                }
            });
    }
    history_ui(ui, messages, &palette)
}

fn close_old_notices(ui: &Ui, messages: &mut Messages) {
    let now = ui.input(|input| input.time);
    for message in messages.all.iter_mut().filter(|message| message.is_open) {
        let age = now - *message.shown_at.get_or_insert(now);
        if message.level != MessageLevel::Notice {
            continue;
        }
        if age >= NOTICE_SECONDS {
            message.is_open = false;
        } else {
            ui.ctx().request_repaint_after_secs((NOTICE_SECONDS - age) as f32 + 0.05);
        }
    }
}

fn history_ui(ui: &Ui, messages: &mut Messages, palette: &Palette) -> bool {
    let mut is_open = messages.history_is_open;
    close_by_escape(ui, &mut is_open);
    let mut shows_log = false;
    egui::Window::new("Messages").open(&mut is_open).default_width(480.0).show(ui, |ui| {
        if messages.all.is_empty() {
            ui.label("Nothing was reported yet.");
        }
        egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for message in messages.all.iter().rev() {
                text(ui, palette, message);
                ui.add_space(theme::UNIT);
            }
        });
        ui.separator();
        shows_log = ui.button("Show the log").on_hover_text("Every line, with its time").clicked();
    });
    messages.history_is_open = is_open && !shows_log;
    shows_log
}

/// Draws a message on a card; returns true if it was dismissed.
fn card(ui: &mut Ui, palette: &Palette, message: &Message) -> bool {
    let colour = level_colour(message.level, palette);
    let frame = Frame::popup(ui.style()).inner_margin(Margin { left: 16, right: 12, top: 10, bottom: 10 });
    let shown = frame.show(ui, |ui| {
        ui.set_width(WIDTH);
        text(ui, palette, message);
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| ui.button("Dismiss").clicked()).inner
    });
    let edge = shown.response.rect.with_max_x(shown.response.rect.left() + 4.0);
    ui.painter().rect_filled(edge, 2.0, colour);
    shown.inner
}

fn text(ui: &mut Ui, palette: &Palette, message: &Message) {
    let title = message.title;
    let title = if message.times > 1 { format!("{title} ({}×)", message.times) } else { title.to_owned() };
    ui.label(RichText::new(title).color(level_colour(message.level, palette)).small());
    ui.add(Label::new(RichText::new(&message.text).color(ui.visuals().strong_text_color())).wrap());
    if !message.advice.is_empty() {
        ui.add(Label::new(&message.advice).wrap());
    }
}
