//! Path from above, and below it its distance from the true path.

use super::colours::TrajectoryColours;
use crate::{
    app::{legend::number, state::TrajectoryReport, theme},
    geometry::trajectory::Alignment,
};
use egui::{Rect, Response, Ui, UiBuilder};
use egui_plot::{
    Corner, Legend, Line, LineStyle, MarkerShape, Plot, PlotPoint, PlotPoints, PlotTransform, Points,
};
use glam::DAffine3;

/// Share of the height that the view from above takes.
const ABOVE: f32 = 0.68;
/// Distance of a click from the path within which it selects a frame, points.
const NEAR: f32 = 32.0;

/// Frame number and its point in a plot.
type Mark = (u32, [f64; 2]);

/// Draws both plots. Returns the frame whose mark was clicked.
pub fn draw(
    ui: &mut Ui,
    rect: Rect,
    (report, alignment): (&TrajectoryReport, Alignment),
    frame: u32,
    colours: &TrajectoryColours,
) -> Option<u32> {
    let has_truth = report.truth.len() > 1;
    let height = if has_truth { rect.height() * ABOVE } else { rect.height() };
    let (upper, lower) = rect.split_top_bottom_at_y(rect.top() + height);
    let aligned = report.aligned(alignment);
    let from_above = |pose: &DAffine3| [pose.translation.x, pose.translation.z];
    let frames = report.trajectory().frames.iter();
    let predicted: Vec<Mark> =
        frames.zip(&aligned.poses).map(|(frame, pose)| (*frame, from_above(pose))).collect();
    let truth: Vec<Mark> = report.truth.iter().map(|(frame, pose)| (*frame, from_above(pose))).collect();
    let errors: Vec<Mark> =
        aligned.errors.iter().map(|(frame, travelled, distance)| (*frame, [*travelled, *distance])).collect();

    let unit = if has_truth { "m" } else { "units" };
    let plot = Plot::new("trajectory_above")
        .data_aspect(1.0)
        .legend(Legend::default().background_alpha(0.6).text_style(egui::TextStyle::Small))
        .set_margin_fraction(egui::vec2(0.08, 0.08));
    let lines =
        [("true path", &truth, colours.truth, 1.5), ("predicted", &predicted, colours.predicted, 2.0)];
    let above = show(ui, upper, plot, unit, "Trajectory from above", |plot| {
        for (name, marks, colour, width) in lines {
            if marks.len() > 1 {
                plot.line(Line::new(name, points(marks)).color(colour).width(width));
            }
        }
        let start = predicted.first().into_iter().copied().collect::<Vec<Mark>>();
        let start = Points::new("start", points(&start)).shape(MarkerShape::Square).radius(4.0);
        plot.points(start.color(colours.faint));
        here(plot, [&truth, &predicted], frame, colours);
    });
    let mut chosen = above.and_then(|at| nearest(&at, [&predicted, &truth]));
    if has_truth {
        let plot = Plot::new("trajectory_error")
            .include_y(0.0)
            .legend(
                Legend::default()
                    .position(Corner::LeftTop)
                    .background_alpha(0.6)
                    .text_style(egui::TextStyle::Small),
            )
            .allow_scroll(false)
            .set_margin_fraction(egui::vec2(0.04, 0.12));
        let below = show(ui, lower, plot, "m", "Trajectory error over distance", |plot| {
            let line = Line::new("distance to the true path", points(&errors)).color(colours.predicted);
            plot.line(line.width(1.5).style(LineStyle::Solid));
            here(plot, [&errors, &[]], frame, colours);
        });
        chosen = chosen.or(below.and_then(|at| nearest(&at, [&errors, &[]])));
    }
    chosen
}

fn points(marks: &[Mark]) -> PlotPoints<'static> {
    marks.iter().map(|(_, point)| *point).collect()
}

/// Marks the viewed frame on each line.
fn here(plot: &mut egui_plot::PlotUi<'_>, lines: [&[Mark]; 2], frame: u32, colours: &TrajectoryColours) {
    let points = lines.into_iter().flatten().filter(|(marked, _)| *marked == frame);
    let points: PlotPoints<'_> = points.map(|(_, point)| *point).collect();
    plot.points(Points::new("this frame", points).radius(4.5).color(colours.here));
}

/// Click in a plot, with the transform from its values to the screen.
struct PlotClick {
    response: Response,
    transform: PlotTransform,
}

fn show<'a>(
    ui: &mut Ui,
    rect: Rect,
    plot: Plot<'a>,
    unit: &'static str,
    name: &str,
    build: impl FnOnce(&mut egui_plot::PlotUi<'a>) + 'a,
) -> Option<PlotClick> {
    let mut ui = ui.new_child(UiBuilder::new().max_rect(rect));
    let shown = plot
        .x_axis_formatter(move |mark, _| format!("{} {unit}", number(mark.value as f32)))
        .y_axis_formatter(move |mark, _| format!("{} {unit}", number(mark.value as f32)))
        .label_formatter(|_| None)
        .show_background(false)
        .grid_fade(0.6)
        .grid_color(theme::grid(&ui))
        .show(&mut ui, build);
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    let clicked = shown.response.clicked();
    clicked.then_some(PlotClick { response: shown.response, transform: shown.transform })
}

/// Frame whose mark is nearest to a click, if one is near enough.
fn nearest(click: &PlotClick, lines: [&[Mark]; 2]) -> Option<u32> {
    let at = click.response.interact_pointer_pos()?;
    let distance = |point: [f64; 2]| {
        let point = click.transform.position_from_point(&PlotPoint::new(point[0], point[1]));
        point.distance(at)
    };
    let near = lines.into_iter().flatten().map(|(frame, point)| (*frame, distance(*point)));
    let nearest = near.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (nearest.1 < NEAR).then_some(nearest.0)
}
