//! Views that draw leases with the shaders of `shaders/`, inside egui's render pass. Nothing is read back to be
//! drawn, and nothing here waits for the device.
//!
//! Each view owns the buffers of one pane and lives as long as that. The pipelines are shared and live in egui's
//! renderer ([`install`]).

mod cloud;
mod field;
mod image;
mod latest_values;
mod offscreen;
mod orbit;
mod pipelines;
mod range;
mod sampling;
pub mod shaders;
pub mod wheel;

pub use cloud::{CloudLayer, CloudStyle, CloudView, Paint};
pub use field::{FieldStyle, FieldView, Range};
pub use image::ImageView;
pub use offscreen::OffscreenScreen;
pub use orbit::Orbit;
pub use pipelines::{install, setup_of};
pub use sampling::Sampling;

use egui::{Rect, Vec2, emath::GuiRounding};

/// Largest rectangle of this aspect ratio (width / height) in the middle of `space`, rounded to whole pixels.
pub fn letterbox(space: Rect, aspect: f32, pixels_per_point: f32) -> Rect {
    let width = space.width().min(space.height() * aspect);
    Rect::from_center_size(space.center(), Vec2::new(width, width / aspect)).round_to_pixels(pixels_per_point)
}
