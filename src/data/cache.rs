//! Frames at the network's size, kept on disk so that later epochs neither decode nor resize.
//!
//! An entry is a file of its own, named by the picture's path and the size, that holds the pixels as they
//! are and beside them what they were made from: when the picture was changed or the entry is damaged,
//! the frame is made anew. Entries appear whole or not at all. When the cache is full it takes no more: in
//! training every frame comes up equally often, so none is worth another's place.

use super::{DataError, DepthMap, Drive, FrameKey, FrameSource, fingerprint::fingerprint};
use crate::{
    config::{ImageSize, TrainingConfig},
    geometry::Intrinsics,
};
use image::RgbImage;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::UNIX_EPOCH,
};

const MAGIC: u64 = u64::from_le_bytes(*b"frames 1");
/// Numbers before the pixels: magic, width, height, time and length of the picture's file, checksum.
const HEADER: usize = 6;

/// A source whose resized frames are kept on disk.
pub struct CachedFrames {
    source: Arc<dyn FrameSource>,
    folder: PathBuf,
    limit_bytes: u64,
    used_bytes: AtomicU64,
}

/// The source, with the cache of frames that the run asks for.
///
/// # Errors
/// The cache's folder cannot be made or written to.
pub fn with_cache(
    source: &Arc<dyn FrameSource>,
    config: &TrainingConfig,
) -> Result<Arc<dyn FrameSource>, DataError> {
    const GIGABYTE: u64 = 1_000_000_000;
    Ok(match &config.cache_frames {
        Some(folder) => {
            let limit = config.cache_limit.saturating_mul(GIGABYTE);
            Arc::new(CachedFrames::open(Arc::clone(source), folder, limit)?)
        }
        None => Arc::clone(source),
    })
}

impl CachedFrames {
    /// Keeps at most so many bytes in a folder, counting what is there already.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn open(source: Arc<dyn FrameSource>, folder: &Path, limit_bytes: u64) -> Result<Self, DataError> {
        let used = fs::create_dir_all(folder)
            .and_then(|()| tempfile::tempfile_in(folder))
            .and_then(|_| size_below(folder))
            .map_err(|error| DataError::Unwritable {
                what: "the cache of frames".to_owned(),
                path: folder.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self { source, folder: folder.to_owned(), limit_bytes, used_bytes: AtomicU64::new(used) })
    }

    fn entry(&self, picture: &Path, size: ImageSize) -> PathBuf {
        let picture = std::path::absolute(picture).unwrap_or_else(|_| picture.to_owned());
        let name = fingerprint(picture.as_os_str().as_encoded_bytes().iter().copied());
        self.folder.join(format!("{}x{}", size.width, size.height)).join(format!("{name:016x}"))
    }

    /// Writes an entry if there is room for it.
    fn keep(&self, entry: &Path, header: &[u64; HEADER], image: &RgbImage) -> io::Result<()> {
        let bytes = (size_of_val(header) + image.as_raw().len()) as u64;
        if self.used_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limit_bytes {
            self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Ok(());
        }
        let folder = entry.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(&header.map(u64::to_le_bytes).concat())?;
        file.write_all(image.as_raw())?;
        file.persist(entry)?;
        Ok(())
    }
}

/// The bytes of all files in a folder and the folders in it.
fn size_below(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        size += if facts.is_dir() { size_below(&entry.path())? } else { facts.len() };
    }
    Ok(size)
}

/// What an entry must begin with to stand for this picture, the checksum excepted.
fn header(picture: &Path, size: ImageSize) -> io::Result<[u64; HEADER - 1]> {
    let facts = fs::metadata(picture)?;
    let changed = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok([MAGIC, size.width as u64, size.height as u64, changed.as_nanos() as u64, facts.len()])
}

/// The frame of an entry; `None` if it is not there, was made from another picture, or is damaged.
fn recall(entry: &Path, expected: &[u64; HEADER - 1], size: ImageSize) -> Option<RgbImage> {
    let mut file = File::open(entry).ok()?;
    let mut bytes = [0; HEADER * 8];
    file.read_exact(&mut bytes).ok()?;
    let (words, _) = bytes.as_chunks::<8>();
    let (begin, checksum) = (&words[..HEADER - 1], u64::from_le_bytes(words[HEADER - 1]));
    if begin.iter().map(|word| u64::from_le_bytes(*word)).ne(expected.iter().copied()) {
        return None;
    }
    let mut pixels = vec![0; 3 * size.pixels()];
    file.read_exact(&mut pixels).ok()?;
    if fingerprint(pixels.iter().copied()) != checksum {
        return None;
    }
    RgbImage::from_raw(size.width as u32, size.height as u32, pixels)
}

impl FrameSource for CachedFrames {
    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<RgbImage, DataError> {
        let Some(picture) = self.file(key) else { return self.source.resized(key, size) };
        let Ok(begin) = header(picture, size) else { return self.source.resized(key, size) };
        let entry = self.entry(picture, size);
        if let Some(frame) = recall(&entry, &begin, size) {
            return Ok(frame);
        }
        let frame = self.source.resized(key, size)?;
        let [magic, width, height, changed, length] = begin;
        let header = [magic, width, height, changed, length, fingerprint(frame.as_raw().iter().copied())];
        // A frame that cannot be kept costs its decoding again, not the run.
        let _ = self.keep(&entry, &header, &frame);
        Ok(frame)
    }

    fn name(&self) -> String {
        self.source.name()
    }

    fn drives(&self) -> &[Drive] {
        self.source.drives()
    }

    fn contains(&self, key: &FrameKey) -> bool {
        self.source.contains(key)
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.source.image(key)
    }

    fn file(&self, key: &FrameKey) -> Option<&Path> {
        self.source.file(key)
    }

    fn intrinsics(&self, key: &FrameKey) -> Intrinsics {
        self.source.intrinsics(key)
    }

    fn baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.source.baseline_metres(key)
    }

    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        self.source.depth(key)
    }
}
