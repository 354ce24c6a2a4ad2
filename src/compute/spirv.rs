//! Vulkan devices that can run kernels in SPIR-V.

use super::ComputeError;
use std::ffi::CStr;

/// Extension by which a module lays out shared memory itself. Without it, burn's compiler (cubecl 0.11.3) writes an
/// invalid module, in which variables of shared memory are pointers to pointers; drivers crash on it.
const EXPLICIT_LAYOUT: &CStr = c"VK_KHR_workgroup_memory_explicit_layout";

/// Requests a device from Vulkan itself, because wgpu does not enable all that burn's SPIR-V compiler needs; `None` if
/// the adapter lacks some of it, so that burn compiles to WGSL.
pub(super) fn request_handles(
    adapter: &wgpu::Adapter,
) -> Result<Option<(wgpu::Device, wgpu::Queue)>, String> {
    if adapter.get_info().backend != wgpu::Backend::Vulkan {
        return Ok(None);
    }
    pollster::block_on(cubecl::wgpu::vulkan::try_request_vulkan_device(adapter))
        .map_err(|error| error.to_string())
}

/// Checks that kernels in SPIR-V do not crash on an adapter. burn chooses SPIR-V by itself, so a build with this feature
/// cannot fall back to WGSL.
///
/// # Errors
/// If the driver lacks [`EXPLICIT_LAYOUT`].
pub(super) fn check(adapter: &wgpu::Adapter) -> Result<(), ComputeError> {
    // SAFETY: the handle is only read from, and dropped here.
    #[allow(unsafe_code)]
    let native = unsafe { adapter.as_hal::<wgpu::hal::api::Vulkan>() };
    match native {
        Some(native) if !native.physical_device_capabilities().supports_extension(EXPLICIT_LAYOUT) => {
            Err(ComputeError::NoSpirv {
                adapter: adapter.get_info().name,
                extension: EXPLICIT_LAYOUT.to_string_lossy().into_owned(),
            })
        }
        _ => Ok(()),
    }
}
