//! The point cloud of the viewed frame, seen by a camera that orbits or flies.

mod colouring;
mod controls;
mod export;
mod marks;
mod welcome;

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{
        legend::{self, ColourBar},
        state::{State, ViewedFrame},
        theme::Palette,
        typing,
    },
    config::FrameId,
    objective::MapName,
    session::Activity,
    view::{CloudLayer, CloudStyle, CloudView, Orbit},
};
use colouring::ColourBy;
use egui::{Align, Align2, EventFilter, Key, Layout, Modifiers, Rect, Response, Sense, Ui};
use marks::CameraMarks;
use serde::{Deserialize, Serialize};
use std::{mem::take, ops::RangeInclusive};

/// Maximum number of points that a software driver draws while the view moves: all those of a frame of the default
/// size.
const SOFTWARE_POINTS: usize = 130_000;
/// Time without movement after which a software driver draws all points again, seconds.
const REST: f64 = 0.2;
/// Width from which the hint fits next to a legend, points.
const ROOM_FOR_BOTH: f32 = 720.0;

/// Ranges of the sliders, to which saved values are clamped.
const WIDTHS: RangeInclusive<f32> = 0.5..=4.0;
const FARTHEST: RangeInclusive<f32> = 1.0..=100.0;
const FLATTEST: RangeInclusive<f32> = 0.0..=10.0;

#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct CloudPane {
    #[serde(skip)]
    view: CloudView,
    #[serde(skip)]
    orbit: Orbit,
    #[serde(skip)]
    is_flying: bool,
    /// True to take the keyboard focus in the next frame.
    #[serde(skip)]
    takes_keys: bool,
    /// Window time of the last movement of the view, seconds.
    #[serde(skip)]
    moved: f64,
    colour_by: ColourBy,
    point_width: f32,
    farthest: f32,
    flattest: f32,
    shows_camera: bool,
    shows_truth: bool,
}

impl Default for CloudPane {
    fn default() -> Self {
        Self {
            view: CloudView::default(),
            orbit: Orbit::default(),
            is_flying: false,
            takes_keys: false,
            moved: f64::NEG_INFINITY,
            colour_by: ColourBy::Frame,
            point_width: 1.6,
            farthest: 8.0,
            flattest: 2.0,
            shows_camera: true,
            shows_truth: false,
        }
    }
}

impl CloudPane {
    fn draw(&mut self, ui: &mut Ui, rect: Rect, viewed: &ViewedFrame) {
        let mut layers = self.colour_by.layers(viewed);
        let truth = viewed.picture.as_ref().filter(|_| self.shows_truth);
        layers.extend(truth.and_then(|picture| colouring::truth_layer(picture)));
        let response = ui.interact(rect, ui.scope_id().with("orbit"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Point cloud view"));
        let before = self.orbit;
        if self.is_flying {
            self.fly(ui, &response);
        } else {
            self.orbit.interact(&response);
        }
        let style = CloudStyle { thinning: self.thinning(ui, &layers, self.orbit != before), ..self.style() };
        self.view.draw(ui.painter(), rect, layers, &self.orbit, style);
    }

    /// Moves the camera by the keys, until Escape is pressed.
    fn fly(&mut self, ui: &Ui, response: &Response) {
        if take(&mut self.takes_keys) || response.clicked() || response.drag_started() {
            response.request_focus();
        }
        let filter = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            escape: true,
            ..Default::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        if self.orbit.fly(response) {
            ui.ctx().request_repaint();
        }
        if response.has_focus() {
            // Key presses must do nothing else while flying. (Keys that are held down are read separately.)
            ui.input_mut(|input| input.events.retain(|event| !typing::is_letter(event)));
        }
        if response.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.is_flying = false;
            response.surrender_focus();
        }
    }

    /// Style of the points while the view does not move.
    fn style(&self) -> CloudStyle {
        let [red, green, blue, _] = Palette::DARK.stage.to_array();
        CloudStyle {
            point_width: self.point_width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            farthest: self.farthest.clamp(*FARTHEST.start(), *FARTHEST.end()),
            flattest: self.flattest.clamp(*FLATTEST.start(), *FLATTEST.end()),
            thinning: 1,
            background: [red, green, blue],
        }
    }

    /// Thinning of the points: a software driver draws fewer while the view moves, and all again once it stops.
    fn thinning(&mut self, ui: &Ui, layers: &[CloudLayer], moves: bool) -> usize {
        let is_software = layers.first().is_some_and(|layer| layer.depth.is_drawn_by_software());
        let points: usize = layers.iter().map(CloudLayer::pixels).sum();
        if !is_software || points <= SOFTWARE_POINTS {
            return 1;
        }
        let now = ui.input(|input| input.time);
        if moves {
            self.moved = now;
        }
        let rested = now - self.moved;
        if rested >= REST {
            return 1;
        }
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(REST - rested));
        (points as f64 / SOFTWARE_POINTS as f64).sqrt().ceil() as usize
    }

    /// Draws legends at the right and notes at the left. The hint goes above the legends if there is no room next to
    /// them.
    fn captions(&self, ui: &Ui, rect: Rect, viewed: &ViewedFrame) {
        let Some(picture) = &viewed.picture else { return };
        let mut free = rect;
        if let Some((_, style)) = self.colour_by.field(viewed) {
            if let Some(range) = self.view.range(&style) {
                let unit = self.colour_by.map().map_or("", legend::unit);
                let scale = ColourBar { style: &style, range, unit, value: None };
                legend::bar(ui.painter(), free, Align2::RIGHT_BOTTOM, &scale);
            }
            free.max.y -= legend::HEIGHT;
        }
        if self.shows_truth {
            let meaning = colouring::truth_meaning(picture);
            legend::patches(ui.painter(), free, Align2::RIGHT_BOTTOM, (&meaning, None));
            free.max.y -= legend::HEIGHT;
        }
        let has_room = rect.width() >= ROOM_FOR_BOTH;
        marks::hint(ui, if has_room { rect } else { free }, self.is_flying, &self.orbit);
        let fusion = viewed.fusion.of(picture).map(|fusion| marks::progress(fusion)).unwrap_or_default();
        for note in [self.colour_by.absence(picture).unwrap_or_default(), fusion] {
            if !note.is_empty() {
                legend::note(ui.painter(), free, Align2::LEFT_TOP, &note);
                free.min.y += legend::HEIGHT;
            }
        }
    }
}

impl Pane for CloudPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Cloud);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.controls(ui, state));
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        let State { session, run, viewed, form, evaluations, window, .. } = state;
        let can_train = || form.obstacle(session.data().map(AsRef::as_ref)).is_none();
        let has_networks = run.has_networks(session, viewed);
        self.shows_truth |= take(&mut evaluations.shows_truth);
        ui.painter().rect_filled(rect, 0.0, Palette::of(ui).stage);
        if viewed.picture.as_ref().is_some_and(|picture| picture.cloud.is_some()) {
            self.draw(ui, rect, viewed);
            if self.shows_camera {
                let painter = &ui.painter().with_clip_rect(rect);
                CameraMarks { painter, rect, orbit: &self.orbit }.draw(viewed, self.view.median_depth());
            }
            let top = if run.shows_demo(session) {
                welcome::first_steps(ui, rect, can_train(), window)
            } else {
                rect.top()
            };
            self.captions(ui, rect.with_min_y(top), viewed);
        } else if !has_networks && session.requests.opening().is_some() {
            empty(ui, rect, &session.no_networks());
        } else if session.data().is_some() && !has_networks && !session.has_run() {
            welcome::call_to_action(ui, rect, can_train(), window);
        } else if session.activity() == Activity::Preparing {
            empty(ui, rect, "Getting ready: the first step takes longer than the others");
        } else if has_networks {
            empty(ui, rect, "Waiting for the prediction …");
        } else {
            empty(
                ui,
                rect,
                "No data is open: choose it in the Sequence pane, and the depth of a frame appears here",
            );
        }
    }

    fn watches(&self) -> Vec<MapName> {
        let truth = self.shows_truth.then_some(MapName::TrueDepth);
        let basic = [MapName::Depth, MapName::Colour(FrameId::TARGET)];
        basic.into_iter().chain(self.colour_by.map()).chain(truth).collect()
    }
}
