//! Differentiable operations that burn lacks or does slowly, each with a composed twin.

mod flex;
mod resize;
pub mod sample;

pub use resize::resize_bilinear;
pub use sample::sample_border;
