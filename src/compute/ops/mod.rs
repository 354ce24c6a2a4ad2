//! Differentiable operations that burn lacks or does slowly, each with a reference implementation composed of burn's
//! own operations.
//!
//! Most have one file for each backend: `flex.rs` for the CPU, `cube.rs` for the GPU, and `autodiff.rs` for the
//! gradient rule. Those that exist on one backend only use the reference implementation on the other.

mod activation;
mod adam;
mod autodiff;
pub mod convolution;
mod cube;
mod flex;
mod group;
mod guard;
pub mod loss_constants;
pub mod max_pool;
mod metrics;
mod motion;
mod noise;
pub mod normalisation;
mod pad;
pub mod picture;
mod precomputed_gradient;
mod reduction;
pub mod reprojection;
mod resize;
pub mod sample;
mod smoothness;
pub mod standardise;
pub mod upsample;

pub use activation::elu;
pub use adam::{
    AdamState, AdamStep, Moments, ParameterUpdate, adam_update, adam_update_all, reference_adam_update,
};
pub use group::GroupLimits;
pub use guard::{Guard, keep_unless_open};
pub use max_pool::max_pool;
pub use metrics::{PredictionStatisticsInputs, add_metrics, reference_add_metrics};
pub use motion::{
    MotionChoice, camera_projections, plane_means, reference_camera_projection, reference_plane_means,
    reference_transform, rigid_motion, transform,
};
pub use noise::{splitmix64, tie_break_noise};
pub use pad::reflection_pad;
pub use resize::{resize_bilinear, resize_plane, taps as bilinear_taps};
pub use sample::sample_border;
pub use smoothness::smoothness;
pub use standardise::standardise;
pub use upsample::{upsample_and_join, upsample_nearest};
