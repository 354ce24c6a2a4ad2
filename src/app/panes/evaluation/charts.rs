//! Charts of the distribution of errors over images and over distances.

use crate::{
    app::theme::{self, Palette},
    evaluate::DistanceRange,
    session::EvaluationReport,
};
use egui::{Color32, RichText, Ui, Vec2};
use egui_plot::{Bar, BarChart, GridInput, GridMark, Line, Plot, PlotPoints};

const BARS: usize = 24;
/// Largest height of both charts together, with their names.
const HIGHEST: f32 = 360.0;
const NAMES: f32 = 56.0;
/// Distance between the numbers of the axis of distances, metres.
const METRES_PER_MARK: f64 = 20.0;

/// Draws both charts, one above the other; the other report is drawn as a line.
pub(super) fn charts(ui: &mut Ui, report: &EvaluationReport, other: Option<&EvaluationReport>) {
    let palette = Palette::of(ui);
    let height = (ui.available_height().min(HIGHEST) - NAMES) / 2.0;
    let size = Vec2::new(ui.available_width(), height.max(48.0));
    ui.label(RichText::new("Images by abs_rel").small()).on_hover_text("How many images have which abs_rel");
    histogram(ui, size, report, other, &palette);
    ui.label(RichText::new("abs_rel by distance, metres").small())
        .on_hover_text("Mean error of the pixels whose true depth lies in each range, over all images");
    by_distance(ui, size, report, other, &palette);
}

fn histogram(
    ui: &mut Ui,
    size: Vec2,
    report: &EvaluationReport,
    other: Option<&EvaluationReport>,
    palette: &Palette,
) {
    let values = |report: &EvaluationReport| -> Vec<f64> {
        report.evaluation.per_image.iter().map(|image| image.metrics.abs_rel).collect()
    };
    let own = values(report);
    let all = || own.iter().copied().chain(other.map(values).unwrap_or_default());
    let min = all().fold(f64::INFINITY, f64::min);
    let width = ((all().fold(0.0, f64::max) - min) / BARS as f64).max(1e-4);
    let count = |values: &[f64]| {
        let mut counts = [0.0; BARS];
        for value in values {
            counts[(((value - min) / width) as usize).min(BARS - 1)] += 1.0;
        }
        counts
    };
    let centre = |bar: usize| min + (bar as f64 + 0.5) * width;
    let bars = count(&own).into_iter().enumerate();
    let bars = bars.map(|(bar, count)| Bar::new(centre(bar), count).width(0.92 * width)).collect();
    let chart = BarChart::new("images", bars).color(palette.accent);
    let before = other.map(|other| {
        let counts = count(&values(other)).into_iter().enumerate();
        let points: Vec<[f64; 2]> = counts.map(|(bar, count)| [centre(bar), count]).collect();
        Line::new("compared", PlotPoints::from(points)).color(palette.warning)
    });
    plot(ui, "histogram", size).show(ui, |plot| {
        plot.bar_chart(chart);
        if let Some(before) = before {
            plot.line(before);
        }
    });
}

fn by_distance(
    ui: &mut Ui,
    size: Vec2,
    report: &EvaluationReport,
    other: Option<&EvaluationReport>,
    palette: &Palette,
) {
    let middle = |range: &DistanceRange| f64::from(f32::midpoint(range.from_metres, range.to_metres));
    let ranges = &report.evaluation.by_distance;
    let bars = ranges.iter().map(|range| {
        let width = f64::from(range.to_metres - range.from_metres);
        let name = format!(
            "{} to {} m\nabs_rel {:.3}\nbias {:+.3}\n{} pixels",
            range.from_metres, range.to_metres, range.abs_rel, range.bias, range.pixels
        );
        Bar::new(middle(range), range.abs_rel).width(0.92 * width).name(name)
    });
    let chart = BarChart::new("abs_rel", bars.collect()).color(faded(palette.accent));
    let before = other.map(|other| {
        let ranges = other.evaluation.by_distance.iter();
        let points: Vec<[f64; 2]> = ranges.map(|range| [middle(range), range.abs_rel]).collect();
        Line::new("compared", PlotPoints::from(points)).color(palette.warning)
    });
    // At this width egui's default marks are so close that their numbers fade.
    let marks = |input: GridInput| {
        let last = (input.bounds.1 / METRES_PER_MARK) as u32;
        let mark = |index: u32| GridMark { value: f64::from(index) * METRES_PER_MARK, step_size: 100.0 };
        (0..=last).map(mark).collect()
    };
    plot(ui, "distance", size).x_grid_spacer(marks).show(ui, |plot| {
        plot.bar_chart(chart);
        if let Some(before) = before {
            plot.line(before);
        }
    });
}

fn faded(colour: Color32) -> Color32 {
    colour.gamma_multiply(0.8)
}

fn plot(ui: &Ui, name: &'static str, size: Vec2) -> Plot<'static> {
    Plot::new(name)
        .width(size.x)
        .height(size.y)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .show_background(false)
        .grid_fade(0.6)
        .grid_color(theme::grid(ui))
        .set_margin_fraction(Vec2::new(0.02, 0.08))
}
