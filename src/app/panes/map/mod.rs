//! A view: one map of the viewed frame, or two of them compared.

mod colours;
mod comparison;
mod layer;

use super::{Pane, PaneKind, empty};
use crate::{
    app::{
        actions::Action,
        legend,
        map_tree::MapTree,
        state::{Framing, NormalisedPoint, RunHistory, SessionView, State, ViewedFrame, WindowRequests},
        theme::{self, Palette},
    },
    compute::Lease,
    objective::{MapName, MapOrigin},
    session::Activity,
    view::{self, wheel},
};
use comparison::{Comparison, ComparisonMode};
use egui::{Align2, ComboBox, CursorIcon, Layout, PointerButton, PopupCloseBehavior, Response, Sense, Ui};
use layer::{Layer, Viewport};
use serde::{Deserialize, Serialize};

/// Distance from the pinned point within which a click unpins it, points.
const PIN_REACH: f32 = 8.0;
/// Width of the buttons at the right of the header.
const BUTTONS: f32 = 152.0;

#[derive(Serialize, Deserialize)]
pub struct MapPane {
    #[serde(flatten)]
    layer: Layer,
    #[serde(default)]
    comparison: Option<Comparison>,
    /// Trees of maps of the chooser that is open: of the map, and of the map to compare it with.
    #[serde(skip)]
    trees: [MapTree; 2],
}

impl MapPane {
    /// View of this map.
    pub fn new(name: MapName) -> Self {
        Self { layer: Layer::new(name), comparison: None, trees: Default::default() }
    }

    /// The chosen map, even if the run does not have it.
    pub fn map(&self) -> MapName {
        self.layer.name
    }
    fn choose(&mut self, ui: &mut Ui, viewed: &ViewedFrame) {
        let width = (ui.available_width() - BUTTONS).clamp(64.0, 184.0);
        let Self { layer, trees: [tree, _], .. } = self;
        let combo = ComboBox::from_id_salt("map")
            .selected_text(layer.shown.to_string())
            .width(width)
            .height(600.0)
            .truncate()
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .show_ui(ui, |ui| {
                let chosen = tree.ui(ui, &viewed.maps(), Some(layer.name));
                if chosen.is_some() {
                    ui.close();
                }
                chosen
            });
        let help = layer.name.help();
        let replaced = if layer.shown == layer.name {
            String::new()
        } else {
            format!(". Drawn: {}, because the chosen map is not known here", layer.caption())
        };
        combo
            .response
            .on_hover_text(format!("{help}{replaced}. Choose another map here."))
            .accessible_name("Map to show");
        match combo.inner {
            // The chooser is closed.
            None => *tree = MapTree::default(),
            Some(Some(chosen)) if chosen != layer.name => *layer = Layer::new(chosen),
            Some(_) => {}
        }
    }

    /// Draws the menu of the map to compare with, and of the comparison mode.
    fn compare(&mut self, ui: &mut Ui, viewed: &ViewedFrame) {
        let Self { layer, comparison, trees: [_, tree] } = self;
        let mut is_open = false;
        colours::lasting_menu(ui, "Compare", |ui| {
            is_open = true;
            if let Some(present) = comparison {
                ui.radio_value(&mut present.way, ComparisonMode::Swipe, "Swipe")
                    .on_hover_text("A to the left of a divider that is dragged, B to its right");
                ui.radio_value(&mut present.way, ComparisonMode::Blink, "Blink")
                    .on_hover_text("A and B in turn");
                if ui.button("Stop comparing").on_hover_text("Show A alone").clicked() {
                    *comparison = None;
                    ui.close();
                    return;
                }
                ui.separator();
            }
            ui.label("Compare with…");
            let present = comparison.as_ref().map(|comparison| comparison.with.name);
            if let Some(chosen) = tree.ui(ui, &viewed.maps(), present) {
                match comparison {
                    Some(present) => present.with = Layer::new(chosen),
                    None => *comparison = Some(Comparison::new(chosen)),
                }
                ui.close();
            }
        })
        .on_hover_text(format!("Show another map next to {} or in turn with it", layer.shown));
        if !is_open {
            *tree = MapTree::default();
        }
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.layer).chain(self.comparison.as_ref().map(|comparison| &comparison.with))
    }

    /// Draws the picture, and takes zoom, drags and clicks in it.
    fn draw(&mut self, ui: &Ui, viewed: &mut ViewedFrame, window: &mut WindowRequests, lease: &Lease) {
        let aspect = lease.width as f32 / lease.height as f32;
        let frame = view::letterbox(ui.max_rect(), aspect, ui.ctx().pixels_per_point());
        let response = ui.interact(frame, ui.scope_id().with("picture"), Sense::click_and_drag());
        let resets = is_reset(&viewed.framing, &response);
        if resets {
            viewed.inspection.undo_click(ui.input(|input| input.time));
        }
        if move_framing(&mut viewed.framing, &response, lease.width) {
            // Views that were drawn before this one are updated in the next frame.
            ui.ctx().request_repaint();
        }
        let here = inspect(ui, viewed, window, &response, resets);
        let spot = Viewport { frame, pointed: viewed.inspection.point().or(here) };
        let caption = match &mut self.comparison {
            None => {
                self.layer.draw(ui.painter(), viewed, spot, Align2::RIGHT_BOTTOM);
                if self.layer.shown != self.layer.name {
                    let text = format!("in place of {}", self.layer.name);
                    legend::note(ui.painter(), frame, Align2::LEFT_TOP, &text);
                }
                self.layer.shown.to_string()
            }
            Some(comparison) => {
                comparison.draw(ui, viewed, spot, &self.layer);
                comparison.caption(ui, &self.layer)
            }
        };
        if !viewed.framing.is_whole() && self.comparison.is_none() {
            let text = format!("×{:.1}", viewed.framing.zoom());
            legend::note(ui.painter(), frame, Align2::LEFT_BOTTOM, &text);
        }
        let value = self.layer.value(viewed, spot);
        response.widget_info(|| {
            let name = format!("Picture of {caption}");
            let info = egui::WidgetInfo::labeled(egui::Role::Image, true, name);
            egui::WidgetInfo { current_text_value: value.clone(), ..info }
        });
    }

    /// Reason why there is nothing to show.
    fn absence(&self, session: &SessionView, run: &RunHistory, viewed: &ViewedFrame) -> String {
        if let Some(words) = session.requests.opening() {
            return words;
        }
        if session.data().is_none() {
            return "No data is open: choose it in the Sequence pane, or drop a folder here".to_owned();
        }
        let origin = self.layer.name.origin();
        let is_image = matches!(origin, MapOrigin::Image | MapOrigin::NetworkInput);
        if !is_image && session.activity() == Activity::Preparing {
            return "Getting ready: the first step takes longer than the others".to_owned();
        }
        if !is_image && !run.has_networks(session, viewed) {
            return session.no_networks();
        }
        if viewed.picture.is_none() {
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
                "Not known for this frame: it needs the neighbouring frames and a pose network".to_owned()
            }
        }
    }
}

/// Checks if a double click in this view shows the whole pictures again.
fn is_reset(framing: &Framing, response: &Response) -> bool {
    response.double_clicked() && !framing.is_whole()
}

/// Moves the framing by the pointer over a picture of this many columns: wheel to zoom, drag to move, double click to
/// see everything. Returns true if the framing changed.
fn move_framing(framing: &mut Framing, response: &Response, columns: usize) -> bool {
    let (before, frame) = (framing.visible(), response.rect);
    framing.limit_zoom(columns, frame.width());
    if is_reset(framing, response) {
        framing.reset();
    }
    let pans = response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle);
    if pans && !framing.is_whole() {
        framing.pan(response.drag_delta() / frame.size());
        response.ctx.set_cursor_icon(CursorIcon::Grabbing);
    }
    if let Some(pointer) = response.hover_pos() {
        let factor = wheel::closer(&response.ctx);
        if factor != 1.0 {
            framing.zoom_about(NormalisedPoint::within(framing.picture(frame), pointer), factor);
        }
    }
    framing.visible() != before
}

/// Inspects the pixel under the pointer: a click pins it, hovering follows the pointer. Returns the point under the
/// pointer, if it is over the picture.
fn inspect(
    ui: &Ui,
    viewed: &mut ViewedFrame,
    window: &mut WindowRequests,
    response: &Response,
    is_for_framing: bool,
) -> Option<NormalisedPoint> {
    let ViewedFrame { framing, inspection, .. } = viewed;
    let pointer = response.hover_pos()?;
    let picture = framing.picture(response.rect);
    let point = NormalisedPoint::within(picture, pointer);
    if response.clicked() && !is_for_framing {
        let is_at_pin = |pin: NormalisedPoint| pin.on(picture).distance(pointer) < PIN_REACH;
        inspection.click(point, ui.input(|input| input.time), is_at_pin);
        window.act(Action::Show(PaneKind::Inspector));
        ui.ctx().request_repaint();
    } else if !response.dragged() && inspection.is_open && inspection.hover(point) {
        // Views that were drawn before this one mark the new point in the next frame.
        ui.ctx().request_repaint();
    }
    if inspection.is_open && !response.dragged() {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
    Some(point)
}

impl Pane for MapPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        let viewed = &state.viewed;
        let mut changed = self.layer.resolve(viewed);
        if let Some(comparison) = &mut self.comparison {
            changed |= comparison.with.resolve(viewed);
        }
        if changed {
            ui.ctx().request_repaint();
        }
        self.choose(ui, viewed);
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            colours::menu(ui, &mut self.layer, viewed);
            self.compare(ui, viewed);
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ui.painter().rect_filled(ui.max_rect(), 0.0, Palette::of(ui).stage);
        let State { session, run, viewed, window, .. } = state;
        match self.layer.lease(viewed) {
            Some(lease) => self.draw(ui, viewed, window, &lease),
            None => empty(ui, ui.max_rect().shrink(theme::UNIT), &self.absence(session, run, viewed)),
        }
    }

    fn watches(&self) -> Vec<MapName> {
        self.layers().flat_map(Layer::watches).collect()
    }
}
