//! One map in a view: picture, legend and marks.

use crate::{
    app::{
        inspection::{NormalisedPoint, draw_marks},
        legend::{self, ColourBar},
        state::State,
    },
    compute::Lease,
    config::ImageSize,
    objective::MapName,
    view::{FieldStyle, FieldView, ImageView, Range, Sampling},
};
use egui::{Align2, Painter, Rect};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A map with its style.
#[derive(Serialize, Deserialize)]
#[serde(from = "SavedLayer")]
pub struct Layer {
    /// Map that was chosen.
    pub name: MapName,
    /// Map that is drawn: the same map of another source if the chosen source cannot be warped in this frame.
    #[serde(skip)]
    pub shown: MapName,
    /// Style that was chosen instead of the map's default.
    pub chosen_style: Option<FieldStyle>,
    #[serde(skip)]
    image: ImageView,
    #[serde(skip)]
    field: FieldView,
}

/// Saved form of a layer.
#[derive(Deserialize)]
struct SavedLayer {
    name: MapName,
    #[serde(default)]
    chosen_style: Option<FieldStyle>,
}

impl From<SavedLayer> for Layer {
    /// Restores a layer. A saved style that no menu offers is ignored.
    fn from(kept: SavedLayer) -> Self {
        let is_offered = |style: &FieldStyle| match style {
            FieldStyle::Measure { range: Range::Fixed { low, high }, .. } => {
                low.is_finite() && high.is_finite() && low != high
            }
            FieldStyle::Measure { range: Range::Automatic { outside }, .. } => (0.0..0.5).contains(outside),
            FieldStyle::Category(_) => false,
        };
        Self { chosen_style: kept.chosen_style.filter(is_offered), ..Self::new(kept.name) }
    }
}

/// Area of the screen that layers are drawn in.
#[derive(Clone, Copy)]
pub struct Viewport {
    /// Rectangle that the visible part of the map fills.
    pub frame: Rect,
    /// Position under the pointer, in this view or any other.
    pub pointed: Option<NormalisedPoint>,
}

impl Layer {
    /// Layer of this map in its default style.
    pub fn new(name: MapName) -> Self {
        Self {
            name,
            shown: name,
            chosen_style: None,
            image: ImageView::default(),
            field: FieldView::default(),
        }
    }

    /// Chooses the map that is drawn in place of one whose source cannot be warped in this frame. True if the choice
    /// changed, so that the map must be requested before it can be drawn.
    pub fn resolve(&mut self, state: &State) -> bool {
        let objective = state.shown_objective();
        let is_missing = |id| state.picture.is_some() && !objective.frame_ids.contains(&id);
        let shown = match self.name.source() {
            Some(id) if is_missing(id) => {
                objective.sources().next().map_or(self.name, |id| self.name.of_source(id))
            }
            _ => self.name,
        };
        std::mem::replace(&mut self.shown, shown) != shown
    }

    /// Maps that must be computed for this layer.
    pub fn watches(&self) -> [MapName; 2] {
        [self.name, self.shown]
    }

    /// Name of the map that is drawn, and of the chosen map if it is another.
    pub fn caption(&self) -> String {
        if self.shown == self.name {
            return self.name.to_string();
        }
        format!("{} in place of {}", self.shown, self.name)
    }

    /// Style of the map that is drawn; `None` for colour images.
    pub fn style(&self, state: &State) -> Option<FieldStyle> {
        self.chosen_style.clone().or_else(|| legend::usual_style(self.shown, state.shown_objective()))
    }

    /// Values of the first and the last colour in a style; `None` until they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        self.field.range(style)
    }

    /// Lease of this map in the newest picture, if that has it.
    pub fn lease(&self, state: &State) -> Option<Arc<Lease>> {
        state.picture.as_ref()?.maps.get(&self.shown).cloned()
    }

    /// Value of the pixel under the pointer; `None` if it is not known.
    fn pointed_value(&self, style: &FieldStyle, spot: Viewport) -> Option<f32> {
        let has_gaps = matches!(style, FieldStyle::Measure { sparse: true, .. });
        self.field.value().filter(|value| spot.pointed.is_some() && !(has_gaps && *value == 0.0))
    }

    /// Text for the value of the pixel under the pointer.
    pub fn value(&self, state: &State, spot: Viewport) -> Option<String> {
        let style = self.style(state)?;
        let value = self.pointed_value(&style, spot)?;
        match style {
            FieldStyle::Measure { .. } => {
                let text = format!("{} {}", legend::number(value), legend::unit(self.shown));
                Some(text.trim_end().to_owned())
            }
            FieldStyle::Category(_) => {
                let meanings = legend::meanings(self.shown, state.shown_objective());
                meanings.into_iter().nth(value.round().max(0.0) as usize).map(|(meaning, _)| meaning)
            }
        }
    }

    /// Draws picture, marks and, in a lower corner of the frame, the legend, within the painter's clip rectangle.
    /// True if there was anything to draw.
    pub fn draw(&self, painter: &Painter, state: &State, spot: Viewport, corner: Align2) -> bool {
        let Some(lease) = self.lease(state) else { return false };
        let sampling = Sampling { visible: state.framing.visible(), squares: state.squares };
        let frame = spot.frame;
        match self.style(state) {
            None => self.image.draw(painter, frame, &lease, sampling),
            Some(style) => {
                let size = ImageSize { height: lease.height, width: lease.width };
                let pixel = spot.pointed.map(|place| place.pixel(size));
                self.field.draw(painter, frame, &lease, style.clone(), sampling, pixel);
                self.draw_legend(painter, state, spot, (&style, corner));
            }
        }
        let marked = painter.with_clip_rect(frame.intersect(painter.clip_rect()));
        draw_marks(&marked, state.framing.picture(frame), self.shown, &state.inspection);
        true
    }

    fn draw_legend(
        &self,
        painter: &Painter,
        state: &State,
        spot: Viewport,
        (style, corner): (&FieldStyle, Align2),
    ) {
        let value = self.pointed_value(style, spot);
        if let Some(range) = self.field.range(style) {
            let scale = ColourBar { style, range, unit: legend::unit(self.shown), value };
            legend::bar(painter, spot.frame, corner, &scale);
        }
        let meanings = legend::meanings(self.shown, state.shown_objective());
        legend::patches(painter, spot.frame, corner, (&meanings, value));
    }
}
