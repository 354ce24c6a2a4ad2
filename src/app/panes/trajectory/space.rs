//! Path in 3D, over a grid of metres.

use super::colours::TrajectoryColours;
use crate::{app::state::TrajectoryReport, geometry::trajectory::Alignment, view::Orbit};
use egui::{Align2, Color32, FontId, Rect, Sense, Stroke, Ui};
use glam::{DAffine3, DVec3};

/// Length of the longer side of the path, in the orbit's unit.
const SPAN: f64 = 1.5;
/// Approximate number of grid lines along the longer side.
const LINES: f64 = 6.0;

/// Draws the path, which dragging rotates.
pub fn draw(
    ui: &mut Ui,
    rect: Rect,
    orbit: &mut Orbit,
    (report, alignment): (&TrajectoryReport, Alignment),
    frame: u32,
    colours: &TrajectoryColours,
) {
    let response = ui.interact(rect, ui.scope_id().with("space"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Trajectory in space"));
    orbit.interact(&response);
    let truth: Vec<DAffine3> = report.truth.iter().map(|(_, pose)| *pose).collect();
    let predicted = &report.aligned(alignment).poses;
    let points = || truth.iter().chain(predicted).map(|pose| pose.translation);
    let min = points().reduce(DVec3::min).unwrap_or_default();
    let max = points().reduce(DVec3::max).unwrap_or_default();
    let stage = Stage { rect, orbit, middle: (min + max) / 2.0, side: (max - min).max_element().max(1e-6) };

    let painter = ui.painter().with_clip_rect(rect);
    let line = |from: DVec3, to: DVec3, stroke: Stroke| {
        if let (Some(from), Some(to)) = (stage.project(from), stage.project(to)) {
            painter.line_segment([from, to], stroke);
        }
    };
    let spacing = spacing(stage.side);
    let marks = |from: f64, to: f64| {
        let first = (from / spacing).floor() as i64;
        (first..=(to / spacing).ceil() as i64).map(move |index| index as f64 * spacing)
    };
    let (columns, rows): (Vec<f64>, Vec<f64>) =
        (marks(min.x, max.x).collect(), marks(min.z, max.z).collect());
    let ground = |x: f64, z: f64| DVec3::new(x, max.y, z);
    let faint = Stroke::new(1.0, colours.faint.gamma_multiply(0.35));
    if let ([left, .., right], [back, .., front]) = (&columns[..], &rows[..]) {
        for x in &columns {
            line(ground(*x, *back), ground(*x, *front), faint);
        }
        for z in &rows {
            line(ground(*left, *z), ground(*right, *z), faint);
        }
        let unit = if truth.is_empty() { "units" } else { "m" };
        let label = |point: DVec3, value: f64| {
            if let Some(at) = stage.project(point) {
                let text = format!("{value} {unit}");
                painter.text(at, Align2::CENTER_TOP, text, FontId::proportional(11.0), colours.faint);
            }
        };
        columns.iter().for_each(|x| label(ground(*x, *back), *x));
        rows.iter().for_each(|z| label(ground(*right, *z), *z));
    }
    let walk = |path: &[DAffine3], width: f32, colour: Color32| {
        for pair in path.windows(2) {
            line(pair[0].translation, pair[1].translation, Stroke::new(width, colour));
        }
    };
    walk(&truth, 1.5, colours.truth);
    walk(predicted, 2.0, colours.predicted);
    let index = report.trajectory().frames.iter().position(|other| *other == frame);
    if let Some(at) = index.and_then(|index| stage.project(predicted.get(index)?.translation)) {
        painter.circle_filled(at, 4.5, colours.here);
    }
}

/// Projection of points of the path onto the screen.
struct Stage<'a> {
    rect: Rect,
    orbit: &'a Orbit,
    middle: DVec3,
    side: f64,
}

impl Stage<'_> {
    fn project(&self, point: DVec3) -> Option<egui::Pos2> {
        let point = ((point - self.middle) / self.side * SPAN).as_vec3();
        self.orbit.project(Orbit::default().centre + point, self.rect)
    }
}

/// Distance between the lines of the grid, metres: 1, 2 or 5 times a power of ten.
fn spacing(side: f64) -> f64 {
    let rough = side / LINES;
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|step| *step >= rough).unwrap_or(power)
}
