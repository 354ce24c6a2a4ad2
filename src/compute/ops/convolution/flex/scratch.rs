//! Scratch buffers that are reused from call to call.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Free buffers, shared by all threads. A buffer may be dropped by another thread than took it, so with one store per
/// thread some would grow without bound and others stay empty.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());

fn free() -> MutexGuard<'static, Vec<Vec<f32>>> {
    // Buffers are only pushed and popped, so the store is sound even after a panic.
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Frees the buffers that are not in use.
pub(in crate::compute) fn release_scratch() {
    *free() = Vec::new();
}

/// Buffer of f32 that goes back to the store when dropped.
pub(super) struct ScratchBuffer {
    values: Vec<f32>,
    len: usize,
}

impl ScratchBuffer {
    /// Takes a buffer of `len` unspecified values.
    pub(super) fn take(len: usize) -> Self {
        let mut values = free().pop().unwrap_or_default();
        if values.len() < len {
            values.resize(len, 0.0);
        }
        Self { values, len }
    }

    /// Takes a buffer of `len` zeros.
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
