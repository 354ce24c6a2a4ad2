//! Marks of the inspected pixel in every view. In a source's picture: its projection, and the epipolar line of its
//! projections at other depths.

use crate::{
    app::{
        legend,
        state::{InspectedPixel, Inspection},
        theme::{
            Palette,
            overlay::{MARK, MARK_EDGE},
        },
    },
    config::ImageSize,
    inspect::SourceCurve,
    objective::MapName,
};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Stroke, Vec2};

/// Depths with a tick on the epipolar line.
const TICKS: [f64; 10] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
/// Smallest distance of a tick with a number from the tick before, points.
const TICK_DISTANCE: f32 = 26.0;

/// Marks the inspected pixel in a picture of this map.
pub fn draw(painter: &Painter, picture: Rect, name: MapName, inspection: &Inspection) {
    let Some(point) = inspection.point() else { return };
    let painter = painter.with_clip_rect(picture.intersect(painter.clip_rect()));
    let here = point.on(picture);
    let source = inspection.pixel().and_then(|pixel| {
        let MapName::Colour(id) = name else { return None };
        let index = pixel.curve.sources.iter().position(|source| source.id == id)?;
        Some((pixel, index))
    });
    let colour = if inspection.is_pinned { Palette::DARK.accent } else { MARK };
    match source {
        None => cross(&painter, here, colour),
        Some((pixel, index)) => {
            // The identity loss compares with the same pixel of the source.
            painter.circle_stroke(here, 3.5, Stroke::new(3.0, MARK_EDGE));
            painter.circle_stroke(here, 3.5, Stroke::new(1.2, MARK));
            let line = EpipolarLine { painter: &painter, picture, size: pixel.report.size };
            line.draw(pixel, index, inspection.supposed_depth);
        }
    }
}

/// Draws four strokes around a point, which itself stays visible.
fn cross(painter: &Painter, at: Pos2, colour: Color32) {
    for (width, colour) in [(3.0, MARK_EDGE), (1.2, colour)] {
        for direction in [Vec2::X, -Vec2::X, Vec2::Y, -Vec2::Y] {
            painter.line_segment([at + direction * 4.0, at + direction * 11.0], Stroke::new(width, colour));
        }
    }
}

/// Epipolar line in a source's picture.
struct EpipolarLine<'a> {
    painter: &'a Painter,
    picture: Rect,
    size: ImageSize,
}

impl EpipolarLine<'_> {
    /// Screen position of a pixel position in the source, in which integers are pixel centres.
    fn on_screen(&self, [x, y]: [f64; 2]) -> Pos2 {
        let share = |position: f64, count: usize| ((position + 0.5) / count as f64) as f32;
        let offset = Vec2::new(share(x, self.size.width), share(y, self.size.height));
        self.picture.min + self.picture.size() * offset
    }

    fn draw(&self, pixel: &InspectedPixel, index: usize, supposed_depth: Option<f64>) {
        let source = &pixel.curve.sources[index];
        let colour = legend::source_colour(index);
        for stretch in source.points.split(Option::is_none) {
            let points: Vec<Pos2> = stretch.iter().flatten().map(|point| self.on_screen(*point)).collect();
            if points.len() > 1 {
                self.painter.line(points.clone(), Stroke::new(3.0, MARK_EDGE));
                self.painter.line(points, Stroke::new(1.4, colour));
            }
        }
        self.ticks(&pixel.curve.depths, source, colour);
        self.dot(pixel.report.sources[index].sampled, colour);
        let supposed = supposed_depth.and_then(|depth| interpolated(&pixel.curve.depths, source, depth));
        if let Some(point) = supposed {
            cross(self.painter, self.on_screen(point), MARK);
        }
    }

    fn dot(&self, point: [f64; 2], colour: Color32) {
        let at = self.on_screen(point);
        self.painter.circle_filled(at, 4.5, MARK_EDGE);
        self.painter.circle_filled(at, 3.0, colour);
    }

    fn ticks(&self, depths: &[f64], source: &SourceCurve, colour: Color32) {
        let mut last: Option<Pos2> = None;
        for depth in TICKS {
            let Some(point) = interpolated(depths, source, depth) else { continue };
            let at = self.on_screen(point);
            if !self.picture.contains(at) || last.is_some_and(|last| last.distance(at) < TICK_DISTANCE) {
                continue;
            }
            let ahead = interpolated(depths, source, depth * 1.05)
                .or_else(|| interpolated(depths, source, depth / 1.05));
            let along = ahead.map_or(Vec2::X, |ahead| (self.on_screen(ahead) - at).normalized());
            let normal = if along == Vec2::ZERO { Vec2::Y } else { along.rot90() };
            self.painter.line_segment([at - normal * 4.0, at + normal * 4.0], Stroke::new(3.0, MARK_EDGE));
            self.painter.line_segment([at - normal * 4.0, at + normal * 4.0], Stroke::new(1.4, colour));
            let text = self.painter.layout_no_wrap(format!("{depth}"), FontId::proportional(10.0), MARK);
            let plate = Align2::CENTER_TOP.anchor_size(at + Vec2::new(0.0, 5.0), text.size());
            self.painter.rect_filled(plate.expand2(Vec2::new(2.0, 0.0)), 2.0, MARK_EDGE);
            self.painter.galley(plate.min, text, MARK);
            last = Some(at);
        }
    }
}

/// Projection of the pixel into a source at a depth between those of its curve.
fn interpolated(depths: &[f64], source: &SourceCurve, depth: f64) -> Option<[f64; 2]> {
    let after = depths.partition_point(|other| *other < depth * (1.0 - 1e-6));
    let (before, after) = (after.saturating_sub(1), after.min(depths.len().checked_sub(1)?));
    let (near, far) = (source.points[before]?, source.points[after]?);
    // Positions are nearly linear in 1 / depth.
    let (low, high) = (1.0 / depths[before], 1.0 / depths[after]);
    let share = if low == high { 0.0 } else { ((1.0 / depth - low) / (high - low)).clamp(0.0, 1.0) };
    Some([0, 1].map(|axis| near[axis] + share * (far[axis] - near[axis])))
}
