//! Reasons why a device cannot be had or used.

use super::device_loss::DeviceLost;
use crate::config::Precision;

/// Reason why no device could be had; the text says what to install or choose instead.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// No graphics adapter at all.
    #[error(
        "no graphics adapter was found ({0}); install a Vulkan driver (on Debian without a graphics card: \
         apt-get install mesa-vulkan-drivers), or use --device cpu"
    )]
    NoAdapter(String),
    /// The adapter refused to give a device.
    #[error("graphics adapter {adapter} gave no device: {reason}; use --device cpu")]
    NoDevice {
        /// Its name.
        adapter: String,
        /// Its reason.
        reason: String,
    },
    /// burn could not use the device.
    #[error("the wgpu backend cannot use {adapter}: {reason}; use --device cpu")]
    NoBackend {
        /// The adapter's name.
        adapter: String,
        /// The backend's reason.
        reason: String,
    },
    /// The driver lacks what kernels in SPIR-V need.
    #[error(
        "{adapter} cannot run kernels in SPIR-V: its driver has no {extension}; use a build without --features \
         spirv, or --device cpu"
    )]
    NoSpirv {
        /// The adapter's name.
        adapter: String,
        /// A Vulkan extension.
        extension: String,
    },
    /// The GPU multiplies in this precision, the CPU does not.
    #[error(
        "--precision {0} is for the GPU, and this computes on the CPU backend; add --device gpu, or leave \
         --precision out"
    )]
    PrecisionOnCpu(Precision),
    /// The adapter has no 16-bit numbers.
    #[error("{adapter} has no 16-bit numbers (wgpu's SHADER_F16); use --precision f32")]
    NoF16 {
        /// Its name.
        adapter: String,
    },
    /// A tensor could not be pinned for drawing.
    #[error("a tensor cannot be shown: {0}")]
    Lease(String),
    /// Values could not be read back.
    #[error("the device gave up: {0}")]
    Read(String),
    /// The device is lost, and with it all that was only there.
    #[error(transparent)]
    Lost(#[from] DeviceLost),
}
