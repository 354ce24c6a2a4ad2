//! Timeline pane: the frames of the drive, with thumbnails, scrubbing, stepping and playing.

mod strip;

pub use strip::frames_along;

use super::Pane;
use crate::{
    app::{
        actions::Action,
        bar,
        icon::{Icon, IconButton},
        state::{FrameUse, Playhead, SessionView, State, ViewedFrame, WindowRequests},
        theme,
        theme::Palette,
    },
    data::FrameKey,
    session::{PictureSource, Provenance},
};
use egui::{Align, Align2, Color32, FontId, Label, Layout, Pos2, Rect, Sense, Stroke, Ui, Vec2};
use serde::{Deserialize, Serialize};
use strip::{FilmStrip, HoveredFrame};

const BAR: f32 = 14.0;
/// Height of the thumbnails, if there is enough room, points.
const LOWEST_PICTURES: f32 = 24.0;
const HIGHEST_PICTURES: f32 = 72.0;
/// Height of the numbers below the bar, points.
const NUMBERS: f32 = 18.0;
/// Height of the bar, the numbers and the space around them.
const BELOW_PICTURES: f32 = BAR + NUMBERS + 16.0;
/// Width of the key of colours, which is the first to be left out if there is little room, points.
const KEY: f32 = 200.0;
/// Width of the frame's number in words, points.
const FRAME: f32 = 104.0;
/// Width of the choice of the camera, which is left out next, points.
const CAMERAS: f32 = 84.0;
/// Width of the switch at the right of the header, points.
const FOLLOW: f32 = 120.0;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelinePane {
    #[serde(skip)]
    strip: FilmStrip,
}

fn control(ui: &mut Ui, is_enabled: bool, window: &mut WindowRequests, icon: Icon, action: Action) {
    let button = IconButton { icon, text: "", size: Vec2::new(28.0, 20.0), colours: None };
    let response = button.ui(ui, is_enabled).on_hover_text(bar::tooltip(ui, action));
    let clicked = response.clicked();
    response.accessible_name(action.label());
    if clicked {
        window.act(action);
    }
}

/// Draws the key of the colours.
fn key_of_colours(ui: &mut Ui) {
    let palette = Palette::of(ui);
    let uses =
        [(palette.training, "trains"), (palette.validation, "validates"), (palette.unused, "in no list")];
    for (colour, name) in uses {
        ui.add_space(theme::UNIT);
        let (patch, _) = ui.allocate_exact_size(Vec2::splat(theme::UNIT), Sense::hover());
        ui.painter().rect_filled(patch, 1.0, colour);
        ui.label(egui::RichText::new(name).small().color(ui.visuals().weak_text_color()));
    }
}

/// Draws the choice of camera, if the rig has several.
fn cameras(ui: &mut Ui, viewed: &mut ViewedFrame, session: &mut SessionView) {
    let sides = viewed.playhead.sides().to_vec();
    if sides.len() < 2 {
        return;
    }
    ui.add_space(theme::HALF);
    for side in sides {
        let is_chosen = viewed.playhead.side() == Some(side);
        let choice = ui.selectable_label(is_chosen, side.name()).on_hover_text("Camera of the stereo rig");
        if choice.clicked() && !is_chosen {
            viewed.choose_side(side, session);
        }
    }
}

/// Description of the picture on the screen; empty if it is simply the frame of the playhead.
fn shown(ViewedFrame { picture, playhead, .. }: &ViewedFrame) -> String {
    let Some(picture) = picture else { return String::new() };
    let is_playhead = Some(&picture.key) == playhead.key().as_ref();
    let mut frame = format!("on screen: frame {} {}", picture.key.frame, picture.key.side.name());
    if picture.key.folder != playhead.folder() {
        frame = format!("{frame} of {}", picture.key.folder);
    }
    match (picture.origin, &picture.weights) {
        (PictureSource::Training, Some(Provenance::Run { step, .. })) => {
            format!("{frame}, batch of step {}, weights of step {step}", picture.step)
        }
        _ if is_playhead => String::new(),
        _ => frame,
    }
}

/// Number and use of the frame at this index of the drive.
fn described(playhead: &Playhead, index: u32) -> String {
    let usage = match playhead.uses().get(index as usize) {
        Some(FrameUse::Training) => "trains",
        Some(FrameUse::Validation) => "validates",
        Some(FrameUse::Dropped) => "was dropped (see Sequence)",
        _ => "in no list",
    };
    format!("frame {}: {usage}", playhead.number_of(index))
}

/// Rectangles of the pictures, if there is room for them, and of the bar below them.
fn layout(space: Rect) -> (Option<Rect>, Rect) {
    let bar = |top| Rect::from_min_size(Pos2::new(space.left(), top), Vec2::new(space.width(), BAR));
    let height = (space.height() - BELOW_PICTURES).min(HIGHEST_PICTURES);
    if height < LOWEST_PICTURES {
        return (None, bar(space.top() + 12.0));
    }
    let top = space.top() + theme::HALF;
    let pictures = Rect::from_min_size(Pos2::new(space.left(), top), Vec2::new(space.width(), height));
    (Some(pictures), bar(pictures.bottom() + theme::UNIT))
}

/// Draws the bar with its numbers, the frame on the screen and the knob.
fn draw_bar(ui: &Ui, bar: Rect, viewed: &ViewedFrame, step: f32) {
    let ViewedFrame { picture, playhead, .. } = viewed;
    let palette = Palette::of(ui);
    let frames = playhead.frames();
    let start = |frame: u32| bar.left() + playhead.index_of(frame) as f32 * step;
    draw_uses(ui, bar, playhead.uses(), &palette);
    draw_numbers(ui, bar, playhead, step);
    let shown = picture.as_ref().map(|picture| &picture.key);
    if let Some(key) = shown.filter(|key| key.folder == playhead.folder() && frames.contains(&key.frame)) {
        let middle = start(key.frame) + step / 2.0;
        ui.painter().vline(middle, bar.y_range(), Stroke::new(2.0, Color32::WHITE));
    }
    let knob = Rect::from_min_max(
        Pos2::new(start(playhead.frame), bar.top() - 4.0),
        Pos2::new(start(playhead.frame) + step.max(3.0), bar.bottom() + 4.0),
    );
    ui.painter().rect_filled(knob, 2.0, palette.accent);
}

/// Draws the use of each frame as a band of colours.
fn draw_uses(ui: &Ui, bar: Rect, uses: &[FrameUse], palette: &Palette) {
    let step = bar.width() / uses.len().max(1) as f32;
    let mut first = 0;
    for index in 1..=uses.len() {
        if index < uses.len() && uses[index] == uses[first] {
            continue;
        }
        let colour = match uses[first] {
            FrameUse::None => palette.unused,
            FrameUse::Training => palette.training,
            FrameUse::Validation => palette.validation,
            FrameUse::Dropped => palette.warning.gamma_multiply(0.5),
        };
        let x = bar.left() + first as f32 * step..=bar.left() + index as f32 * step;
        ui.painter().rect_filled(Rect::from_x_y_ranges(x, bar.y_range()), 0.0, colour);
        first = index;
    }
}

/// Draws round frame numbers.
fn draw_numbers(ui: &Ui, bar: Rect, playhead: &Playhead, step: f32) {
    let spacing = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]
        .into_iter()
        .find(|spacing| *spacing as f32 * step >= 48.0)
        .unwrap_or(20_000);
    let colour = ui.visuals().weak_text_color();
    let numbers = (0..playhead.count()).map(|index| (index, playhead.number_of(index)));
    for (index, frame) in numbers.filter(|(_, frame)| frame % spacing == 0) {
        let x = bar.left() + (index as f32 + 0.5) * step;
        let at = Pos2::new(x, bar.bottom() + 5.0);
        ui.painter().text(at, Align2::CENTER_TOP, frame.to_string(), FontId::proportional(11.0), colour);
    }
}

impl Pane for TimelinePane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let State { session, viewed, window, .. } = state;
        ui.spacing_mut().item_spacing.x = theme::HALF;
        let play = if viewed.playhead.is_playing { Icon::Pause } else { Icon::Play };
        let icons = [
            (Icon::First, Action::First),
            (Icon::Previous, Action::Previous),
            (play, Action::Play),
            (Icon::Next, Action::Next),
            (Icon::Last, Action::Last),
        ];
        let has_frame = viewed.playhead.key().is_some();
        for (icon, action) in icons {
            control(ui, has_frame, window, icon, action);
        }
        ui.add_space(theme::UNIT);
        if has_frame {
            let (frame, last) = (viewed.playhead.frame, viewed.playhead.last());
            let (text, width) = if ui.available_width() >= FRAME + FOLLOW {
                (format!("frame {frame} of {last}"), FRAME)
            } else {
                (format!("{frame} / {last}"), FRAME / 2.0)
            };
            bar::slot(ui, text, width).on_hover_text(viewed.playhead.folder());
            if ui.available_width() >= CAMERAS + FOLLOW {
                cameras(ui, viewed, session);
            }
            if ui.available_width() >= KEY + FOLLOW {
                key_of_colours(ui);
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut follows = viewed.follows_training;
            let follow = ui.checkbox(&mut follows, Action::Follow.label());
            if follow.on_hover_text(Action::Follow.help()).changed() {
                window.act(Action::Follow);
            }
            ui.add_space(theme::UNIT);
            let text = shown(viewed);
            ui.add(Label::new(egui::RichText::new(text).color(ui.visuals().weak_text_color())).truncate());
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        self.frames(ui, &mut state.viewed, &mut state.session);
    }
}

impl TimelinePane {
    /// Draws the film strip and the bar, and scrubs where they are pressed.
    fn frames(&mut self, ui: &mut Ui, viewed: &mut ViewedFrame, session: &mut SessionView) {
        let space = ui.available_rect_before_wrap().shrink2(Vec2::new(2.0 * theme::UNIT, 0.0));
        let frames = viewed.playhead.frames();
        let response = ui.interact(space, ui.scope_id().with("frames"), Sense::click_and_drag());
        let (frame, enabled) = (f64::from(viewed.playhead.frame), !frames.is_empty());
        response.widget_info(|| egui::WidgetInfo::slider(enabled, frame, "Frame"));
        let source = session.frames.clone().filter(|_| enabled);
        let Some(source) = source else {
            let hint =
                "No data is open: choose it in the Sequence pane, and the frames of the drive appear here";
            super::empty(ui, space, session.requests.opening().as_deref().unwrap_or(hint));
            return;
        };
        let (pictures, bar) = layout(space);
        let count = viewed.playhead.count();
        let step = bar.width() / count as f32;
        let index_at = |x: f32| ((x - bar.left()) / step).clamp(0.0, (count - 1) as f32) as u32;
        let pressed = response.interact_pointer_pos();
        let pointed = response.hover_pos().filter(|_| pressed.is_none()).and_then(|at| {
            let (index, key) = (index_at(at.x), viewed.playhead.key()?);
            let key = FrameKey { frame: viewed.playhead.number_of(index), ..key };
            // The header remains visible.
            let whole = space.top() - theme::HEADER..=bar.bottom() + NUMBERS;
            let avoided = Rect::from_x_y_ranges(at.x..=at.x, whole);
            Some(HoveredFrame { key, text: described(&viewed.playhead, index), response: &response, avoided })
        });
        self.strip.ui(ui, &source, &viewed.playhead, pictures, pointed);
        draw_bar(ui, bar, viewed, step);
        if let Some(at) = pressed {
            let frame = viewed.playhead.number_of(index_at(at.x));
            if frame != viewed.playhead.frame {
                viewed.playhead.is_playing = false;
                viewed.scrub(frame, session);
            }
        }
    }
}
