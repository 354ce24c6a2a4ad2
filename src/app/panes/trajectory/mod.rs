//! The path of the drive as the pose network sees it, against the true one.

mod plan;
mod space;

use super::{Pane, PaneKind, empty, title};
use crate::{
    app::{path::PathReport, state::State, theme, theme::Palette},
    evaluate::ODOMETRY_PROTOCOL,
    geometry::trajectory::Alignment,
    view::Orbit,
};
use egui::{Align, Color32, Label, Layout, Rect, RichText, Ui, UiBuilder, Vec2};
use serde::{Deserialize, Serialize};

/// Room for the figures and the line of conventions, points.
const WORDS: f32 = 64.0;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrajectoryPane {
    #[serde(skip)]
    alignment: Alignment,
    is_in_space: bool,
    #[serde(skip)]
    orbit: Orbit,
}

/// What the colours of the lines are.
struct PathColours {
    predicted: Color32,
    truth: Color32,
    here: Color32,
    faint: Color32,
}

impl PathColours {
    fn of(ui: &Ui) -> Self {
        let palette = Palette::of(ui);
        let strong = ui.visuals().strong_text_color();
        Self {
            predicted: palette.accent,
            truth: strong.gamma_multiply(0.7),
            here: palette.warning,
            faint: ui.visuals().weak_text_color(),
        }
    }
}

fn name(alignment: Alignment) -> (&'static str, &'static str) {
    match alignment {
        Alignment::FirstPose => {
            ("unscaled", "The first poses on each other; lengths as the network says them")
        }
        Alignment::Scale => ("scale", "The same, then scaled as fits best: a film alone tells no metres"),
        Alignment::Similarity => ("Sim(3)", "Turned, moved and scaled as fits best over all frames"),
    }
}

/// Why there is no path, or a button that asks for it.
fn invitation(ui: &mut Ui, rect: Rect, state: &mut State) {
    if state.playhead.key().is_none() {
        empty(
            ui,
            rect,
            "No data is open: choose it in the Sequence pane, and the path of the camera appears here",
        );
    } else if !state.path.has_pose {
        empty(
            ui,
            rect,
            "There is no pose network: train a run with neighbouring frames or load weights with a pose \
             network, and the path that it sees is drawn here against the true one",
        );
    } else {
        let middle = Rect::from_center_size(rect.center(), Vec2::new(rect.width().min(380.0), 88.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(middle).layout(Layout::top_down(Align::Center)));
        ui.label("The path of the drive, chained from the motions between its frames.");
        ui.add_space(theme::UNIT);
        let button = egui::Button::new("Predict the path").min_size(Vec2::new(140.0, theme::BUTTON));
        if ui.add(button).on_hover_text("Runs the pose network on every pair of frames").clicked() {
            state.trace();
        }
    }
}

/// The errors in words, and how they were made.
fn words(ui: &mut Ui, report: &PathReport, alignment: Alignment) {
    let trajectory = report.trajectory();
    let text = if let Some(evaluation) = &report.evaluation {
        let error = evaluation.aligned(alignment);
        let drift = match (error.translation_percent, error.rotation_degrees_per_100_metres) {
            (Some(percent), Some(degrees)) => format!("drift {percent:.2} %, {degrees:.2}° in 100 m"),
            _ => "drift is not defined below 100 m".to_owned(),
        };
        format!(
            "{:.1} m gone · ATE {:.3} m of the path, {:.4} ± {:.4} m of snippets · {drift} · scale {:.3}",
            evaluation.metres, error.ate_metres, evaluation.ate_mean, evaluation.ate_std, error.scale
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
    let conventions = "x right and z forward of the first camera · ATE of the path: root mean square after this \
                       alignment; of snippets: 5 positions, as in the published tables · drift: KITTI's, 100 to \
                       800 m";
    let line = RichText::new(conventions).small().color(ui.visuals().weak_text_color());
    ui.add(Label::new(line).truncate()).on_hover_text(ODOMETRY_PROTOCOL);
}

impl Pane for TrajectoryPane {
    fn header(&mut self, ui: &mut Ui, state: &mut State) {
        title(ui, PaneKind::Trajectory);
        let Some(key) = state.playhead.key() else { return };
        let has_report = state.path.of(&key).is_some();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = theme::HALF;
            if state.path.is_tracing {
                if ui.button("Cancel").on_hover_text("Stop predicting the path").clicked() {
                    state.end_trace();
                }
            } else if has_report {
                let again = ui.add_enabled(state.path.has_pose, egui::Button::new("Again"));
                if again.on_hover_text("Predict the path with the networks as they are now").clicked() {
                    state.trace();
                }
            }
            if has_report {
                ui.checkbox(&mut self.is_in_space, "3-D")
                    .on_hover_text("Drag to orbit instead of from above");
                for alignment in Alignment::ALL.into_iter().rev() {
                    let (name, help) = name(alignment);
                    ui.selectable_value(&mut self.alignment, alignment, name).on_hover_text(help);
                }
            }
        });
    }

    fn ui(&mut self, ui: &mut Ui, state: &mut State) {
        let rect = ui.max_rect();
        let frame = state.playhead.frame;
        let report = state.playhead.key().and_then(|key| state.path.of(&key));
        let Some(report) = report else {
            if state.path.is_tracing {
                let is_of_another = state.path.report.is_some();
                let text = if is_of_another {
                    "The path of another drive is being predicted"
                } else {
                    "Predicting …"
                };
                empty(ui, rect, text);
            } else {
                invitation(ui, rect, state);
            }
            return;
        };
        let (drawing, below) = rect.split_top_bottom_at_y((rect.bottom() - WORDS).max(rect.center().y));
        let colours = PathColours::of(ui);
        let chosen = if self.is_in_space {
            space::draw(ui, drawing, &mut self.orbit, (report, self.alignment), frame, &colours);
            None
        } else {
            plan::draw(ui, drawing, (report, self.alignment), frame, &colours)
        };
        let mut below = ui.new_child(UiBuilder::new().max_rect(below.shrink2(Vec2::new(theme::UNIT, 2.0))));
        words(&mut below, report, self.alignment);
        if let Some(frame) = chosen {
            state.scrub(frame);
        }
    }
}
