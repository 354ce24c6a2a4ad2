//! Previews of frames for scrolling through drives, read on a background thread.

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

/// Previews of a source's frames. Nothing here waits for a file: previews that are not cached are requested,
/// and can be got once the thread has read them. Dropping this ends the thread after its current image.
pub struct Previews(Arc<Shared>);

struct Shared {
    queue: Mutex<PreviewQueue>,
    changed: Condvar,
}

/// Requests to the thread, and its results.
struct PreviewQueue {
    /// Requested frames, the most urgent first.
    requests: VecDeque<FrameKey>,
    reading: Option<FrameKey>,
    cache: LruCache,
    is_closed: bool,
}

impl Previews {
    /// Starts a thread that reads previews which fit into `within`, with a cache of `max_bytes`. `on_change`
    /// is called on the thread after each.
    pub fn new(
        source: Arc<dyn FrameSource>,
        within: ImageSize,
        max_bytes: usize,
        on_change: impl Fn() + Send + 'static,
    ) -> Self {
        let cache = LruCache::new(max_bytes);
        let queue = PreviewQueue { requests: VecDeque::new(), reading: None, cache, is_closed: false };
        let shared = Arc::new(Shared { queue: Mutex::new(queue), changed: Condvar::new() });
        let read = move |key: &FrameKey| {
            let read = || source.preview(key, within);
            match panics::catch(AssertUnwindSafe(read)) {
                Ok(Ok(picture)) => Ok(Arc::new(picture)),
                Ok(Err(error)) => Err(error.to_string().into()),
                Err(panic) => Err(format!("the picture's decoder failed: {panic}").into()),
            }
        };
        let worker = Arc::clone(&shared);
        Builder::new()
            .name("previews".to_owned())
            .spawn(move || worker.work(&read, &on_change))
            .expect("the system can start one thread");
        Self(shared)
    }

    /// Preview of a frame, if it is cached.
    pub fn get(&self, key: &FrameKey) -> Option<Preview> {
        self.0.queue().cache.get(key)
    }

    /// Requests the previews of these frames, the most urgent first. This replaces all earlier requests;
    /// frames that are cached are not read again.
    pub fn request(&self, keys: impl IntoIterator<Item = FrameKey>) {
        let mut queue = self.0.queue();
        let PreviewQueue { requests, reading, cache, .. } = &mut *queue;
        requests.clear();
        for key in keys {
            if reading.as_ref() != Some(&key) && !cache.contains(&key) && !requests.contains(&key) {
                requests.push_back(key);
            }
        }
        if !requests.is_empty() {
            self.0.changed.notify_one();
        }
    }

    /// Memory of the cached previews, bytes.
    pub fn bytes(&self) -> usize {
        self.0.queue().cache.bytes()
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        self.0.queue().is_closed = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, PreviewQueue> {
        // The queue is consistent after every statement, so that a panic elsewhere does no harm.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads requested previews until closed.
    fn work(&self, read: &dyn Fn(&FrameKey) -> Preview, on_change: &dyn Fn()) {
        while let Some(key) = self.next() {
            let preview = read(&key);
            let mut queue = self.queue();
            queue.reading = None;
            queue.cache.insert(key, preview);
            drop(queue);
            on_change();
        }
    }

    /// Waits for a request; `None` once closed.
    fn next(&self) -> Option<FrameKey> {
        let is_idle = |queue: &mut PreviewQueue| !queue.is_closed && queue.requests.is_empty();
        let woken = self.changed.wait_while(self.queue(), is_idle);
        let mut queue = woken.unwrap_or_else(PoisonError::into_inner);
        queue.reading = queue.requests.pop_front().filter(|_| !queue.is_closed);
        queue.reading.clone()
    }
}
