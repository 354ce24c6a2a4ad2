//! A view: one map of the frame that is looked at, chosen from a list.

use super::{Pane, empty};
use crate::{
    app::{
        action::Action,
        inspection::{Place, draw_marks},
        legend,
        state::State,
        theme,
        theme::Palette,
    },
    compute::Lease,
    geometry::colormap::Colormap,
    objective::MapName,
    train,
    view::{self, FieldStyle, FieldView, ImageView, Range},
};
use egui::{ComboBox, CursorIcon, DragValue, Layout, Rect, Response, Sense, Ui};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A click this near to the pin, in points, is meant for it.
const PIN_REACH: f32 = 8.0;

/// The pane.
#[derive(Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct MapView {
    name: MapName,
    /// What is drawn: the same of another source where its own cannot be warped.
    #[serde(skip)]
    shown: MapName,
    /// What someone chose instead of the usual style of the map.
    chosen_style: Option<FieldStyle>,
    #[serde(skip)]
    image: ImageView,
    #[serde(skip)]
    field: FieldView,
}

/// What is kept of a view between starts.
#[derive(Deserialize)]
struct Kept {
    name: MapName,
    #[serde(default)]
    chosen_style: Option<FieldStyle>,
}

impl From<Kept> for MapView {
    /// A style that no menu offers is none.
    fn from(kept: Kept) -> Self {
        let is_offered = |style: &FieldStyle| match style {
            FieldStyle::Measure { range: Range::Fixed { low, high }, .. } => {
                low.is_finite() && high.is_finite() && low != high
            }
            FieldStyle::Measure { .. } => true,
            FieldStyle::Category(_) => false,
        };
        Self { chosen_style: kept.chosen_style.filter(is_offered), ..Self::new(kept.name) }
    }
}

impl MapView {
    /// Shows this map at first.
    pub fn new(name: MapName) -> Self {
        Self {
            name,
            shown: name,
            chosen_style: None,
            image: ImageView::default(),
            field: FieldView::default(),
        }
    }

    fn choose(&mut self, ui: &mut Ui, state: &State) {
        let mut chosen = self.name;
        let width = (ui.available_width() - 48.0).clamp(64.0, 184.0);
        let combo = ComboBox::from_id_salt("map")
            .selected_text(self.shown.to_string())
            .width(width)
            .height(600.0)
            .truncate()
            .show_ui(ui, |ui| {
                for name in state.maps() {
                    ui.selectable_value(&mut chosen, name, name.to_string()).on_hover_text(name.help());
                }
            });
        combo
            .response
            .on_hover_text(format!("{}{}. Choose another map here.", self.name.help(), self.replacement()))
            .accessible_name("Map to show");
        if chosen != self.name {
            *self = Self::new(chosen);
        }
    }

    /// Decides what is drawn in place of a map whose source cannot be warped in this frame.
    fn resolve(&mut self, ui: &Ui, state: &State) {
        let objective = state.shown_objective();
        let is_missing = |id| state.picture.is_some() && !objective.frame_ids.contains(&id);
        let shown = match self.name.source() {
            Some(id) if is_missing(id) => {
                objective.sources().next().map_or(self.name, |id| self.name.of_source(id))
            }
            _ => self.name,
        };
        if self.shown != shown {
            self.shown = shown;
            // The map must be asked for before it can be drawn.
            ui.ctx().request_repaint();
        }
    }

    /// Says so if something else than what was chosen is drawn.
    fn replacement(&self) -> String {
        if self.shown == self.name {
            return String::new();
        }
        format!(". This is {} in place of {}, which cannot be known here", self.shown, self.name)
    }

    fn style(&self, state: &State) -> Option<FieldStyle> {
        self.chosen_style.clone().or_else(|| legend::usual_style(self.shown, state.shown_objective()))
    }

    /// Colour map and range of a measure.
    fn options(&mut self, ui: &mut Ui, state: &State) {
        let Some(FieldStyle::Measure { mut colormap, mut range, mut logarithmic, sparse }) =
            self.style(state)
        else {
            return;
        };
        ui.menu_button("Colours", |ui| {
            for choice in Colormap::ALL {
                ui.radio_value(&mut colormap, choice, choice.label());
            }
            ui.separator();
            let present = self.field.range(&FieldStyle::Measure { colormap, range, logarithmic, sparse });
            let (mut low, mut high) = present.unwrap_or((0.0, 1.0));
            let is_automatic = range == Range::Automatic;
            if ui.radio(is_automatic, "Range of each picture").on_hover_text(
                "From the value above which 99 % of the picture's pixels lie to the one below which 99 % do",
            ).clicked() {
                range = Range::Automatic;
            }
            let fixed = ui.radio(!is_automatic, "Fixed range");
            let fixed = fixed.on_hover_text("The same colours for the same values in every picture");
            if fixed.clicked() {
                range = Range::Fixed { low, high };
            }
            ui.add_enabled_ui(!is_automatic, |ui| {
                ui.horizontal(|ui| {
                    let speed = f64::from((high - low).abs().max(1e-4)) * 0.01;
                    let from = ui.add(DragValue::new(&mut low).speed(speed).prefix("from "));
                    let to = ui.add(DragValue::new(&mut high).speed(speed).prefix("to "));
                    let changed = from.changed() || to.changed();
                    from.accessible_name("Lowest value");
                    to.accessible_name("Highest value");
                    if changed {
                        range = Range::Fixed { low, high };
                    }
                });
            });
            ui.checkbox(&mut logarithmic, "Logarithmic");
            ui.separator();
            if ui.button("As usual for this map").clicked() {
                self.chosen_style = None;
                ui.close();
                return;
            }
            let chosen = FieldStyle::Measure { colormap, range, logarithmic, sparse };
            if Some(&chosen) != self.style(state).as_ref() {
                self.chosen_style = Some(chosen);
            }
        })
        .response
        .on_hover_text("Colour map and range of this view");
    }

    fn draw(&self, ui: &Ui, state: &mut State, lease: &Arc<Lease>) {
        let space = ui.max_rect();
        let aspect = lease.width as f32 / lease.height as f32;
        let picture = view::letterbox(space, aspect, ui.ctx().pixels_per_point());
        match self.style(state) {
            None => self.image.draw(ui.painter(), picture, lease, state.squares),
            Some(style) => {
                self.field.draw(ui.painter(), picture, lease, style.clone(), state.squares);
                legend::bar(ui.painter(), picture, &style, self.field.range(&style));
                legend::patches(
                    ui.painter(),
                    picture,
                    &legend::meanings(self.shown, state.shown_objective()),
                );
            }
        }
        let response = ui.interact(picture, ui.scope_id().with("picture"), Sense::click());
        let name = format!("Picture of {}", self.shown);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        ask(ui, state, picture, &response);
        draw_marks(ui.painter(), picture, self.shown, &state.inspection);
        if self.shown != self.name {
            legend::note(ui.painter(), picture, &format!("in place of {}", self.name));
        }
    }

    /// Why there is nothing to show.
    fn absence(&self, state: &State) -> String {
        if let Some(what) = &state.opening {
            return format!("Opening {what} …");
        }
        if state.data.is_none() {
            return "No data is open: choose it in the Sequence pane, or drop a folder here".to_owned();
        }
        let is_image = matches!(self.name, MapName::Colour(_));
        if !is_image && state.session == train::State::Preparing {
            return "Getting ready: the first step takes longer than the others".to_owned();
        }
        if !is_image && !state.has_networks() {
            return "No networks yet: press Train, or load weights".to_owned();
        }
        if state.picture.is_none() {
            return "Waiting for the first picture …".to_owned();
        }
        match self.name {
            MapName::Colour(id) => format!("There is no frame {} here", id.label()),
            MapName::TrueDepth | MapName::DepthError => {
                "The data has no true depth of this frame (KITTI's LiDAR, or the built-in drive's exact depth)"
                    .to_owned()
            }
            MapName::Disparity(_) | MapName::Depth => "Waiting for the prediction …".to_owned(),
            _ => "Not known for this frame: it takes the neighbouring frames and a pose network".to_owned(),
        }
    }
}

/// Hands the pixel under the pointer to the inspector.
fn ask(ui: &Ui, state: &mut State, picture: Rect, response: &Response) {
    let Some(point) = response.hover_pos() else { return };
    let place = Place::within(picture, point);
    if response.clicked() {
        let is_at_pin = |pin: Place| pin.on(picture).distance(point) < PIN_REACH;
        state.inspection.click(place, is_at_pin);
        state.wish(Action::ShowInspector);
        ui.ctx().request_repaint();
    } else if state.inspection.is_open && state.inspection.hover(place) {
        // Views that were drawn before this one mark the new place in the next frame.
        ui.ctx().request_repaint();
    }
    if state.inspection.is_open {
        ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    }
}

impl Pane for MapView {
    fn title(&self) -> String {
        self.name.to_string()
    }

    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        self.resolve(ui, state);
        self.choose(ui, state);
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| self.options(ui, state));
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        ui.painter().rect_filled(ui.max_rect(), 0.0, Palette::of(ui).stage);
        let lease = state.picture.as_ref().and_then(|picture| picture.maps.get(&self.shown)).cloned();
        match lease {
            Some(lease) => self.draw(ui, state, &lease),
            None => empty(ui, ui.max_rect().shrink(theme::UNIT), &self.absence(state)),
        }
    }

    fn watches(&self) -> Vec<MapName> {
        vec![self.name, self.shown]
    }

    fn is_disposable(&self) -> bool {
        true
    }
}
