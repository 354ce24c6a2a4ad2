//! Legends: the meaning of a map's colours, drawn in a corner of its picture.

use super::theme::{
    self,
    overlay::{PLATE, TEXT, patch_border},
};
use crate::{
    config::ObjectiveConfig,
    geometry::colormap::Colormap,
    objective::{Categories, MapKind, MapName, ScalarStyle, UsualRange},
    view::{FieldStyle, Range},
};
use egui::{Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, Vec2};

/// Height of one line of a legend or a note, points.
pub const HEIGHT: f32 = 26.0;
const BAR: Vec2 = Vec2::new(88.0, 8.0);
const UNWARPED: [[u8; 3]; 3] = [[62, 68, 82], [92, 100, 118], [126, 134, 152]];
const WARPED: [[u8; 3]; 3] = [[236, 158, 62], [72, 178, 164], [196, 112, 190]];

/// Default style of a map; `None` for colour pictures.
pub fn default_style(name: MapName, objective: &ObjectiveConfig) -> Option<FieldStyle> {
    match name.kind() {
        MapKind::Colour => None,
        MapKind::Category(_) => {
            let colours = meanings(name, objective).into_iter().map(|(_, colour)| colour);
            Some(FieldStyle::Category(colours.collect()))
        }
        MapKind::Scalar(ScalarStyle { colormap, range, logarithmic, sparse, .. }) => {
            let range = match range {
                UsualRange::AllBut(outside) => Range::Automatic { outside },
                UsualRange::Fixed(low, high) => Range::Fixed { low, high },
            };
            Some(FieldStyle::Measure { colormap, range, logarithmic, sparse })
        }
    }
}

/// Meaning and colour of each number of a category map, in order; empty for other maps.
pub fn meanings(name: MapName, objective: &ObjectiveConfig) -> Vec<(String, [u8; 3])> {
    match name.kind() {
        MapKind::Category(Categories::Training) => {
            vec![("left out".to_owned(), [38, 40, 46]), ("trains".to_owned(), [222, 224, 228])]
        }
        MapKind::Category(Categories::Candidates) => choices(objective),
        MapKind::Colour | MapKind::Scalar(_) => Vec::new(),
    }
}

/// Unit of a map's numbers, or nothing.
pub fn unit(name: MapName) -> &'static str {
    match name.kind() {
        MapKind::Scalar(style) => style.unit,
        MapKind::Colour | MapKind::Category(_) => "",
    }
}

/// Colour of a source in every legend and plot.
pub fn source_colour(index: usize) -> Color32 {
    theme::computed(WARPED[index % WARPED.len()])
}

/// Meaning and colour of each number in the map of minima: the unwarped sources, then the warped ones.
fn choices(objective: &ObjectiveConfig) -> Vec<(String, [u8; 3])> {
    let sources: Vec<String> = objective.sources().map(crate::config::FrameId::label).collect();
    let colour = |colours: [[u8; 3]; 3], index: usize| colours[index % colours.len()];
    let as_they_are = if objective.disable_automasking { &[][..] } else { &sources[..] };
    let unwarped =
        as_they_are.iter().enumerate().map(|(index, id)| (format!("{id} unwarped"), colour(UNWARPED, index)));
    let warped =
        sources.iter().enumerate().map(|(index, id)| (format!("{id} warped"), colour(WARPED, index)));
    unwarped.chain(warped).collect()
}

/// Legend of a measure: a bar of its colour map.
pub struct ColourBar<'a> {
    /// Colour map and scale.
    pub style: &'a FieldStyle,
    /// Values at both ends.
    pub range: (f32, f32),
    /// Unit of the numbers, or empty.
    pub unit: &'a str,
    /// Value of the pixel under the pointer.
    pub value: Option<f32>,
}

/// Draws a bar of the colour map between the values of its ends, with a mark at the value under the pointer.
pub fn bar(painter: &Painter, picture: Rect, corner: Align2, scale: &ColourBar<'_>) {
    let FieldStyle::Measure { colormap, logarithmic, .. } = scale.style else { return };
    let text = |text: String| painter.layout_no_wrap(text, FontId::proportional(11.0), TEXT);
    let [low, high] = [scale.range.0, scale.range.1].map(|end| text(number(end)));
    let mut after = vec![scale.unit, if *logarithmic { "log" } else { "" }];
    after.retain(|word| !word.is_empty());
    let note = text(after.join(" · "));
    let note_width = if after.is_empty() { 0.0 } else { note.size().x + theme::HALF };
    let (low_width, high_width, height) = (low.size().x, high.size().x, low.size().y);
    let width = low_width + BAR.x + high_width + note_width + 2.0 * theme::HALF;
    // A small picture has room for the ends only.
    let has_room = 2.0 * height + theme::HALF <= picture.height() / 3.0;
    let value = scale.value.filter(|value| value.is_finite() && has_room);
    let rows = if value.is_some() { 2.0 } else { 1.0 };
    let Some(plate) = plate(painter, picture, corner, Vec2::new(width, rows * height)) else { return };
    let middle = plate.bottom() - height / 2.0;
    let text_at = |x: f32, height: f32| Pos2::new(x, middle - height / 2.0);
    let mut x = plate.left();
    painter.galley(text_at(x, height), low, TEXT);
    x += low_width + theme::HALF;
    let bar = Rect::from_min_size(text_at(x, BAR.y), BAR);
    painter.add(gradient(*colormap, bar));
    x += BAR.x + theme::HALF;
    painter.galley(text_at(x, height), high, TEXT);
    painter.galley(text_at(x + high_width + theme::HALF, height), note, TEXT);
    if let Some(value) = value {
        let at = egui::lerp(bar.x_range(), scale.style.share(value, scale.range));
        for (width, colour) in [(4.0, PLATE), (2.0, TEXT)] {
            painter.vline(at, bar.expand(2.0).y_range(), Stroke::new(width, colour));
        }
        let text = text(number(value));
        let left = (at - text.size().x / 2.0).clamp(plate.left(), plate.right() - text.size().x);
        painter.galley(Pos2::new(left, plate.top()), text, TEXT);
    }
}

/// Draws a patch of colour before each meaning, and underlines the meaning of the pixel under the pointer.
pub fn patches(
    painter: &Painter,
    picture: Rect,
    corner: Align2,
    (meanings, value): (&[(String, [u8; 3])], Option<f32>),
) {
    let font = FontId::proportional(11.0);
    let galleys: Vec<_> = meanings
        .iter()
        .map(|(meaning, colour)| (painter.layout_no_wrap(meaning.clone(), font.clone(), TEXT), *colour))
        .collect();
    let Some(height) = galleys.first().map(|(galley, _)| galley.size().y) else { return };
    let step = |width: f32| BAR.y + theme::HALF + width + theme::UNIT;
    let width = galleys.iter().map(|(galley, _)| step(galley.size().x)).sum::<f32>() - theme::UNIT;
    let Some(plate) = plate(painter, picture, corner, Vec2::new(width, height)) else { return };
    let mut x = plate.left();
    for (index, (galley, colour)) in galleys.into_iter().enumerate() {
        let patch = Rect::from_min_size(Pos2::new(x, plate.center().y - BAR.y / 2.0), Vec2::splat(BAR.y));
        painter.rect_filled(patch, 1.0, theme::computed(colour));
        painter.rect_stroke(patch, 1.0, (1.0, patch_border()), egui::StrokeKind::Outside);
        let (left, advance) = (patch.right() + theme::HALF, step(galley.size().x));
        if value.is_some_and(|value| value.round() == index as f32) {
            painter.hline(patch.left()..=left + galley.size().x, plate.bottom(), Stroke::new(1.5, TEXT));
        }
        painter.galley(Pos2::new(left, plate.center().y - height / 2.0), galley, TEXT);
        x += advance;
    }
}

/// Draws a dark plate behind content of this size; `None` if it would cover too much of the picture.
fn plate(painter: &Painter, picture: Rect, corner: Align2, content: Vec2) -> Option<Rect> {
    let size = content + Vec2::new(2.0 * theme::UNIT, theme::HALF);
    if size.x > picture.width() - theme::UNIT || size.y > picture.height() / 3.0 {
        return None;
    }
    let plate = corner.align_size_within_rect(size, picture.shrink(theme::HALF));
    painter.rect_filled(plate, 3.0, PLATE);
    Some(Rect::from_center_size(plate.center(), content))
}

/// A few words in a corner of the picture, in as many lines as they need there.
pub fn note(painter: &Painter, picture: Rect, corner: Align2, text: &str) {
    let width = picture.width() - 3.0 * theme::UNIT;
    let text = painter.layout(text.to_owned(), FontId::proportional(11.0), TEXT, width);
    if let Some(plate) = plate(painter, picture, corner, text.size()) {
        painter.galley(plate.min, text, TEXT);
    }
}

fn gradient(colormap: Colormap, rect: Rect) -> Shape {
    const STEPS: u32 = 32;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let colour = theme::computed(colormap.colour(share));
        let x = egui::lerp(rect.x_range(), share);
        mesh.colored_vertex(Pos2::new(x, rect.top()), colour);
        mesh.colored_vertex(Pos2::new(x, rect.bottom()), colour);
    }
    for step in 0..STEPS {
        let first = 2 * step;
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first + 1, first + 2, first + 3);
    }
    Shape::mesh(mesh)
}

/// Text of a value with about three significant digits, without trailing zeros.
pub fn number(value: f32) -> String {
    let size = value.abs();
    if size != 0.0 && !(0.001..10_000.0).contains(&size) {
        return format!("{value:.1e}");
    }
    let decimals = match size {
        size if size < 0.1 => 4,
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
