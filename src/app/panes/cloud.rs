//! The point cloud of the frame that is looked at, with an orbit camera.

use super::{Pane, empty, title};
use crate::{
    app::{action::Action, state::State, theme, theme::Palette},
    config::FrameId,
    geometry::Intrinsics,
    objective::MapName,
    train,
    view::{CloudStyle, CloudView, Orbit},
};
use egui::{
    Align, Align2, Color32, FontId, Layout, Rect, RichText, Sense, Slider, Stroke, Ui, UiBuilder, Vec2,
};
use glam::Vec3;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How far before the camera its frame is drawn, in median depths.
const FRUSTUM_DEPTH: f32 = 0.22;

/// What can be chosen; a file that keeps the pane may hold more.
const WIDTHS: RangeInclusive<f32> = 0.5..=4.0;
const FARTHEST: RangeInclusive<f32> = 1.0..=100.0;
const FLATTEST: RangeInclusive<f32> = 0.0..=10.0;

/// The pane.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct Cloud {
    #[serde(skip)]
    view: CloudView,
    #[serde(skip)]
    orbit: Orbit,
    point_width: f32,
    farthest: f32,
    flattest: f32,
    shows_camera: bool,
}

impl Default for Cloud {
    fn default() -> Self {
        Self {
            view: CloudView::default(),
            orbit: Orbit::default(),
            point_width: 1.6,
            farthest: 8.0,
            flattest: 2.0,
            shows_camera: true,
        }
    }
}

impl Cloud {
    fn options(&mut self, ui: &mut Ui) {
        ui.menu_button("Points", |ui| {
            ui.spacing_mut().slider_width = 136.0;
            let widths = Slider::new(&mut self.point_width, WIDTHS).text("width");
            ui.add(widths).on_hover_text("Width of a point: at 1 it covers what its pixel covers");
            let farthest = Slider::new(&mut self.farthest, FARTHEST).logarithmic(true).text("farthest");
            ui.add(farthest).on_hover_text(
                "Points farther than this are left out, in median depths of the frame: \
                 the network's own unit of length is arbitrary",
            );
            let flattest = Slider::new(&mut self.flattest, FLATTEST).suffix("°").text("edges");
            ui.add(flattest).on_hover_text(
                "Surfaces seen at a flatter angle than this are left out: \
                 at the edges of things such points hang in the air",
            );
            ui.checkbox(&mut self.shows_camera, "Show the camera");
        })
        .response
        .on_hover_text("Which points are drawn, and how");
    }

    fn draw(&mut self, ui: &mut Ui, rect: Rect, cloud: &train::Cloud) {
        let response = ui.interact(rect, ui.scope_id().with("orbit"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Point cloud view"));
        self.orbit.interact(&response);
        let [red, green, blue, _] = Palette::DARK.stage.to_array();
        let style = CloudStyle {
            point_width: self.point_width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            farthest: self.farthest.clamp(*FARTHEST.start(), *FARTHEST.end()),
            flattest: self.flattest.clamp(*FLATTEST.start(), *FLATTEST.end()),
            background: [red, green, blue],
        };
        self.view.draw(ui.painter(), rect, cloud, &self.orbit, style);
        if self.shows_camera {
            self.draw_camera(ui, rect, cloud.intrinsics);
        }
        if self.orbit == Orbit::default() {
            let hint =
                "drag to orbit · right-drag or shift-drag to pan · wheel to zoom · double-click to reset";
            let at = rect.left_bottom() + Vec2::new(theme::UNIT, -theme::UNIT);
            ui.painter().text(
                at,
                Align2::LEFT_BOTTOM,
                hint,
                FontId::proportional(11.0),
                Color32::from_gray(140),
            );
        }
    }

    /// The pyramid that the frame's camera looks through.
    fn draw_camera(&self, ui: &Ui, rect: Rect, camera: Intrinsics) {
        let painter = ui.painter().with_clip_rect(rect);
        let stroke = Stroke::new(1.2, Palette::DARK.accent);
        let ray = |u: f32, v: f32| {
            let x = (u - camera.centre_x) / camera.focal_x;
            Vec3::new(x, (v - camera.centre_y) / camera.focal_y, 1.0) * FRUSTUM_DEPTH
        };
        let corners = [ray(0.0, 0.0), ray(1.0, 0.0), ray(1.0, 1.0), ray(0.0, 1.0)];
        for index in 0..4 {
            for (start, end) in [(corners[index], corners[(index + 1) % 4]), (Vec3::ZERO, corners[index])] {
                if let (Some(start), Some(end)) =
                    (self.orbit.project(start, rect), self.orbit.project(end, rect))
                {
                    painter.line_segment([start, end], stroke);
                }
            }
        }
    }
}

/// The two ways on from the demo weights, in one line over the cloud.
fn first_steps(ui: &mut Ui, rect: Rect, state: &mut State) {
    let line = Rect::from_min_size(rect.min, Vec2::new(rect.width(), 40.0)).shrink(theme::UNIT);
    let mut ui = ui.new_child(UiBuilder::new().max_rect(line).layout(Layout::left_to_right(Align::Center)));
    let text = RichText::new("Depth by the demo weights.").color(Color32::from_gray(200));
    ui.label(text)
        .on_hover_text("A light network that this program trained on streets of the built-in drive");
    let train = ui.add_enabled(state.obstacle().is_none(), egui::Button::new("Train from scratch here"));
    if train.on_hover_text(Action::Train.help()).clicked() {
        state.wish(Action::Train);
    }
    if ui.button("Open KITTI…").on_hover_text(Action::OpenData.help()).clicked() {
        state.wish(Action::OpenData);
    }
}

/// What to do when there are no networks: the two ways on, as buttons.
fn call_to_action(ui: &mut Ui, rect: Rect, state: &mut State) {
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
    let train =
        row.add_enabled(state.obstacle().is_none(), egui::Button::new("Train from scratch").min_size(size));
    if train.on_hover_text(Action::Train.help()).clicked() {
        state.wish(Action::Train);
    }
    let load = row.add(egui::Button::new("Load weights…").min_size(size));
    if load.on_hover_text(Action::OpenWeights.help()).clicked() {
        state.wish(Action::OpenWeights);
    }
}

impl Pane for Cloud {
    fn title(&self) -> String {
        "Point cloud".to_owned()
    }

    fn header(&mut self, ui: &mut Ui, _state: &mut State) {
        title(ui, "Point cloud");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            self.options(ui);
            let reset = ui.button("Reset view").on_hover_text("Behind, above and beside the camera");
            if reset.clicked() {
                self.orbit = Orbit::default();
            }
            if ui.available_width() < theme::NARROW {
                return;
            }
            let camera = ui.button("From the camera").on_hover_text("Where the frame's own camera stands");
            if camera.clicked() {
                self.orbit = Orbit::at_the_camera();
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, Palette::of(ui).stage);
        let cloud = state.picture.as_ref().and_then(|picture| picture.cloud.clone());
        if let Some(cloud) = cloud {
            self.draw(ui, rect, &cloud);
            if state.shows_demo() {
                first_steps(ui, rect, state);
            }
        } else if state.data.is_some() && !state.has_networks() && !state.has_run() {
            call_to_action(ui, rect, state);
        } else if state.session == train::State::Preparing {
            empty(ui, rect, "Getting ready: the first step takes longer than the others");
        } else if state.has_networks() {
            empty(ui, rect, "Waiting for the prediction …");
        } else {
            let text =
                "No data is open: choose it in the Sequence pane, and the depth of a frame appears here";
            empty(ui, rect, text);
        }
    }

    fn watches(&self) -> Vec<MapName> {
        vec![MapName::Depth, MapName::Colour(FrameId::TARGET)]
    }
}
