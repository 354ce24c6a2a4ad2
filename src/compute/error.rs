//! Errors of opening and using a device.

use super::device_loss::DeviceLost;
use crate::config::Precision;

/// Error of opening or using a device. The text says what to install or choose instead.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// There is no graphics adapter.
    #[error(
        "no graphics adapter was found ({0}); install a Vulkan driver (on Debian without a GPU: \
         apt-get install mesa-vulkan-drivers), or use --device cpu"
    )]
    NoAdapter(String),
    /// The adapter gave no device.
    #[error("graphics adapter {adapter} gave no device: {reason}; use --device cpu")]
    NoDevice {
        /// Name of the adapter.
        adapter: String,
        /// Reason that the driver gave.
        reason: String,
    },
    /// burn could not use the device.
    #[error("the wgpu backend cannot use {adapter}: {reason}; use --device cpu")]
    NoBackend {
        /// Name of the adapter.
        adapter: String,
        /// Reason that the backend gave.
        reason: String,
    },
    /// The driver lacks an extension that kernels in SPIR-V need.
    #[error(
        "{adapter} cannot run kernels in SPIR-V: its driver has no {extension}; use a build without --features \
         spirv, or --device cpu"
    )]
    NoSpirv {
        /// Name of the adapter.
        adapter: String,
        /// Name of the missing Vulkan extension.
        extension: String,
    },
    /// This precision is for the GPU backend only.
    #[error(
        "--precision {0} is for the GPU, and this computes on the CPU backend; add --device gpu, or leave \
         --precision out"
    )]
    PrecisionOnCpu(Precision),
    /// The adapter has no 16-bit floats.
    #[error("{adapter} has no 16-bit numbers (wgpu's SHADER_F16); use --precision f32")]
    NoF16 {
        /// Name of the adapter.
        adapter: String,
    },
    /// A tensor could not be leased for drawing.
    #[error("a tensor cannot be shown: {0}")]
    Lease(String),
    /// Values could not be read back.
    #[error("the device failed: {0}")]
    Read(String),
    /// The device is lost, and with it everything that was stored only there.
    #[error(transparent)]
    Lost(#[from] DeviceLost),
}
