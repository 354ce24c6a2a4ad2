//! Depth evaluation: its controls, the metrics beside the published ones, and a table of every image.

mod charts;
mod images;
mod summary;

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{
        state::{Evaluations, SessionView, State, ViewedFrame, WindowRequests},
        theme,
    },
    data::FrameKey,
    evaluate::{ProtocolName, ScalingName, report},
    objective::MapName,
    session::{EvaluatedFrames, EvaluationReport},
};
use egui::{Align, ComboBox, Layout, ProgressBar, ScrollArea, Ui};
use images::ImageTable;
use serde::{Deserialize, Serialize};

/// Width from which all parts are shown at once, charts beside the tables; below it one at a time, points.
const WIDE: f32 = 840.0;
const CHARTS_WIDTH: f32 = 280.0;

/// Part of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum ReportSection {
    #[default]
    Summary,
    Images,
    Charts,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationPane {
    #[serde(skip)]
    images: ImageTable,
    part: ReportSection,
}

impl Pane for EvaluationPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Evaluation);
        let obstacle = obstacle(state);
        let State { session, evaluations, window, .. } = state;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if evaluations.under_way.is_some() {
                if ui
                    .button("Cancel")
                    .on_hover_text("End the evaluation; what was found is dropped")
                    .clicked()
                {
                    evaluations.cancel(session);
                }
                return;
            }
            let button = ui.add_enabled(obstacle.is_none(), egui::Button::new("Evaluate"));
            let button =
                button.on_hover_text("Compare the present networks with the true depth of the open data");
            if button.on_disabled_hover_text(obstacle.unwrap_or_default()).clicked() {
                evaluations.start(session);
            }
            if let Some(report) = evaluations.report() {
                export(ui, window, report);
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect().shrink(theme::UNIT);
        let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        let ui = &mut ui;
        let obstacle = obstacle(state);
        let State { session, viewed, evaluations, window, .. } = state;
        choices(ui, evaluations);
        if progress(ui, evaluations) {
            return;
        }
        let Some(report) = evaluations.report().cloned() else {
            let text = match obstacle {
                Some(obstacle) => obstacle,
                None => {
                    "Evaluate compares the present networks with the true depth of the open data, by the \
                         published protocols"
                        .to_owned()
                }
            };
            empty(ui, ui.available_rect_before_wrap(), &text);
            return;
        };
        let is_wide = ui.available_width() >= WIDE;
        let other = evaluations.other().cloned();
        if is_wide {
            let space = ui.available_rect_before_wrap();
            let (left, right) = space.split_left_right_at_x(space.right() - CHARTS_WIDTH);
            let mut charts =
                ui.new_child(egui::UiBuilder::new().max_rect(right.with_min_x(right.left() + 16.0)));
            charts::charts(&mut charts, &report, other.as_deref());
            let mut table = ui.new_child(egui::UiBuilder::new().max_rect(left));
            summary::summary(&mut table, evaluations);
            if let Some(key) = self.images.ui(&mut table, &viewed.playhead, &report, other.as_deref()) {
                show_image(&key, evaluations, viewed, session, window);
            }
            return;
        }
        ui.horizontal(|ui| {
            for (part, name) in [
                (ReportSection::Summary, "Summary"),
                (ReportSection::Images, "Images"),
                (ReportSection::Charts, "Charts"),
            ] {
                ui.selectable_value(&mut self.part, part, name);
            }
        });
        match self.part {
            ReportSection::Summary => {
                let scroll = ScrollArea::vertical().id_salt("summary").auto_shrink(false);
                scroll.show(ui, |ui| summary::summary(ui, evaluations));
            }
            ReportSection::Images => {
                if let Some(key) = self.images.ui(ui, &viewed.playhead, &report, other.as_deref()) {
                    show_image(&key, evaluations, viewed, session, window);
                }
            }
            ReportSection::Charts => charts::charts(ui, &report, other.as_deref()),
        }
    }
}

/// Reason why nothing can be evaluated; `None` if something can.
fn obstacle(State { session, run, viewed, .. }: &State) -> Option<String> {
    Evaluations::obstacle(session, run.has_networks(session, viewed))
}

/// Shows what was scored of an image: the error in a view, the true depth in the cloud.
fn show_image(
    key: &FrameKey,
    evaluations: &mut Evaluations,
    viewed: &mut ViewedFrame,
    session: &mut SessionView,
    window: &mut WindowRequests,
) {
    viewed.choose_frame(key, session);
    window.show_map(MapName::DepthError);
    evaluations.shows_truth = true;
}

/// The menu that saves or copies the metrics.
fn export(ui: &mut Ui, window: &mut WindowRequests, report: &EvaluationReport) {
    let EvaluationReport { name, evaluation, .. } = report;
    let menu = ui.menu_button("Save", |ui| {
        if ui.button("Table of images (CSV)…").clicked() {
            window.save_text("evaluation.csv", report::csv(evaluation));
            ui.close();
        }
        if ui.button("Everything (JSON)…").clicked() {
            window.save_text("evaluation.json", report::json(evaluation));
            ui.close();
        }
        if ui.button("Copy LaTeX row").on_hover_text("A name and the seven metrics to three digits").clicked()
        {
            ui.ctx().copy_text(report::latex_row(&evaluation.metrics, name));
            ui.close();
        }
    });
    menu.response.on_hover_text("Take the figures away");
}

/// Controls of the next evaluation.
fn choices(ui: &mut Ui, evaluations: &mut Evaluations) {
    let request = &mut evaluations.request;
    ui.horizontal_wrapped(|ui| {
        let name = |frames| match frames {
            EvaluatedFrames::Tested => "test frames",
            EvaluatedFrames::Every => "every frame",
        };
        choice(ui, "Frames", name(request.frames), 92.0, |ui| {
            let help = [
                "Those that the split tests on, or validates on if it tests on none; without a split a tenth of \
                 every drive",
                "All frames of the left camera that have a true depth",
            ];
            for (frames, help) in [EvaluatedFrames::Tested, EvaluatedFrames::Every].into_iter().zip(help) {
                ui.selectable_value(&mut request.frames, frames, name(frames)).on_hover_text(help);
            }
        });
        let choices = &mut request.choices;
        let name = |protocol| match protocol {
            None => "usual protocol",
            Some(ProtocolName::Eigen) => "eigen",
            Some(ProtocolName::EigenBenchmark) => "eigen_benchmark",
        };
        choice(ui, "Protocol", name(choices.protocol), 124.0, |ui| {
            let help = [
                "eigen_benchmark for the split of this name, else eigen",
                "Laser scans, Garg crop, true depth from 1 mm to 80 m",
                "KITTI's improved (annotated) depth, all of it",
            ];
            let protocols = [None, Some(ProtocolName::Eigen), Some(ProtocolName::EigenBenchmark)];
            for (protocol, help) in protocols.into_iter().zip(help) {
                ui.selectable_value(&mut choices.protocol, protocol, name(protocol)).on_hover_text(help);
            }
        });
        let scalings = [
            (None, false, "median of each", "Each image scaled by its ratio of medians, true to predicted"),
            (
                Some(ScalingName::Single),
                false,
                "one median",
                "All images scaled by one factor: the median of their ratios (paper, supplement D.2)",
            ),
            (
                None,
                true,
                "stereo rig, × 5.4",
                "No median: the depth of networks trained with KITTI's stereo pairs, times 5.4",
            ),
        ];
        let now = scalings.iter().find(|(scaling, stereo, ..)| {
            (*scaling, *stereo) == (choices.scaling, choices.stereo)
        });
        choice(ui, "Scaling", now.map_or("", |(.., name, _)| name), 124.0, |ui| {
            for (scaling, stereo, name, help) in scalings {
                let is_chosen = (choices.scaling, choices.stereo) == (scaling, stereo);
                if ui.selectable_label(is_chosen, name).on_hover_text(help).clicked() {
                    (choices.scaling, choices.stereo) = (scaling, stereo);
                }
            }
        });
        ui.checkbox(&mut choices.post_process, "mirror blend")
            .on_hover_text("Blend each disparity with that of the mirror image: twice the time, fewer shadows");
    });
    ui.add_space(theme::HALF);
}

fn choice(ui: &mut Ui, name: &str, chosen: &str, width: f32, list: impl FnOnce(&mut Ui)) {
    let choice = ComboBox::from_id_salt(name).selected_text(chosen).width(width).show_ui(ui, list);
    choice.response.on_hover_text(name).accessible_name(name);
}

/// Progress of the evaluation under way. Returns true if there is one.
fn progress(ui: &mut Ui, evaluations: &Evaluations) -> bool {
    let Some(under_way) = &evaluations.under_way else { return false };
    ui.label(&under_way.name);
    let share = under_way.seen as f32 / under_way.frames.max(1) as f32;
    let text = format!("{} of {} frames", under_way.seen, under_way.frames);
    ui.add(ProgressBar::new(share).text(text).desired_height(18.0));
    if let Some(metrics) = evaluations.mean_so_far() {
        ui.label(format!("so far: abs_rel {:.3}, a1 {:.3}", metrics.abs_rel, metrics.a1));
    }
    ui.weak(&under_way.protocol);
    true
}
