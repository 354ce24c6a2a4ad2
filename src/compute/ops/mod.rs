//! Differentiable operations that burn lacks or does slowly, each with a composed twin.

mod activation;
mod adam;
pub mod convolution;
mod cube;
mod flex;
pub mod max_pool;
pub mod normalisation;
mod pad;
pub mod reprojection;
mod resize;
pub mod sample;
mod smoothness;
pub mod standardise;
mod taken_forward;
pub mod upsample;

pub use activation::elu;
pub use adam::{AdamStep, Moments, adam_update, composed_adam_update};
pub use max_pool::max_pool;
pub use pad::reflection_pad;
pub use resize::{resize_bilinear, resize_plane, taps as bilinear_taps};
pub use sample::sample_border;
pub use smoothness::smoothness;
pub use standardise::standardise;
pub use upsample::{upsample_and_join, upsample_nearest};
