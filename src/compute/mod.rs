//! The one seam where wgpu meets burn: opening a device, leasing tensors for drawing, and the differentiable
//! operations that burn lacks. Only this floor names backend types.

mod device;
mod device_loss;
mod error;
mod kernel_times;
mod launches;
mod lease;
mod memory;
pub mod ops;
mod precision;
mod rates;
mod readback;
mod reopening;
mod slot;
#[cfg(feature = "spirv")]
mod spirv;
mod throttle;
mod upload;
mod wayland;

pub use device::{AdapterDescription, Compute, DisplayDevice, adapters};
pub use device_loss::DeviceLost;
pub use error::ComputeError;
pub use kernel_times::{KernelTime, KernelTimes, time_kernels};
pub use launches::{count_kernels, launched_kernels};
pub use lease::Lease;
pub use memory::{check_memory, free_memory};
pub use rates::DeviceRates;
pub use readback::{PendingRead, Readback, ReadbackCounts, value, values};
pub use reopening::Reopened;
pub use slot::Slot;
pub use throttle::{PieceLength, throttle_waits};
pub use upload::{count_uploads, is_gpu, upload};
pub use wayland::log_libwayland;
