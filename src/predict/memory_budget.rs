//! Memory budget of the pictures between their decoding and the end of the work on them.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes of pictures beside which another is decoded: a dozen of KITTI's frames, but of large photographs none.
const BUDGET: usize = 16 << 20;

/// Memory budget that threads share.
#[derive(Default)]
pub(super) struct MemoryBudget {
    bytes: Mutex<usize>,
    released: Condvar,
}

impl MemoryBudget {
    /// Waits until another picture may be decoded.
    pub fn wait_for_room(&self) {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.released.wait_while(bytes, |bytes| *bytes > BUDGET));
    }

    /// Reserves the bytes of a picture until the returned value is dropped.
    pub fn reserve(&self, bytes: usize) -> Reservation<'_> {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        Reservation { all: self, bytes }
    }
}

/// Bytes that are reserved as long as this exists.
pub(super) struct Reservation<'a> {
    all: &'a MemoryBudget,
    bytes: usize,
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        *self.all.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.all.released.notify_all();
    }
}
