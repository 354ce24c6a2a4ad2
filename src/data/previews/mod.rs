//! Small pictures of frames, read on a thread of their own for who scrolls through drives.

mod lru_cache;

pub use lru_cache::{LruCache, Preview};

use super::{FrameKey, FrameSource};
use crate::{config::ImageSize, panics};
use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::Builder,
};

/// The small pictures of a source's frames. Nobody waits for them: what is not there yet is wished for, and
/// found here once the thread has read it. Dropping this ends the thread after the picture it is at.
pub struct Previews(Arc<Shared>);

struct Shared {
    desk: Mutex<PreviewQueue>,
    changed: Condvar,
}

/// What lies between those who wish and the thread that reads.
struct PreviewQueue {
    /// The most wanted first.
    wishes: VecDeque<FrameKey>,
    reading: Option<FrameKey>,
    kept: LruCache,
    is_over: bool,
}

impl Previews {
    /// Reads pictures that fit into a box and keeps as many as `most_bytes` hold. `on_change` is called on the
    /// thread after each.
    pub fn of(
        source: Arc<dyn FrameSource>,
        within: ImageSize,
        most_bytes: usize,
        on_change: impl Fn() + Send + 'static,
    ) -> Self {
        let kept = LruCache::within(most_bytes);
        let desk = PreviewQueue { wishes: VecDeque::new(), reading: None, kept, is_over: false };
        let shared = Arc::new(Shared { desk: Mutex::new(desk), changed: Condvar::new() });
        let read = move |key: &FrameKey| {
            let read = || source.preview(key, within);
            match panics::catch(AssertUnwindSafe(read)) {
                Ok(Ok(picture)) => Ok(Arc::new(picture)),
                Ok(Err(error)) => Err(error.to_string().into()),
                Err(panic) => Err(format!("the picture's decoder gave up: {panic}").into()),
            }
        };
        let worker = Arc::clone(&shared);
        Builder::new()
            .name("previews".to_owned())
            .spawn(move || worker.work(&read, &on_change))
            .expect("the system can start one thread");
        Self(shared)
    }

    /// The picture of a frame, if it was read and is still kept.
    pub fn get(&self, key: &FrameKey) -> Option<Preview> {
        self.0.desk().kept.get(key)
    }

    /// Wishes for the pictures of these frames, the most wanted first, in place of all earlier wishes: those
    /// that are not repeated are dropped. What is there is not read again.
    pub fn wish(&self, keys: impl IntoIterator<Item = FrameKey>) {
        let mut desk = self.0.desk();
        let PreviewQueue { wishes, reading, kept, .. } = &mut *desk;
        wishes.clear();
        for key in keys {
            if reading.as_ref() != Some(&key) && !kept.contains(&key) && !wishes.contains(&key) {
                wishes.push_back(key);
            }
        }
        if !wishes.is_empty() {
            self.0.changed.notify_one();
        }
    }

    /// The memory of what is kept.
    pub fn bytes(&self) -> usize {
        self.0.desk().kept.bytes()
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        self.0.desk().is_over = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, PreviewQueue> {
        // What is behind the lock is whole between any two of its lines.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fulfils wishes until it is over.
    fn work(&self, read: &dyn Fn(&FrameKey) -> Preview, on_change: &dyn Fn()) {
        while let Some(key) = self.next() {
            let preview = read(&key);
            let mut desk = self.desk();
            desk.reading = None;
            desk.kept.add(key, preview);
            drop(desk);
            on_change();
        }
    }

    /// Waits for a wish; `None` once it is over.
    fn next(&self) -> Option<FrameKey> {
        let has_nothing = |desk: &mut PreviewQueue| !desk.is_over && desk.wishes.is_empty();
        let woken = self.changed.wait_while(self.desk(), has_nothing);
        let mut desk = woken.unwrap_or_else(PoisonError::into_inner);
        desk.reading = desk.wishes.pop_front().filter(|_| !desk.is_over);
        desk.reading.clone()
    }
}
