//! The trajectory of the drive as the pose network predicts it, against the true one.

mod colours;
mod plan;
mod space;

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{
        state::{SessionView, State, TrajectoryReport, TrajectoryState, ViewedFrame},
        theme,
    },
    evaluate::ODOMETRY_PROTOCOL,
    geometry::trajectory::Alignment,
    view::Orbit,
};
use colours::TrajectoryColours;
use egui::{Align, ComboBox, Label, Layout, Rect, RichText, Ui, UiBuilder, Vec2};
use serde::{Deserialize, Serialize};

/// Height of the errors and the line of conventions, points.
const WORDS: f32 = 82.0;
/// Height of the line of remarks, points.
const REMARKS: f32 = 16.0;
/// Width of the choice of the alignment, points.
const CHOICE: f32 = 112.0;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrajectoryPane {
    #[serde(skip)]
    alignment: Alignment,
    is_in_space: bool,
    #[serde(skip)]
    orbit: Orbit,
}

fn name(alignment: Alignment) -> (&'static str, &'static str) {
    match alignment {
        Alignment::FirstPose => ("unscaled", "First poses aligned; lengths in the network's own unit"),
        Alignment::Rigid => (
            "SE(3)",
            "Rotated and moved to fit best over all frames, lengths as predicted: 6 degrees of freedom",
        ),
        Alignment::Scale => {
            ("scale", "First poses aligned, then scaled to fit best: images alone do not tell metres")
        }
        Alignment::SimilarityScale => {
            ("scale of Sim(3)", "First poses aligned, then scaled as the best similarity scales")
        }
        Alignment::Similarity => {
            ("Sim(3)", "Rotated, moved and scaled to fit best over all frames: 7 degrees of freedom")
        }
    }
}

/// Draws the reason why there is no trajectory, or a button that requests one.
fn invitation(
    ui: &mut Ui,
    rect: Rect,
    trajectory: &TrajectoryState,
    viewed: &ViewedFrame,
    session: &mut SessionView,
) {
    if viewed.playhead.key().is_none() {
        empty(
            ui,
            rect,
            "No data is open: choose it in the Sequence pane, and the path of the camera appears here",
        );
    } else if !trajectory.has_pose {
        empty(
            ui,
            rect,
            "There is no pose network: train a run with neighbouring frames or load weights with a pose \
             network, and the path that it predicts is drawn here with the true one",
        );
    } else {
        let middle = Rect::from_center_size(rect.center(), Vec2::new(rect.width().min(380.0), 88.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)));
        ui.label("The path of the drive, from the motions between its frames.");
        ui.add_space(theme::UNIT);
        let button = egui::Button::new("Predict the path").min_size(Vec2::new(140.0, theme::BUTTON));
        if ui.add(button).on_hover_text("Runs the pose network on every pair of frames").clicked() {
            trajectory.trace(&viewed.playhead, session);
        }
    }
}

/// Draws the errors as text, and the conventions behind them.
fn words(ui: &mut Ui, report: &TrajectoryReport, alignment: Alignment) {
    let trajectory = report.trajectory();
    let text = if let Some(evaluation) = &report.evaluation {
        let error = evaluation.aligned(alignment);
        let drift = match (error.translation_percent, error.rotation_degrees_per_100_metres) {
            (Some(percent), Some(degrees)) => format!("drift {percent:.2} %, {degrees:.2}° in 100 m"),
            _ => "drift is not defined below 100 m".to_owned(),
        };
        format!(
            "{:.1} m travelled · ATE {:.3} m of the path, {:.4} ± {:.4} m of snippets · RPE {:.4} m, {:.3}° a frame · \
             {drift} · scale {:.3}",
            evaluation.metres,
            error.ate_metres,
            evaluation.ate_mean,
            evaluation.ate_std,
            error.rpe_metres,
            error.rpe_degrees,
            error.scale
        )
    } else if !trajectory.is_complete() {
        format!("{} of {} frames", trajectory.predicted.len(), trajectory.frames.len())
    } else if let Some(problem) = &trajectory.problem {
        format!("The true path cannot be read: {problem}")
    } else {
        "No true path is known here: KITTI has one in oxts/data or poses. Lengths are in the network's own unit."
            .to_owned()
    };
    ui.add(Label::new(text).wrap());
    let remarks: Vec<String> = trajectory.remarks.iter().map(ToString::to_string).collect();
    if !remarks.is_empty() {
        let line = RichText::new(remarks.join(" · ")).small().color(ui.visuals().warn_fg_color);
        ui.add(Label::new(line).truncate()).on_hover_text(remarks.join("\n"));
    }
    let conventions = "x right and z forward of the first camera · ATE of the path: root mean square after this \
                       alignment; of snippets: 5 positions, as in the published tables · RPE: mean error of the \
                       motions from frame to frame · drift: KITTI's, 100 to 800 m";
    let line = RichText::new(conventions).small().color(ui.visuals().weak_text_color());
    ui.add(Label::new(line).truncate()).on_hover_text(ODOMETRY_PROTOCOL);
}

impl Pane for TrajectoryPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Trajectory);
        let State { session, viewed, trajectory, .. } = state;
        let Some(key) = viewed.playhead.key() else { return };
        let has_report = trajectory.of(&key).is_some();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = theme::HALF;
            if trajectory.is_tracing {
                if ui.button("Cancel").on_hover_text("Stop predicting the path").clicked() {
                    trajectory.cancel(session);
                }
            } else if has_report {
                let again = ui.add_enabled(trajectory.has_pose, egui::Button::new("Again"));
                if again.on_hover_text("Predict the path with the networks as they are now").clicked() {
                    trajectory.trace(&viewed.playhead, session);
                }
            }
            if has_report {
                ui.checkbox(&mut self.is_in_space, "3-D")
                    .on_hover_text("Show the path in space instead of from above; drag to orbit");
                let (shown, help) = name(self.alignment);
                let width = ui.available_width().min(CHOICE);
                let choice = ComboBox::from_id_salt("alignment").selected_text(shown).width(width).truncate();
                let choice = choice.show_ui(ui, |ui| {
                    for alignment in Alignment::ALL {
                        let (name, help) = name(alignment);
                        ui.selectable_value(&mut self.alignment, alignment, name).on_hover_text(help);
                    }
                });
                choice.response.on_hover_text(help).accessible_name("Alignment");
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        let State { session, viewed, trajectory, .. } = state;
        let frame = viewed.playhead.frame;
        let report = viewed.playhead.key().and_then(|key| trajectory.of(&key));
        let Some(report) = report else {
            if trajectory.is_tracing {
                let is_of_another = trajectory.report.is_some();
                let text = if is_of_another {
                    "The path of another drive is being predicted"
                } else {
                    "Predicting …"
                };
                empty(ui, rect, text);
            } else {
                invitation(ui, rect, trajectory, viewed, session);
            }
            return;
        };
        let has_remarks = !report.trajectory().remarks.is_empty();
        let height = if has_remarks { WORDS + REMARKS } else { WORDS };
        let (drawing, below) = rect.split_top_bottom_at_y((rect.bottom() - height).max(rect.center().y));
        let colours = TrajectoryColours::of(ui);
        let chosen = if self.is_in_space {
            space::draw(ui, drawing, &mut self.orbit, (report, self.alignment), frame, &colours);
            None
        } else {
            plan::draw(ui, drawing, (report, self.alignment), frame, &colours)
        };
        let mut below = ui.new_child(UiBuilder::new().max_rect(below.shrink2(Vec2::new(theme::UNIT, 2.0))));
        words(&mut below, report, self.alignment);
        if let Some(frame) = chosen {
            viewed.scrub(frame, session);
        }
    }
}
