//! Colours of the drawn trajectories.

use crate::app::theme::Palette;
use egui::{Color32, Ui};

/// Colours of lines and marks.
pub struct TrajectoryColours {
    /// The predicted trajectory.
    pub predicted: Color32,
    /// The true trajectory.
    pub truth: Color32,
    /// The frame of the timeline.
    pub here: Color32,
    /// Grid, labels and the start.
    pub faint: Color32,
}

impl TrajectoryColours {
    /// Colours in the present theme.
    pub fn of(ui: &Ui) -> Self {
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
