//! One map in a view: picture, legend and marks.

use crate::{
    app::{
        inspection::draw_marks,
        legend::{self, ColourBar},
        state::{NormalisedPoint, ViewedFrame},
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
    /// The chosen map.
    pub name: MapName,
    /// Map that is drawn: that of another source if the source of the chosen map cannot be warped.
    #[serde(skip)]
    pub shown: MapName,
    /// Style that was chosen instead of the map's default.
    pub chosen_style: Option<FieldStyle>,
    #[serde(skip)]
    image: ImageView,
    #[serde(skip)]
    field: FieldView,
}

/// A layer as it is saved.
#[derive(Deserialize)]
struct SavedLayer {
    name: MapName,
    #[serde(default)]
    chosen_style: Option<FieldStyle>,
}

impl From<SavedLayer> for Layer {
    /// Restores a layer. A saved style that no menu offers is ignored.
    fn from(saved: SavedLayer) -> Self {
        let is_offered = |style: &FieldStyle| match style {
            FieldStyle::Measure { range: Range::Fixed { low, high }, .. } => {
                low.is_finite() && high.is_finite() && low != high
            }
            FieldStyle::Measure { range: Range::Automatic { outside }, .. } => (0.0..0.5).contains(outside),
            FieldStyle::Category(_) => false,
        };
        Self { chosen_style: saved.chosen_style.filter(is_offered), ..Self::new(saved.name) }
    }
}

/// Rectangle in which layers are drawn, with the marked point.
#[derive(Clone, Copy)]
pub struct Viewport {
    /// Rectangle that the visible part of the picture fills.
    pub frame: Rect,
    /// The inspected point, or the point under the pointer in this view.
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

    /// Chooses the map that is drawn in place of one whose source cannot be warped in this frame. Returns true if
    /// that changed, so that the map must be requested before it can be drawn.
    pub fn resolve(&mut self, viewed: &ViewedFrame) -> bool {
        let objective = viewed.shown_objective();
        let is_missing = |id| viewed.picture.is_some() && !objective.frame_ids.contains(&id);
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

    /// Name of the drawn map, and of the chosen one if that is another.
    pub fn caption(&self) -> String {
        if self.shown == self.name {
            return self.name.to_string();
        }
        format!("{} in place of {}", self.shown, self.name)
    }

    /// Style of the map; `None` for colour pictures.
    pub fn style(&self, viewed: &ViewedFrame) -> Option<FieldStyle> {
        self.chosen_style.clone().or_else(|| legend::default_style(self.shown, viewed.shown_objective()))
    }

    /// Values of the first and the last colour in a style; `None` until they are known.
    pub fn range(&self, style: &FieldStyle) -> Option<(f32, f32)> {
        self.field.range(style)
    }

    /// Lease of this map in the newest picture, if that has it.
    pub fn lease(&self, viewed: &ViewedFrame) -> Option<Arc<Lease>> {
        viewed.picture.as_ref()?.maps.get(&self.shown).cloned()
    }

    /// Value at the marked point; `None` where it is not known.
    fn pointed_value(&self, style: &FieldStyle, spot: Viewport) -> Option<f32> {
        let has_gaps = matches!(style, FieldStyle::Measure { sparse: true, .. });
        self.field.value().filter(|value| spot.pointed.is_some() && !(has_gaps && *value == 0.0))
    }

    /// The value at the marked point in words.
    pub fn value(&self, viewed: &ViewedFrame, spot: Viewport) -> Option<String> {
        let style = self.style(viewed)?;
        let value = self.pointed_value(&style, spot)?;
        match style {
            FieldStyle::Measure { .. } => {
                let text = format!("{} {}", legend::number(value), legend::unit(self.shown));
                Some(text.trim_end().to_owned())
            }
            FieldStyle::Category(_) => {
                let meanings = legend::meanings(self.shown, viewed.shown_objective());
                meanings.into_iter().nth(value.round().max(0.0) as usize).map(|(meaning, _)| meaning)
            }
        }
    }

    /// Draws picture, marks and, in a lower corner of the frame, the legend, within the painter's clip rectangle.
    /// Returns true if there was anything to draw.
    pub fn draw(&self, painter: &Painter, viewed: &ViewedFrame, spot: Viewport, corner: Align2) -> bool {
        let Some(lease) = self.lease(viewed) else { return false };
        let sampling = Sampling { visible: viewed.framing.visible(), squares: viewed.squares };
        let frame = spot.frame;
        match self.style(viewed) {
            None => self.image.draw(painter, frame, &lease, sampling),
            Some(style) => {
                let size = ImageSize { height: lease.height, width: lease.width };
                let pixel = spot.pointed.map(|point| point.pixel(size));
                self.field.draw(painter, frame, &lease, style.clone(), sampling, pixel);
                self.draw_legend(painter, viewed, spot, (&style, corner));
            }
        }
        let marked = painter.with_clip_rect(frame.intersect(painter.clip_rect()));
        draw_marks(&marked, viewed.framing.picture(frame), self.shown, &viewed.inspection);
        true
    }

    fn draw_legend(
        &self,
        painter: &Painter,
        viewed: &ViewedFrame,
        spot: Viewport,
        (style, corner): (&FieldStyle, Align2),
    ) {
        let value = self.pointed_value(style, spot);
        if let Some(range) = self.field.range(style) {
            let scale = ColourBar { style, range, unit: legend::unit(self.shown), value };
            legend::bar(painter, spot.frame, corner, &scale);
        }
        let meanings = legend::meanings(self.shown, viewed.shown_objective());
        legend::patches(painter, spot.frame, corner, (&meanings, value));
    }
}
