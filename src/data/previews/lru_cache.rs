//! Cache of previews with a bound on memory, which evicts the least recently used.

use crate::data::FrameKey;
use image::RgbImage;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Preview of a frame, or the reason why it cannot be read.
pub type Preview = Result<Arc<RgbImage>, Arc<str>>;

/// Cache of previews. Errors are cached too, so that unreadable frames are not read again.
pub struct LruCache {
    /// Previews with the time of their last use.
    previews: HashMap<FrameKey, (Preview, u64)>,
    /// Keys by the time of their last use.
    uses: BTreeMap<u64, FrameKey>,
    /// Time, in uses.
    now: u64,
    bytes: usize,
    max_bytes: usize,
}

impl LruCache {
    /// Empty cache of at most `max_bytes` of previews.
    pub fn new(max_bytes: usize) -> Self {
        Self { previews: HashMap::new(), uses: BTreeMap::new(), now: 0, bytes: 0, max_bytes }
    }

    /// True if the preview of a frame is cached; this does not count as a use.
    pub fn contains(&self, key: &FrameKey) -> bool {
        self.previews.contains_key(key)
    }

    /// Cached preview of a frame; this counts as a use.
    pub fn get(&mut self, key: &FrameKey) -> Option<Preview> {
        let (preview, used) = self.previews.get_mut(key)?;
        self.now += 1;
        self.uses.remove(used);
        self.uses.insert(self.now, key.clone());
        *used = self.now;
        Some(preview.clone())
    }

    /// Inserts a preview, and evicts the least recently used ones if there is no room.
    pub fn insert(&mut self, key: FrameKey, preview: Preview) {
        self.remove(&key);
        self.now += 1;
        self.bytes += bytes(&preview);
        self.uses.insert(self.now, key.clone());
        self.previews.insert(key, (preview, self.now));
        while self.bytes > self.max_bytes
            && let Some(oldest) = self.uses.first_key_value().map(|(_, key)| key.clone())
        {
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &FrameKey) {
        if let Some((preview, used)) = self.previews.remove(key) {
            self.uses.remove(&used);
            self.bytes -= bytes(&preview);
        }
    }

    /// Memory of the previews, bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

fn bytes(preview: &Preview) -> usize {
    match preview {
        Ok(picture) => picture.as_raw().len(),
        Err(reason) => reason.len(),
    }
}
