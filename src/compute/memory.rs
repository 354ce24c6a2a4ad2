//! How much memory there is, and how much a run holds.

use super::{Compute, ops::convolution::release_scratch};
use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

/// The machine's memory that a program may still take, bytes; `None` where the system does not tell.
pub fn free_memory() -> Option<u64> {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    Some(System::new_with_specifics(kind).available_memory()).filter(|bytes| *bytes > 0)
}

/// The memory that this process holds, bytes.
fn resident_memory() -> Option<u64> {
    let own = Pid::from_u32(std::process::id());
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, kind);
    system.process(own).map(sysinfo::Process::memory)
}

impl Compute {
    /// Gives back what nobody uses any more: the scratch buffers of our operations, the unused pages of burn's
    /// pools on a GPU, and the freed memory that the allocator keeps for the next step. For the end of a run, and
    /// for a lost device once its tensors are dropped, whose card may not free their memory by itself; what comes
    /// next allocates anew.
    pub fn release_unused_memory(&self) {
        release_scratch();
        self.device.memory_cleanup();
        return_freed_memory();
    }

    /// The memory that is held where this computes, bytes: on a graphics card what wgpu allocated there, in
    /// which burn keeps its tensors; else what this process holds. `None` where that cannot be asked.
    pub fn memory(&self) -> Option<u64> {
        match &self.display {
            Some(display) if self.is_shared => {
                display.device.generate_allocator_report().map(|report| report.total_reserved_bytes)
            }
            _ => resident_memory(),
        }
    }
}

/// Returns freed memory to the system. The allocator of glibc never does so by itself for what lies below the
/// last block that is in use, which after training is most of it.
fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the allocator takes its own locks, and only pages without a block in use are returned.
    #[allow(unsafe_code, reason = "it is a function of the C library")]
    unsafe {
        libc::malloc_trim(0);
    }
}
