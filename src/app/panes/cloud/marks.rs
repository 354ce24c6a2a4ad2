//! Marks over the points: cameras, their path, and the hint.

use crate::{
    app::{legend, state::ViewedFrame, theme::Palette},
    geometry::Intrinsics,
    session::CloudFusion,
    view::Orbit,
};
use egui::{Align2, Painter, Rect, Stroke, Ui};
use glam::{Affine3A, Vec3};

/// Depth of the pyramid of the frame's camera, in median depths.
const FRUSTUM_DEPTH: f32 = 0.22;
/// Depth of the frustums of neighbours' cameras, in median depths.
const SMALL_FRUSTUM_DEPTH: f32 = 0.05;

/// Progress of the neighbouring frames, or the reason why there are none; empty once they are all there.
pub(super) fn progress(fusion: &CloudFusion) -> String {
    match &fusion.problem {
        Some(problem) => format!("frames cannot be fused: {problem}"),
        None if fusion.is_complete => String::new(),
        None => format!("{} of {} frames", fusion.neighbours.len() + 1, fusion.request.frames),
    }
}

/// Draws a hint about pointer and keys: always while flying, else until the view is moved.
pub(super) fn hint(ui: &Ui, rect: Rect, is_flying: bool, orbit: &Orbit) {
    let hint = if is_flying {
        "W A S D to fly · E and Q to go up and down · Shift to move faster · drag to look around · Escape to orbit"
    } else if *orbit == Orbit::default() {
        "drag to orbit · right-drag or shift-drag to pan · wheel to zoom · double-click to reset"
    } else {
        return;
    };
    legend::note(ui.painter(), rect, Align2::LEFT_BOTTOM, hint);
}

/// Pyramids of the frames' cameras and the path between them.
pub(super) struct CameraMarks<'a> {
    /// Painter clipped to the pane.
    pub painter: &'a Painter,
    /// Rectangle of the cloud.
    pub rect: Rect,
    /// Camera that looks at the cloud.
    pub orbit: &'a Orbit,
}

impl CameraMarks<'_> {
    /// Draws the cameras of the frame and of its neighbours; these need the median depth of the drawn points.
    pub(super) fn draw(&self, viewed: &ViewedFrame, median_depth: Option<f32>) {
        let Some(picture) = &viewed.picture else { return };
        let Some(cloud) = &picture.cloud else { return };
        let stroke = Stroke::new(1.2, Palette::DARK.accent);
        self.camera((cloud.intrinsics, Affine3A::IDENTITY), (FRUSTUM_DEPTH, stroke));
        let (Some(fusion), Some(median)) = (viewed.fusion.of(picture), median_depth) else { return };
        let faint = Stroke::new(1.0, Palette::DARK.warning);
        let mut path = vec![(fusion.key.frame, Vec3::ZERO)];
        for neighbour in &fusion.neighbours {
            let mut pose = neighbour.target_from_source;
            pose.translation /= f64::from(median);
            let pose = Affine3A::from_mat3_translation(pose.matrix3.as_mat3(), pose.translation.as_vec3());
            path.push((neighbour.frame, pose.translation.into()));
            self.camera((neighbour.cloud.intrinsics, pose), (SMALL_FRUSTUM_DEPTH, faint));
        }
        path.sort_by_key(|(frame, _)| *frame);
        for pair in path.windows(2) {
            self.line([pair[0].1, pair[1].1], faint);
        }
    }

    fn camera(&self, (camera, pose): (Intrinsics, Affine3A), (depth, stroke): (f32, Stroke)) {
        let ray = |u: f32, v: f32| {
            let x = (u - camera.centre_x) / camera.focal_x;
            pose.transform_point3(Vec3::new(x, (v - camera.centre_y) / camera.focal_y, 1.0) * depth)
        };
        let corners = [ray(0.0, 0.0), ray(1.0, 0.0), ray(1.0, 1.0), ray(0.0, 1.0)];
        for index in 0..4 {
            self.line([corners[index], corners[(index + 1) % 4]], stroke);
            self.line([pose.translation.into(), corners[index]], stroke);
        }
    }

    fn line(&self, ends: [Vec3; 2], stroke: Stroke) {
        if let [Some(start), Some(end)] = ends.map(|end| self.orbit.project(end, self.rect)) {
            self.painter.line_segment([start, end], stroke);
        }
    }
}
