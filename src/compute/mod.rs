//! The one seam where wgpu meets burn: choosing a device, pinning tensors for drawing, and the
//! differentiable operations that burn does not have. Only this floor names backend types.

mod device;
mod launches;
mod lease;
mod memory;
pub mod ops;
mod readback;
mod slot;
mod upload;

pub use device::{AdapterDescription, Compute, ComputeError, DisplayDevice, adapters};
pub use launches::{count_kernels, launched_kernels};
pub use lease::Lease;
pub use memory::free_memory;
pub use readback::{PendingRead, Readback, ReadbackCounts};
pub use slot::Slot;
pub use upload::{count_uploads, is_gpu, upload};
