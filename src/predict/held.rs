//! Bound on the pictures that are held between their decoding and the end of the work on them.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes of pictures that may be held while another is decoded: a dozen of KITTI's frames, but of large photographs none.
const MAX_HELD: usize = 16 << 20;

/// Bytes of the pictures that are held.
#[derive(Default)]
pub(super) struct HeldPictures {
    bytes: Mutex<usize>,
    released: Condvar,
}

impl HeldPictures {
    /// Waits until another picture may be decoded.
    pub fn wait(&self) {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.released.wait_while(bytes, |bytes| *bytes > MAX_HELD));
    }

    /// Counts a picture of this many bytes until the returned value is dropped.
    pub fn hold(&self, bytes: usize) -> HeldPicture<'_> {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
        HeldPicture { all: self, bytes }
    }
}

/// Picture that is counted as long as this exists.
pub(super) struct HeldPicture<'a> {
    all: &'a HeldPictures,
    bytes: usize,
}

impl Drop for HeldPicture<'_> {
    fn drop(&mut self) {
        *self.all.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.all.released.notify_all();
    }
}
