//! A view: one map of the frame that is looked at, or two of them compared.

mod colours;
mod comparison;
mod layer;

use super::{Pane, PaneKind, empty};
use crate::{
    app::{
        actions::Action,
        inspection::NormalisedPoint,
        legend,
        map_tree::MapTree,
        state::State,
        theme::{self, Palette},
    },
    compute::Lease,
    objective::{MapName, MapOrigin},
    session::Activity,
    view,
};
use comparison::{Comparison, ComparisonMode};
use egui::{Align2, ComboBox, CursorIcon, Layout, PopupCloseBehavior, Response, Sense, Ui};
use layer::{Layer, Viewport};
use serde::{Deserialize, Serialize};

/// A click this near to the pin, in points, is meant for it.
const PIN_REACH: f32 = 8.0;
/// What the buttons at the right of the header need.
const BUTTONS: f32 = 152.0;

#[derive(Serialize, Deserialize)]
pub struct MapPane {
    #[serde(flatten)]
    layer: Layer,
    #[serde(default)]
    comparison: Option<Comparison>,
    /// The tree of the chooser, and that of what to compare with, while one is open.
    #[serde(skip)]
    trees: [MapTree; 2],
}

impl MapPane {
    /// Shows this map at first.
    pub fn new(name: MapName) -> Self {
        Self { layer: Layer::new(name), comparison: None, trees: Default::default() }
    }

    /// The map that it shows, or would if the run had it.
    pub fn map(&self) -> MapName {
        self.layer.name
    }

    fn choose(&mut self, ui: &mut Ui, state: &State) {
        let width = (ui.available_width() - BUTTONS).clamp(64.0, 184.0);
        let Self { layer, trees: [tree, _], .. } = self;
        let combo = ComboBox::from_id_salt("map")
            .selected_text(layer.shown.to_string())
            .width(width)
            .height(600.0)
            .truncate()
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .show_ui(ui, |ui| {
                let chosen = tree.ui(ui, &state.maps(), Some(layer.name));
                if chosen.is_some() {
                    ui.close();
                }
                chosen
            });
        let help = layer.name.help();
        let replaced = if layer.shown == layer.name {
            String::new()
        } else {
            format!(". This is {}, which cannot be known here", layer.caption())
        };
        combo
            .response
            .on_hover_text(format!("{help}{replaced}. Choose another map here."))
            .accessible_name("Map to show");
        match combo.inner {
            // It is closed.
            None => *tree = MapTree::default(),
            Some(Some(chosen)) if chosen != layer.name => *layer = Layer::new(chosen),
            Some(_) => {}
        }
    }

    /// What to compare with, and how.
    fn compare(&mut self, ui: &mut Ui, state: &State) {
        let Self { layer, comparison, trees: [_, tree] } = self;
        let mut is_open = false;
        colours::lasting_menu(ui, "Compare", |ui| {
            is_open = true;
            if let Some(present) = comparison {
                ui.radio_value(&mut present.way, ComparisonMode::Swipe, "Swipe")
                    .on_hover_text("A to the left of a divider that is dragged, B to its right");
                ui.radio_value(&mut present.way, ComparisonMode::Blink, "Blink")
                    .on_hover_text("A and B by turns");
                if ui.button("Stop comparing").on_hover_text("Show A alone").clicked() {
                    *comparison = None;
                    ui.close();
                    return;
                }
                ui.separator();
            }
            ui.label("Compare with…");
            let present = comparison.as_ref().map(|comparison| comparison.with.name);
            if let Some(chosen) = tree.ui(ui, &state.maps(), present) {
                match comparison {
                    Some(present) => present.with = Layer::new(chosen),
                    None => *comparison = Some(Comparison::new(chosen)),
                }
                ui.close();
            }
        })
        .on_hover_text(format!("Show another map beside {} or in turn with it", layer.shown));
        if !is_open {
            *tree = MapTree::default();
        }
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.layer).chain(self.comparison.as_ref().map(|comparison| &comparison.with))
    }

    fn draw(&mut self, ui: &Ui, state: &mut State, lease: &Lease) {
        let aspect = lease.width as f32 / lease.height as f32;
        let frame = view::letterbox(ui.max_rect(), aspect, ui.ctx().pixels_per_point());
        let response = ui.interact(frame, ui.scope_id().with("picture"), Sense::click_and_drag());
        let resets = state.framing.is_reset_by(&response);
        if resets {
            state.inspection.take_back_click(ui.input(|input| input.time));
        }
        if state.framing.interact(&response, lease.width) {
            // Views that were drawn before this one follow in the next frame.
            ui.ctx().request_repaint();
        }
        let here = ask(ui, state, &response, resets);
        let spot = Viewport { frame, pointed: state.inspection.place().or(here) };
        let caption = match &mut self.comparison {
            None => {
                self.layer.draw(ui.painter(), state, spot, Align2::RIGHT_BOTTOM);
                if self.layer.shown != self.layer.name {
                    let text = format!("in place of {}", self.layer.name);
                    legend::note(ui.painter(), frame, Align2::LEFT_TOP, &text);
                }
                self.layer.shown.to_string()
            }
            Some(comparison) => {
                comparison.draw(ui, state, spot, &self.layer);
                comparison.caption(ui, &self.layer)
            }
        };
        if !state.framing.is_whole() && self.comparison.is_none() {
            let text = format!("×{:.1}", state.framing.zoom());
            legend::note(ui.painter(), frame, Align2::LEFT_BOTTOM, &text);
        }
        let value = self.layer.value(state, spot);
        response.widget_info(|| {
            let name = format!("Picture of {caption}");
            let info = egui::WidgetInfo::labeled(egui::Role::Image, true, name);
            egui::WidgetInfo { current_text_value: value.clone(), ..info }
        });
    }

    /// Why there is nothing to show.
    fn absence(&self, state: &State) -> String {
        if let Some(words) = state.requests.opening() {
            return words;
        }
        if state.data().is_none() {
            return "No data is open: choose it in the Sequence pane, or drop a folder here".to_owned();
        }
        let origin = self.layer.name.origin();
        let is_image = matches!(origin, MapOrigin::Image | MapOrigin::NetworkInput);
        if !is_image && state.activity() == Activity::Preparing {
            return "Getting ready: the first step takes longer than the others".to_owned();
        }
        if !is_image && !state.has_networks() {
            return state.no_networks();
        }
        if state.picture.is_none() {
            return "Waiting for the first picture …".to_owned();
        }
        match origin {
            MapOrigin::Image | MapOrigin::NetworkInput => format!("There is no frame for {} here", self.layer.name),
            MapOrigin::TrueDepth => {
                "The data has no true depth of this frame (KITTI's LiDAR, or the built-in drive's exact depth)"
                    .to_owned()
            }
            MapOrigin::Prediction | MapOrigin::MirroredPrediction => "Waiting for the prediction …".to_owned(),
            MapOrigin::Sources | MapOrigin::Reprojection | MapOrigin::Gradient => {
                "Not known for this frame: it takes the neighbouring frames and a pose network".to_owned()
            }
        }
    }
}

/// Hands the pixel under the pointer to the inspector; the place of the pointer, if it is over the picture.
fn ask(ui: &Ui, state: &mut State, response: &Response, is_for_framing: bool) -> Option<NormalisedPoint> {
    let point = response.hover_pos()?;
    let picture = state.framing.picture(response.rect);
    let place = NormalisedPoint::within(picture, point);
    if response.clicked() && !is_for_framing {
        let is_at_pin = |pin: NormalisedPoint| pin.on(picture).distance(point) < PIN_REACH;
        state.inspection.click(place, ui.input(|input| input.time), is_at_pin);
        state.wish(Action::Show(PaneKind::Inspector));
        ui.ctx().request_repaint();
    } else if !response.dragged() && state.inspection.is_open && state.inspection.hover(place) {
        // Views that were drawn before this one mark the new place in the next frame.
        ui.ctx().request_repaint();
    }
    if state.inspection.is_open && !response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
    Some(place)
}

impl Pane for MapPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let mut changed = self.layer.resolve(state);
        if let Some(comparison) = &mut self.comparison {
            changed |= comparison.with.resolve(state);
        }
        if changed {
            ui.ctx().request_repaint();
        }
        self.choose(ui, state);
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            colours::menu(ui, &mut self.layer, state);
            self.compare(ui, state);
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ui.painter().rect_filled(ui.max_rect(), 0.0, Palette::of(ui).stage);
        match self.layer.lease(state) {
            Some(lease) => self.draw(ui, state, &lease),
            None => empty(ui, ui.max_rect().shrink(theme::UNIT), &self.absence(state)),
        }
    }

    fn watches(&self) -> Vec<MapName> {
        self.layers().flat_map(Layer::watches).collect()
    }
}
