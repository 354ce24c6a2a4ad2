//! What the colours of a map mean, drawn inside the picture's lower right corner.

use super::theme;
use crate::{
    config::ObjectiveConfig,
    geometry::colormap::Colormap,
    objective::{MapKind, MapName},
    view::{FieldStyle, Range},
};
use egui::{Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Vec2};

/// Room for one line of a legend or a note.
pub const HEIGHT: f32 = 26.0;
const BAR: Vec2 = Vec2::new(88.0, 8.0);
const TEXT: Color32 = Color32::from_gray(232);
const SHADE: Color32 = Color32::from_black_alpha(168);
const UNWARPED: [[u8; 3]; 3] = [[62, 68, 82], [92, 100, 118], [126, 134, 152]];
const WARPED: [[u8; 3]; 3] = [[236, 158, 62], [72, 178, 164], [196, 112, 190]];

/// How a map is drawn unless someone chooses otherwise; `None` for colour pictures.
pub fn usual_style(name: MapName, objective: &ObjectiveConfig) -> Option<FieldStyle> {
    let sparse = MapName::OF_TRUTH.contains(&name);
    let measure =
        |colormap, range, logarithmic| Some(FieldStyle::Measure { colormap, range, logarithmic, sparse });
    match name {
        MapName::AutoMask => Some(FieldStyle::Category(vec![[38, 40, 46], [222, 224, 228]])),
        MapName::ChosenSource => {
            Some(FieldStyle::Category(choices(objective).into_iter().map(|(_, colour)| colour).collect()))
        }
        MapName::Depth => measure(Colormap::Turbo, Range::Automatic, true),
        MapName::TrueDepth => measure(Colormap::Turbo, Range::Fixed { low: 2.0, high: 80.0 }, true),
        MapName::DepthError => measure(Colormap::Diverging, Range::Fixed { low: -0.3, high: 0.3 }, false),
        MapName::Disparity(_) => measure(Colormap::Magma, Range::Automatic, false),
        MapName::PredictiveMask(_) => measure(Colormap::Grey, Range::Fixed { low: 0.0, high: 1.0 }, false),
        // A photometric loss lies between 0 and 1, and on real images nearly all of it below a half.
        _ if name.kind() == MapKind::Scalar => {
            measure(Colormap::Viridis, Range::Fixed { low: 0.0, high: 0.5 }, false)
        }
        _ => None,
    }
}

/// The meanings of a category map's numbers, in order; empty for other maps.
pub fn meanings(name: MapName, objective: &ObjectiveConfig) -> Vec<(String, [u8; 3])> {
    match name {
        MapName::AutoMask => {
            vec![("left out".to_owned(), [38, 40, 46]), ("trains".to_owned(), [222, 224, 228])]
        }
        MapName::ChosenSource => choices(objective),
        _ => Vec::new(),
    }
}

/// The colour of a source wherever it is told from others.
pub fn source_colour(index: usize) -> Color32 {
    let [red, green, blue] = WARPED[index % WARPED.len()];
    Color32::from_rgb(red, green, blue)
}

/// What each number of the chosen source stands for: the sources as they are, then warped.
fn choices(objective: &ObjectiveConfig) -> Vec<(String, [u8; 3])> {
    let sources: Vec<String> = objective.sources().map(crate::config::FrameId::label).collect();
    let colour = |colours: [[u8; 3]; 3], index: usize| colours[index % colours.len()];
    let as_they_are = if objective.disable_automasking { &[][..] } else { &sources[..] };
    let unwarped =
        as_they_are.iter().enumerate().map(|(index, id)| (format!("{id} as it is"), colour(UNWARPED, index)));
    let warped =
        sources.iter().enumerate().map(|(index, id)| (format!("{id} warped"), colour(WARPED, index)));
    unwarped.chain(warped).collect()
}

/// A bar of the colour map between the numbers that its ends stand for.
pub fn bar(painter: &Painter, picture: Rect, style: &FieldStyle, range: Option<(f32, f32)>) {
    let FieldStyle::Measure { colormap, logarithmic, .. } = style else { return };
    let Some((low, high)) = range else { return };
    let font = FontId::proportional(11.0);
    let low = painter.layout_no_wrap(number(low), font.clone(), TEXT);
    let high = painter.layout_no_wrap(number(high), font.clone(), TEXT);
    let note = painter.layout_no_wrap(if *logarithmic { "log" } else { "" }.to_owned(), font, TEXT);
    let note_width = if *logarithmic { note.size().x + theme::HALF } else { 0.0 };
    let width = low.size().x + BAR.x + high.size().x + note_width + 2.0 * theme::HALF;
    let Some(plate) = plate(painter, picture, Vec2::new(width, low.size().y)) else { return };
    let text_at = |x: f32, height: f32| Pos2::new(x, plate.center().y - height / 2.0);
    let mut x = plate.left();
    let (low_width, high_width, height) = (low.size().x, high.size().x, low.size().y);
    painter.galley(text_at(x, height), low, TEXT);
    x += low_width + theme::HALF;
    painter.add(gradient(*colormap, Rect::from_min_size(text_at(x, BAR.y), BAR)));
    x += BAR.x + theme::HALF;
    painter.galley(text_at(x, height), high, TEXT);
    painter.galley(text_at(x + high_width + theme::HALF, height), note, TEXT);
}

/// A patch of colour before each meaning.
pub fn patches(painter: &Painter, picture: Rect, meanings: &[(String, [u8; 3])]) {
    let font = FontId::proportional(11.0);
    let galleys: Vec<_> = meanings
        .iter()
        .map(|(meaning, colour)| (painter.layout_no_wrap(meaning.clone(), font.clone(), TEXT), *colour))
        .collect();
    let entry = |width: f32| BAR.y + theme::HALF + width;
    let width: f32 = galleys.iter().map(|(galley, _)| entry(galley.size().x) + theme::UNIT).sum();
    let height = galleys.first().map_or(0.0, |(galley, _)| galley.size().y);
    let Some(plate) = plate(painter, picture, Vec2::new(width - theme::UNIT, height)) else { return };
    let mut x = plate.left();
    for (galley, [red, green, blue]) in galleys {
        let patch = Rect::from_center_size(Pos2::new(x + BAR.y / 2.0, plate.center().y), Vec2::splat(BAR.y));
        painter.rect_filled(patch, 1.0, Color32::from_rgb(red, green, blue));
        painter.rect_stroke(patch, 1.0, (1.0, Color32::from_white_alpha(90)), egui::StrokeKind::Outside);
        let advance = entry(galley.size().x) + theme::UNIT;
        painter.galley(Pos2::new(x + BAR.y + theme::HALF, plate.top()), galley, TEXT);
        x += advance;
    }
}

/// A dark plate for content of this size; `None` if it would cover too much of the picture.
fn plate(painter: &Painter, picture: Rect, content: Vec2) -> Option<Rect> {
    let size = content + Vec2::new(2.0 * theme::UNIT, theme::HALF);
    let corner = picture.right_bottom() - Vec2::splat(theme::HALF);
    let plate = Rect::from_min_max(corner - size, corner);
    if size.x > picture.width() - theme::UNIT || size.y > picture.height() / 3.0 {
        return None;
    }
    painter.rect_filled(plate, 3.0, SHADE);
    Some(Rect::from_center_size(plate.center(), content))
}

/// A few words in the picture's upper left corner.
pub fn note(painter: &Painter, picture: Rect, text: &str) {
    let text = painter.layout_no_wrap(text.to_owned(), FontId::proportional(11.0), TEXT);
    let plate =
        Rect::from_min_size(picture.min + Vec2::splat(theme::HALF), text.size() + Vec2::new(12.0, 4.0));
    if plate.width() < picture.width() / 2.0 {
        painter.rect_filled(plate, 3.0, SHADE);
        painter.galley(plate.min + Vec2::new(6.0, 2.0), text, TEXT);
    }
}

fn gradient(colormap: Colormap, rect: Rect) -> Shape {
    const STEPS: u32 = 32;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let [red, green, blue] = colormap.colour(share);
        let x = egui::lerp(rect.x_range(), share);
        mesh.colored_vertex(Pos2::new(x, rect.top()), Color32::from_rgb(red, green, blue));
        mesh.colored_vertex(Pos2::new(x, rect.bottom()), Color32::from_rgb(red, green, blue));
    }
    for step in 0..STEPS {
        let first = 2 * step;
        mesh.add_triangle(first, first + 1, first + 2);
        mesh.add_triangle(first + 1, first + 2, first + 3);
    }
    Shape::mesh(mesh)
}

/// About three significant digits, without zeros that say nothing.
fn number(value: f32) -> String {
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
