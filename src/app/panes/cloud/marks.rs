//! What is drawn over the points: cameras, their way, hints.

use super::CloudPane;
use crate::{
    app::{legend, state::State, theme::Palette},
    geometry::Intrinsics,
    session::CloudFusion,
    view::Orbit,
};
use egui::{Align2, Painter, Rect, Stroke, Ui};
use glam::{Affine3A, Vec3};

/// How far before the camera its frame is drawn, in median depths.
const FRUSTUM_DEPTH: f32 = 0.22;
/// The same of neighbours.
const SMALL_FRUSTUM_DEPTH: f32 = 0.05;

/// How far the neighbours are, or why there are none; nothing once they are all there.
pub(super) fn progress(fusion: &CloudFusion) -> String {
    match &fusion.problem {
        Some(problem) => format!("frames cannot be put together: {problem}"),
        None if fusion.is_complete => String::new(),
        None => format!("{} of {} frames", fusion.neighbours.len() + 1, fusion.request.frames),
    }
}

impl CloudPane {
    /// What the pointer and the keys do, until it was done.
    pub(super) fn hint(&self, ui: &Ui, rect: Rect) {
        let hint = if self.is_flying {
            "W A S D to fly · E and Q to rise and sink · Shift to hurry · drag to look around · Escape to orbit"
        } else if self.orbit == Orbit::default() {
            "drag to orbit · right-drag or shift-drag to pan · wheel to zoom · double-click to reset"
        } else {
            return;
        };
        legend::note(ui.painter(), rect, Align2::LEFT_BOTTOM, hint);
    }

    /// The pyramids that the frames' cameras look through, and the way from one to the next.
    pub(super) fn cameras(&self, painter: &Painter, rect: Rect, state: &State) {
        let Some(picture) = &state.picture else { return };
        let Some(cloud) = &picture.cloud else { return };
        let stroke = Stroke::new(1.2, Palette::DARK.accent);
        self.camera(painter, rect, (cloud.intrinsics, Affine3A::IDENTITY), (FRUSTUM_DEPTH, stroke));
        let (Some(fusion), Some(median)) = (state.fusion.of(picture), self.view.median_depth()) else {
            return;
        };
        let faint = Stroke::new(1.0, Palette::DARK.warning);
        let mut way = vec![(fusion.key.frame, Vec3::ZERO)];
        for neighbour in &fusion.neighbours {
            let mut pose = neighbour.target_from_source;
            pose.translation /= f64::from(median);
            let pose = Affine3A::from_mat3_translation(pose.matrix3.as_mat3(), pose.translation.as_vec3());
            way.push((neighbour.frame, pose.translation.into()));
            self.camera(painter, rect, (neighbour.cloud.intrinsics, pose), (SMALL_FRUSTUM_DEPTH, faint));
        }
        way.sort_by_key(|(frame, _)| *frame);
        for pair in way.windows(2) {
            self.line(painter, rect, [pair[0].1, pair[1].1], faint);
        }
    }

    fn camera(
        &self,
        painter: &Painter,
        rect: Rect,
        (camera, pose): (Intrinsics, Affine3A),
        (depth, stroke): (f32, Stroke),
    ) {
        let ray = |u: f32, v: f32| {
            let x = (u - camera.centre_x) / camera.focal_x;
            pose.transform_point3(Vec3::new(x, (v - camera.centre_y) / camera.focal_y, 1.0) * depth)
        };
        let corners = [ray(0.0, 0.0), ray(1.0, 0.0), ray(1.0, 1.0), ray(0.0, 1.0)];
        for index in 0..4 {
            self.line(painter, rect, [corners[index], corners[(index + 1) % 4]], stroke);
            self.line(painter, rect, [pose.translation.into(), corners[index]], stroke);
        }
    }

    fn line(&self, painter: &Painter, rect: Rect, ends: [Vec3; 2], stroke: Stroke) {
        if let [Some(start), Some(end)] = ends.map(|end| self.orbit.project(end, rect)) {
            painter.line_segment([start, end], stroke);
        }
    }
}
