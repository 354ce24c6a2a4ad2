//! Memory: available, in use, and returning what is unused.

use super::{Compute, ops::convolution::release_scratch};
use anyhow::{Result, bail};
use sysinfo::{MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

/// Most memory of a GPU, bytes.
const LARGEST_GPU: u64 = 1 << 40;

/// Memory of the machine that is still available to programs, bytes; `None` if the system does not report it.
pub fn free_memory() -> Option<u64> {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    Some(System::new_with_specifics(kind).available_memory()).filter(|bytes| *bytes > 0)
}

/// Refuses work that needs more memory than there is, before it takes any. `what` is the subject, as in "the run",
/// `advice` what to change. Of a GPU only the most that any has is known, because wgpu does not report its memory.
///
/// # Errors
/// If it needs more; the message names both numbers.
pub fn check_memory(what: &str, needed: u64, is_on_gpu: bool, advice: &str) -> Result<()> {
    let (room, is_free) = match is_on_gpu {
        true => (Some(LARGEST_GPU), "that the largest GPUs have"),
        false => (free_memory(), "that are free"),
    };
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    match room.filter(|room| needed > *room) {
        None => Ok(()),
        Some(room) => bail!(
            "{what} needs about {} of memory, more than the {} {is_free}; {advice}",
            gigabytes(needed),
            gigabytes(room)
        ),
    }
}

/// Resident memory of this process, bytes.
fn resident_memory() -> Option<u64> {
    let own = Pid::from_u32(std::process::id());
    let mut system = System::new();
    let kind = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, kind);
    system.process(own).map(sysinfo::Process::memory)
}

impl Compute {
    /// Gives unused memory back to the system: scratch buffers of our operations, unused pages of burn's pools on a
    /// GPU, and freed memory that the allocator keeps for the next step. Call this at the end of a run, and for a
    /// lost device once its tensors are dropped: its driver may not free their memory by itself.
    pub fn release_unused_memory(&self) {
        release_scratch();
        self.device.memory_cleanup();
        return_freed_memory();
    }

    /// Memory held for computing, bytes: on a GPU what wgpu has allocated there, burn's tensors included; otherwise
    /// the resident memory of this process. `None` if it cannot be measured.
    pub fn memory(&self) -> Option<u64> {
        match &self.display {
            Some(display) if self.is_shared => {
                display.device.generate_allocator_report().map(|report| report.total_reserved_bytes)
            }
            _ => resident_memory(),
        }
    }
}

/// Returns freed memory to the system. glibc's allocator by itself keeps all that lies below the last block in use,
/// which is most of it after training.
fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the allocator takes its own locks, and only pages without a block in use are returned.
    #[allow(unsafe_code, reason = "it is a function of the C library")]
    unsafe {
        libc::malloc_trim(0);
    }
}
