//! How much memory there is, and how much a run holds.

use super::Compute;
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
    /// Gives back what dropped tensors held, which the GPU backend else keeps for tensors to come. To be called
    /// for a lost device too, once its tensors are dropped: a card may not free their memory by itself.
    pub fn release_memory(&self) {
        self.device.memory_cleanup();
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
