//! One map as a view draws it: picture, legend and marks.

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

/// A map and how it is drawn.
#[derive(Serialize, Deserialize)]
#[serde(from = "SavedLayer")]
pub struct Layer {
    /// What was chosen.
    pub name: MapName,
    /// What is drawn: the same of another source where its own cannot be warped.
    #[serde(skip)]
    pub shown: MapName,
    /// What someone chose instead of the usual style of the map.
    pub chosen_style: Option<FieldStyle>,
    #[serde(skip)]
    image: ImageView,
    #[serde(skip)]
    field: FieldView,
}

/// What is kept of a map between starts.
#[derive(Deserialize)]
struct SavedLayer {
    name: MapName,
    #[serde(default)]
    chosen_style: Option<FieldStyle>,
}

impl From<SavedLayer> for Layer {
    /// A style that no menu offers is none.
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

/// Where layers are drawn.
#[derive(Clone, Copy)]
pub struct Viewport {
    /// What is seen fills this.
    pub frame: Rect,
    /// The place that is pointed at, in any view or in this one.
    pub pointed: Option<NormalisedPoint>,
}

impl Layer {
    /// Draws this map as is usual for it.
    pub fn new(name: MapName) -> Self {
        Self {
            name,
            shown: name,
            chosen_style: None,
            image: ImageView::default(),
            field: FieldView::default(),
        }
    }

    /// Decides what is drawn in place of a map whose source cannot be warped in this frame; says whether
    /// that changed, so that it must be asked for before it can be drawn.
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

    /// The maps that must be computed for it.
    pub fn watches(&self) -> [MapName; 2] {
        [self.name, self.shown]
    }

    /// What is drawn, and what was chosen if that is something else.
    pub fn caption(&self) -> String {
        if self.shown == self.name {
            return self.name.to_string();
        }
        format!("{} in place of {}", self.shown, self.name)
    }

    /// How it is drawn; `None` for colour pictures.
    pub fn style(&self, state: &State) -> Option<FieldStyle> {
        self.chosen_style.clone().or_else(|| legend::usual_style(self.shown, state.shown_objective()))
    }

    /// The values that the ends of the colours stand for under a style, once they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        self.field.range(style)
    }

    /// The map of the newest picture, if it has one.
    pub fn lease(&self, state: &State) -> Option<Arc<Lease>> {
        state.picture.as_ref()?.maps.get(&self.shown).cloned()
    }

    /// The value of the pixel that is pointed at; `None` where it is not known.
    fn pointed_value(&self, style: &FieldStyle, spot: Viewport) -> Option<f32> {
        let has_gaps = matches!(style, FieldStyle::Measure { sparse: true, .. });
        self.field.value().filter(|value| spot.pointed.is_some() && !(has_gaps && *value == 0.0))
    }

    /// The same in words.
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

    /// Draws picture, marks and, in a lower corner of the frame, the legend. What lies outside the
    /// painter's clip is left to others. Says whether there was anything to draw.
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
