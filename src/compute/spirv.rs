//! What a Vulkan device must have for kernels in SPIR-V.

use super::ComputeError;
use std::ffi::CStr;

/// Lays shared memory out as a module says. burn's compiler can do without, but what it then writes (cubecl 0.11.3)
/// is no valid module: its variables of shared memory are pointers to pointers, on which drivers crash.
const EXPLICIT_LAYOUT: &CStr = c"VK_KHR_workgroup_memory_explicit_layout";

/// A device asked of Vulkan itself, because wgpu does not turn on what burn's SPIR-V compiler needs; `None` if the
/// adapter has not all of that, so that burn compiles to WGSL.
pub(super) fn request_handles(
    adapter: &wgpu::Adapter,
) -> Result<Option<(wgpu::Device, wgpu::Queue)>, String> {
    if adapter.get_info().backend != wgpu::Backend::Vulkan {
        return Ok(None);
    }
    pollster::block_on(cubecl::wgpu::vulkan::try_request_vulkan_device(adapter))
        .map_err(|error| error.to_string())
}

/// Refuses an adapter on which kernels in SPIR-V would crash. burn chooses SPIR-V by itself, so WGSL needs another
/// build.
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
