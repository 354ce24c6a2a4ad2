//! Buffers that are reused from call to call.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Shared by all threads, because a buffer may be dropped by another thread than took it: stores of
/// the threads' own would grow without bound at the one and stay empty at the other.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<Vec<f32>>> {
    // Its content is only ever pushed and popped, so it is sound even after a panic.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frees the buffers that nobody holds.
pub(in crate::compute) fn release_scratch() {
    *free() = Vec::new();
}

/// A buffer with unspecified content that goes back to the store when dropped.
pub(super) struct ScratchBuffer {
    values: Vec<f32>,
    len: usize,
}

impl ScratchBuffer {
    /// A buffer of `len` values.
    pub(super) fn take(len: usize) -> Self {
        let mut values = free().pop().unwrap_or_default();
        if values.len() < len {
            values.resize(len, 0.0);
        }
        Self { values, len }
    }

    /// A buffer of `len` zeros.
    pub(super) fn zeros(len: usize) -> Self {
        let mut scratch = Self::take(len);
        scratch.fill(0.0);
        scratch
    }
}

impl Drop for ScratchBuffer {
    fn drop(&mut self) {
        free().push(mem::take(&mut self.values));
    }
}

impl Deref for ScratchBuffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for ScratchBuffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }
}
