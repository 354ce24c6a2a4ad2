//! What is kept of the pictures that were read: as much as fits, least recently used goes first.

use crate::data::FrameKey;
use image::RgbImage;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A small picture, or why there is none.
pub type Preview = Result<Arc<RgbImage>, Arc<str>>;

/// Pictures within a bound of memory, and why others cannot be had, so that nobody tries those again.
pub struct LruCache {
    previews: HashMap<FrameKey, (Preview, u64)>,
    /// Which was used when, the longest ago first.
    uses: BTreeMap<u64, FrameKey>,
    now: u64,
    bytes: usize,
    most_bytes: usize,
}

impl LruCache {
    /// Nothing yet, and never more than `most_bytes` of pictures.
    pub fn within(most_bytes: usize) -> Self {
        Self { previews: HashMap::new(), uses: BTreeMap::new(), now: 0, bytes: 0, most_bytes }
    }

    /// Whether it is kept, without using it.
    pub fn contains(&self, key: &FrameKey) -> bool {
        self.previews.contains_key(key)
    }

    /// What is kept of a frame; it is used by this.
    pub fn get(&mut self, key: &FrameKey) -> Option<Preview> {
        let (preview, used) = self.previews.get_mut(key)?;
        self.now += 1;
        self.uses.remove(used);
        self.uses.insert(self.now, key.clone());
        *used = self.now;
        Some(preview.clone())
    }

    /// Keeps what became of a frame, in the place of what was used least recently.
    pub fn add(&mut self, key: FrameKey, preview: Preview) {
        self.remove(&key);
        self.now += 1;
        self.bytes += bytes(&preview);
        self.uses.insert(self.now, key.clone());
        self.previews.insert(key, (preview, self.now));
        while self.bytes > self.most_bytes
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

    /// The memory of what is kept.
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
