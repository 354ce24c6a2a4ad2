//! Plot of the photometric loss of a pixel against its depth, with the predicted and the true depth.

use super::number;
use crate::{
    app::{
        legend,
        state::InspectedPixel,
        theme::{self, Palette},
    },
    inspect::Candidate,
};
use egui::{Color32, RichText, Role, Sense, Stroke, Ui, Vec2, WidgetInfo};
use egui_plot::{GridMark, HLine, Line, LineStyle, Plot, PlotPoints, VLine};

const MIN_HEIGHT: f32 = 96.0;
const MAX_HEIGHT: f32 = 280.0;
/// Upper limit of nearly all photometric losses on real images.
const USUAL_LOSS: f64 = 0.5;

/// Draws the cost curve down to the lower end of the pane. Returns the depth under the pointer.
pub fn cost_curve(ui: &mut Ui, pixel: &InspectedPixel, bottom: f32) -> Option<f64> {
    let InspectedPixel { report, curve } = pixel;
    let palette = Palette::of(ui);
    let (strong, weak) = (ui.visuals().strong_text_color(), ui.visuals().weak_text_color());
    let title = ui.label(RichText::new("Loss against depth").small().color(weak));
    title.on_hover_text(
        "Photometric loss if the pixel lay elsewhere on its ray: the nine pixels of SSIM are warped together, \
         with all their predicted depths times the same factor. Faint where the pixel would lie outside the \
         source",
    );
    keys(ui, pixel);
    let points = |losses: &[f64]| -> Vec<[f64; 2]> {
        curve.depths.iter().zip(losses).map(|(depth, loss)| [depth.log10(), *loss]).collect()
    };
    let mut lines = Vec::new();
    if curve.sources.len() > 1 {
        let colour = strong.gamma_multiply(0.35);
        let points = PlotPoints::from(points(&curve.combined));
        lines.push(Line::new(combined(pixel), points).color(colour).width(5.0));
    }
    for (index, source) in curve.sources.iter().enumerate() {
        let colour = legend::source_colour(index);
        let points = points(&source.losses);
        // Where the projection is outside the source, the loss means nothing.
        let mut first = 0;
        for stretch in source.is_seen.chunk_by(|left, right| left == right) {
            let end = first + stretch.len();
            let part = points[first..(end + 1).min(points.len())].to_vec();
            let (colour, width) = if stretch[0] { (colour, 1.5) } else { (colour.gamma_multiply(0.45), 1.0) };
            lines.push(Line::new(source.id.label(), PlotPoints::from(part)).color(colour).width(width));
            first = end;
        }
    }
    let predicted = VLine::new("prediction", report.depth.log10()).color(palette.accent).width(1.5);
    let truth = true_depth(pixel).map(|depth| {
        VLine::new("true depth", depth.log10()).color(strong).style(LineStyle::dashed_dense()).width(1.5)
    });
    let level = curve.automask_level.map(|level| {
        HLine::new("auto-mask", level).color(weak).style(LineStyle::Dashed { length: 4.0 }).width(1.0)
    });
    let highest =
        curve.sources.iter().flat_map(|source| &source.losses).fold(USUAL_LOSS, |max, loss| max.max(*loss));
    let ends = [curve.depths[0], curve.depths[curve.depths.len() - 1]].map(f64::log10);
    let height = (bottom - ui.cursor().top() - theme::HALF).clamp(MIN_HEIGHT, MAX_HEIGHT);
    let plot = Plot::new("cost curve")
        .height(height)
        .show_background(false)
        .grid_color(theme::grid(ui))
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_boxed_zoom(false)
        .x_grid_spacer(|input| {
            let decades = input.bounds.0.floor() as i32..=input.bounds.1.ceil() as i32;
            decades.map(|decade| GridMark { value: f64::from(decade), step_size: 1.0 }).collect()
        })
        .x_axis_formatter(|mark, _| number_of_axis(10f64.powf(mark.value)))
        .y_grid_spacer(|input| {
            let halves = 0..=(2.0 * input.bounds.1) as i32;
            halves.map(|half| GridMark { value: 0.5 * f64::from(half), step_size: 0.5 }).collect()
        })
        .y_axis_formatter(|mark, _| format!("{:.1}", mark.value))
        .y_axis_min_width(20.0)
        .label_formatter(|_| None)
        .show(ui, |plot| {
            // A little wider, so that the last number of the axis fits.
            plot.set_plot_bounds_x(ends[0]..=ends[1] + 0.1);
            plot.set_plot_bounds_y(-0.02..=highest * 1.04);
            for line in lines {
                plot.line(line.allow_hover(false));
            }
            if let Some(level) = level {
                plot.hline(level.allow_hover(false));
            }
            if let Some(truth) = truth {
                plot.vline(truth.allow_hover(false));
            }
            plot.vline(predicted.allow_hover(false));
            plot.pointer_coordinate().map(|pointer| pointer.x)
        });
    plot.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Loss against depth"));
    let depth =
        plot.inner.filter(|_| plot.response.hovered()).map(|x| 10f64.powf(x.clamp(ends[0], ends[1])))?;
    plot.response.on_hover_text_at_pointer(at_depth(pixel, depth));
    Some(depth)
}

/// Text of the losses at the depth of the curve that is nearest to `depth`.
fn at_depth(pixel: &InspectedPixel, depth: f64) -> String {
    let curve = &pixel.curve;
    let after = curve.depths.partition_point(|other| *other < depth).min(curve.depths.len() - 1);
    let metres =
        pixel.report.scale.as_ref().map(|scale| format!(" ({} m)", number(scale.metres_per_unit * depth)));
    let mut text = format!("depth {}{}", number(depth), metres.unwrap_or_default());
    for source in &curve.sources {
        text.push_str(&format!("\n{}: {:.4}", source.id.label(), source.losses[after]));
    }
    text
}

fn number_of_axis(depth: f64) -> String {
    if depth < 0.99 { format!("{depth:.1}") } else { format!("{depth:.0}") }
}

/// True depth in the network's unit.
fn true_depth(pixel: &InspectedPixel) -> Option<f64> {
    Some(pixel.report.truth?.metres / pixel.report.scale.as_ref()?.metres_per_unit)
}

/// Name of the combination of the sources' losses.
fn combined(pixel: &InspectedPixel) -> &'static str {
    let winner = pixel.report.minimum.map(|minimum| minimum.winner);
    match winner {
        Some(Candidate::Identity(None) | Candidate::Warped(None)) => "average",
        _ => "least",
    }
}

/// Draws the key of the lines.
fn keys(ui: &mut Ui, pixel: &InspectedPixel) {
    let palette = Palette::of(ui);
    let (strong, weak) = (ui.visuals().strong_text_color(), ui.visuals().weak_text_color());
    let mut keys: Vec<(String, Color32, f32)> = Vec::new();
    for (index, source) in pixel.curve.sources.iter().enumerate() {
        keys.push((source.id.label(), legend::source_colour(index), 2.0));
    }
    if pixel.curve.sources.len() > 1 {
        keys.push((combined(pixel).to_owned(), strong.gamma_multiply(0.35), 5.0));
    }
    keys.push(("predicted".to_owned(), palette.accent, 2.0));
    if true_depth(pixel).is_some() {
        keys.push(("true".to_owned(), strong, 2.0));
    }
    if pixel.curve.automask_level.is_some() {
        keys.push(("auto-mask".to_owned(), weak, 1.0));
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::HALF;
        for (name, colour, width) in keys {
            let (rect, _) = ui.allocate_exact_size(Vec2::new(10.0, 14.0), Sense::hover());
            ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(width, colour));
            ui.label(RichText::new(name).small().color(weak));
            ui.add_space(theme::HALF);
        }
    });
}
