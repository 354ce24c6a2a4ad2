//! Table of the seven metrics: of a report, of another report, their difference, and the published values.

use crate::{
    app::{
        state::Evaluations,
        theme::{self, Palette},
    },
    evaluate::DepthMetrics,
};
use egui::{Color32, ComboBox, Grid, Label, RichText, ScrollArea, Ui};

/// Name of each metric, true if more is better, and its explanation.
pub(super) const COLUMNS: [(&str, bool, &str); 7] = [
    ("abs_rel", false, "Mean of |true − predicted| / true"),
    ("sq_rel", false, "Mean of (true − predicted)² / true, metres"),
    ("rmse", false, "Root of the mean squared difference, metres"),
    ("rmse_log", false, "Root of the mean squared difference of natural logarithms"),
    ("a1", true, "Share of pixels whose ratio to the truth is below 1.25"),
    ("a2", true, "Share of pixels whose ratio to the truth is below 1.25²"),
    ("a3", true, "Share of pixels whose ratio to the truth is below 1.25³"),
];

/// Width of the words between the two choices, and of all that a choice has beside its text.
const COMPARED_WITH: f32 = 164.0;

/// Metrics in the order of [`COLUMNS`].
pub(super) fn in_columns(metrics: &DepthMetrics) -> [f64; 7] {
    let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = *metrics;
    [abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3]
}

/// Green if the difference is an improvement, red if it is not.
pub(super) fn colour_of_difference(ui: &Ui, difference: f64, more_is_better: bool) -> Color32 {
    let palette = Palette::of(ui);
    if difference.abs() < 5e-4 {
        ui.visuals().text_color()
    } else if (difference > 0.0) == more_is_better {
        palette.accent
    } else {
        palette.warning
    }
}

/// Draws the choice of reports, their protocol, and the table.
pub(super) fn summary(ui: &mut Ui, evaluations: &mut Evaluations) {
    chooser(ui, evaluations);
    let Some(report) = evaluations.report() else { return };
    let evaluation = &report.evaluation;
    let spread = format!(
        "{} images, {:.1} a second; ratio of medians {:.3}, spread {:.3}",
        evaluation.images, evaluation.images_per_second, evaluation.ratio_median, evaluation.ratio_std
    );
    ui.add(Label::new(RichText::new(spread).small()).truncate());
    ui.add(Label::new(RichText::new(&evaluation.protocol).small().weak()).truncate())
        .on_hover_text(&evaluation.protocol);
    let table = Grid::new("summary").num_columns(8).spacing([12.0, 2.0]).min_row_height(16.0);
    let sideways = ScrollArea::horizontal().id_salt("metrics");
    sideways.show(ui, |ui| table.show(ui, |ui| metrics(ui, evaluations)));
    ui.add_space(theme::UNIT);
}

/// Draws the rows of the table.
fn metrics(ui: &mut Ui, evaluations: &Evaluations) {
    let (Some(report), other) = (evaluations.report(), evaluations.other()) else { return };
    let evaluation = &report.evaluation;
    ui.spacing_mut().interact_size.y = 16.0;
    ui.label("");
    for (name, _, help) in COLUMNS {
        ui.weak(name).on_hover_text(help);
    }
    ui.end_row();
    row(ui, &short(&report.name), &report.name, &evaluation.metrics, true);
    if let Some(other) = other {
        row(ui, &short(&other.name), &other.name, &other.evaluation.metrics, false);
        ui.weak("difference")
            .on_hover_text("The first minus the second: coloured where it is better or worse");
        let both = in_columns(&evaluation.metrics).into_iter().zip(in_columns(&other.evaluation.metrics));
        for ((first, second), (_, more_is_better, _)) in both.zip(COLUMNS) {
            let difference = first - second;
            let colour = colour_of_difference(ui, difference, more_is_better);
            ui.label(RichText::new(format!("{difference:+.3}")).monospace().color(colour));
        }
        ui.end_row();
    }
    for published in &report.published {
        row(
            ui,
            &published.name,
            "Published, made in the same way (arXiv 1806.01260)",
            &published.metrics(),
            false,
        );
    }
}

fn row(ui: &mut Ui, name: &str, help: &str, metrics: &DepthMetrics, is_strong: bool) {
    let strong = ui.visuals().strong_text_color();
    let text = |text: String| {
        let text = RichText::new(text);
        if is_strong { text.color(strong) } else { text }
    };
    ui.scope(|ui| {
        ui.set_max_width(140.0);
        ui.add(Label::new(text(name.to_owned())).truncate()).on_hover_text(help);
    });
    for value in in_columns(metrics) {
        ui.label(text(format!("{value:.3}")).monospace());
    }
    ui.end_row();
}

/// Last component of a path; another name stays whole.
fn short(name: &str) -> String {
    name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name).to_owned()
}

/// Draws the choices of the report and of the one to compare with.
fn chooser(ui: &mut Ui, evaluations: &mut Evaluations) {
    if evaluations.reports.len() < 2 {
        return;
    }
    let names: Vec<String> = evaluations
        .reports
        .iter()
        .zip(1..)
        .map(|(report, number)| format!("{number}: {}", short(&report.name)))
        .collect();
    ui.horizontal(|ui| {
        let width = ((ui.available_width() - COMPARED_WITH) / 2.0).clamp(64.0, 160.0);
        let shown = ComboBox::from_id_salt("shown").selected_text(&names[evaluations.shown]);
        let shown = shown.width(width).truncate();
        let shown = shown.show_ui(ui, |ui| {
            for (index, name) in names.iter().enumerate() {
                ui.selectable_value(&mut evaluations.shown, index, name);
            }
        });
        shown.response.accessible_name("Shown evaluation");
        ui.weak("compared with");
        let compared = evaluations.compared.map_or("nothing", |index| names[index].as_str());
        let compared = ComboBox::from_id_salt("compared").selected_text(compared);
        let compared = compared.width(width).truncate();
        let compared = compared.show_ui(ui, |ui| {
            ui.selectable_value(&mut evaluations.compared, None, "nothing");
            for (index, name) in names.iter().enumerate() {
                ui.selectable_value(&mut evaluations.compared, Some(index), name);
            }
        });
        compared.response.accessible_name("Compared evaluation");
    });
}
