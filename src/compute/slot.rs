//! A latest-wins mailbox between the session thread and the window.

use std::sync::{Mutex, PoisonError};

/// Holds at most one value. The writer never waits for the reader; what was not taken is replaced.
#[derive(Debug)]
pub struct Slot<T>(Mutex<Option<T>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// Puts a value in, dropping one that nobody took.
    pub fn publish(&self, value: T) {
        let unread = self.lock().replace(value);
        // Dropped after the lock is released: freeing GPU memory must not hold up the reader.
        drop(unread);
    }

    /// Takes the value out, if there is a new one.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<T>> {
        // A value is replaced in one move, so even a panicking writer leaves a sound one behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
