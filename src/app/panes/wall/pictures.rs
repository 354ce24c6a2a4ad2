//! Textures of the wall: thumbnails in the colours of their maps.

use crate::{
    app::{legend, theme},
    config::ObjectiveConfig,
    data::FrameKey,
    objective::MapName,
    runs::{Snapshot, Thumbnail},
    view::{FieldStyle, Range},
};
use egui::{Color32, ColorImage, Context, TextureHandle, TextureId, TextureOptions};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Textures of the snapshot that is shown, created when first drawn.
#[derive(Default)]
pub struct SnapshotTextures {
    shown: Option<Arc<Snapshot>>,
    /// Snapshot whose values determine the range of the colours.
    measured: Option<Arc<Snapshot>>,
    appearances: BTreeMap<MapName, Appearance>,
    /// egui context that owns the textures.
    context: Option<Context>,
    textures: HashMap<(FrameKey, MapName), TextureHandle>,
}

/// Colours of a map.
#[derive(Clone)]
pub struct Appearance {
    /// Colours of the map.
    pub style: FieldStyle,
    /// Values at the ends of the colours.
    pub range: (f32, f32),
}

impl SnapshotTextures {
    /// Switches to the snapshot `shown`, coloured by the range of the values of `measured`.
    pub fn turn_to(&mut self, shown: Option<&Arc<Snapshot>>, measured: Option<&Arc<Snapshot>>) {
        let is_same = |old: &Option<Arc<Snapshot>>, new: Option<&Arc<Snapshot>>| match (old, new) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !is_same(&self.measured, measured) {
            self.appearances.clear();
        } else if is_same(&self.shown, shown) {
            return;
        }
        self.textures.clear();
        (self.shown, self.measured) = (shown.cloned(), measured.cloned());
    }

    /// Colours of a map; `None` for colour pictures.
    pub fn appearance(&mut self, name: MapName, objective: &ObjectiveConfig) -> Option<Appearance> {
        if let Some(appearance) = self.appearances.get(&name) {
            return Some(appearance.clone());
        }
        let style = legend::default_style(name, objective)?;
        let frames = self.measured.iter().flat_map(|snapshot| &snapshot.frames);
        let values = frames.filter_map(|frame| frame.maps.get(&name)).flat_map(Thumbnail::values);
        let appearance = Appearance { range: range(&style, values), style };
        self.appearances.insert(name, appearance.clone());
        Some(appearance)
    }

    /// Texture of a thumbnail.
    pub fn texture(
        &mut self,
        context: &Context,
        (key, name): (&FrameKey, MapName),
        thumbnail: &Thumbnail,
        appearance: Option<&Appearance>,
    ) -> TextureId {
        if self.context.as_ref() != Some(context) {
            self.textures.clear();
            self.context = Some(context.clone());
        }
        let texture = self.textures.entry((key.clone(), name)).or_insert_with(|| {
            let size = [thumbnail.size.width, thumbnail.size.height];
            let image = match (thumbnail.colours(), appearance) {
                (Some(colours), _) => ColorImage::from_rgb(size, colours),
                (None, appearance) => ColorImage::new(size, coloured(thumbnail, appearance)),
            };
            context.load_texture("wall", image, TextureOptions::LINEAR)
        });
        texture.id()
    }
}

fn coloured(thumbnail: &Thumbnail, appearance: Option<&Appearance>) -> Vec<Color32> {
    let colour = |value: f32| {
        let Appearance { style, range } = appearance?;
        let is_unknown = value == 0.0 && matches!(style, FieldStyle::Measure { sparse: true, .. });
        style.colour(value, *range).filter(|_| !is_unknown)
    };
    let unknown = [24; 3];
    let colours = thumbnail.values().map(|value| colour(value).unwrap_or(unknown));
    colours.map(theme::computed).collect()
}

/// Values of the first and the last colour.
fn range(style: &FieldStyle, values: impl Iterator<Item = f32>) -> (f32, f32) {
    let FieldStyle::Measure { colormap, range, sparse, .. } = style else { return (0.0, 1.0) };
    let outside = match range {
        Range::Fixed { low, high } => return (*low, *high),
        Range::Automatic { outside } => *outside,
    };
    let mut values: Vec<f32> =
        values.filter(|value| value.is_finite() && !(*sparse && *value == 0.0)).collect();
    if colormap.has_middle() {
        values.iter_mut().for_each(|value| *value = value.abs());
    }
    values.sort_unstable_by(f32::total_cmp);
    let at =
        |share: f32| values.get((share * values.len().saturating_sub(1) as f32).round() as usize).copied();
    let (Some(low), Some(high)) = (at(outside), at(1.0 - outside)) else { return (0.0, 1.0) };
    // A constant map still needs a range that is not empty.
    let high = high.max(low + f32::EPSILON);
    if colormap.has_middle() { (-high, high) } else { (low, high) }
}
