//! Latest-wins mailbox between the session thread and the window.

use std::sync::{Mutex, PoisonError};
use tracing::trace;

/// Mailbox of at most one value. The writer never waits for the reader: it replaces a value that was not taken.
#[derive(Debug)]
pub struct Slot<T>(Mutex<Option<T>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// Stores a value and drops one that nobody took.
    pub fn publish(&self, value: T) {
        let unread = self.lock().replace(value);
        if unread.is_some() {
            trace!(kind = std::any::type_name::<T>(), "replaced before anyone took it");
        }
        // Dropped after the lock is released: freeing GPU memory must not hold up the reader.
        drop(unread);
    }

    /// Takes the value, if there is a new one.
    pub fn take(&self) -> Option<T> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<T>> {
        // The value is replaced in one move, so it is sound even after a panic of a writer.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
