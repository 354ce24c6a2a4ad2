//! How far the wheel moves what is drawn: the same in pictures and in point clouds.

use egui::Context;

/// Of the way to what is seen, for a turn of the wheel by a point.
const PER_POINT: f32 = 0.004;

/// How far the wheel was turned since the last frame, as a share of the way to what is seen.
pub fn turned(context: &Context) -> f32 {
    context.input(|input| input.smooth_scroll_delta().y) * PER_POINT
}

/// How many times closer the wheel and a pinch brought what is under the pointer since the last frame.
pub fn closer(context: &Context) -> f32 {
    turned(context).exp() * context.input(egui::InputState::zoom_delta)
}
