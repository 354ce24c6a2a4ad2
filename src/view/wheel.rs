//! Zoom by the mouse wheel, the same in images and in point clouds.

use egui::Context;

/// Share of the distance that one point of the wheel moves the view.
const PER_POINT: f32 = 0.004;

/// Turn of the wheel since the last frame, as a share of the distance to what is in view.
pub fn turned(context: &Context) -> f32 {
    context.input(|input| input.smooth_scroll_delta().y) * PER_POINT
}

/// Factor by which the wheel and pinch gestures have zoomed in since the last frame.
pub fn closer(context: &Context) -> f32 {
    turned(context).exp() * context.input(egui::InputState::zoom_delta)
}
