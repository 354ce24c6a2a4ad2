//! Frames at the network's size, kept on disk so that later epochs neither decode nor resize.
//!
//! An entry is a file of its own, named by the picture's path and the size, that holds the pixels as they
//! are and beside them what they were made from: when the picture was changed or the entry is damaged,
//! the frame is made anew. Entries appear whole or not at all. When the cache is full it takes no more: in
//! training every frame comes up equally often, so none is worth another's place.

use super::{
    DataError, DepthMap, Drive, FrameKey, FrameSource, ResizedFrame, Side, TrueDepth,
    fingerprint::fingerprint,
};
use crate::{
    config::{ImageSize, TrainingConfig},
    geometry::Intrinsics,
};
use glam::DAffine3;
use image::RgbImage;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::UNIX_EPOCH,
};

const MAGIC: u64 = u64::from_le_bytes(*b"frames 2");
/// Numbers that tell what an entry stands for: magic, width, height, time and length of the picture's file.
const ORIGIN: usize = 5;
/// Numbers before the pixels: the origin, native width and height, checksum.
const HEADER: usize = ORIGIN + 3;

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
    fn keep(&self, entry: &Path, origin: [u64; ORIGIN], frame: &ResizedFrame) -> io::Result<()> {
        let ImageSize { height, width } = frame.native_size;
        let header = [&origin[..], &[width as u64, height as u64, checksum(frame)]].concat();
        let bytes = (8 * HEADER + frame.image.as_raw().len()) as u64;
        if self.used_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limit_bytes {
            self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return Ok(());
        }
        let folder = entry.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytemuck::cast_slice(
            &header.iter().map(|number| number.to_le_bytes()).collect::<Vec<_>>(),
        ))?;
        file.write_all(frame.image.as_raw())?;
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

/// What an entry must begin with to stand for this picture.
fn origin(picture: &Path, size: ImageSize) -> io::Result<[u64; ORIGIN]> {
    let facts = fs::metadata(picture)?;
    let changed = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok([MAGIC, size.width as u64, size.height as u64, changed.as_nanos() as u64, facts.len()])
}

/// The frame of an entry; `None` if it is not there, was made from another picture, or is damaged.
fn recall(entry: &Path, expected: &[u64; ORIGIN], size: ImageSize) -> Option<ResizedFrame> {
    let mut file = File::open(entry).ok()?;
    let mut bytes = [0; HEADER * 8];
    file.read_exact(&mut bytes).ok()?;
    let (words, _) = bytes.as_chunks::<8>();
    let numbers: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let [begin @ .., native_width, native_height, checksum] = &numbers[..] else { return None };
    if begin != expected {
        return None;
    }
    let mut pixels = vec![0; 3 * size.pixels()];
    file.read_exact(&mut pixels).ok()?;
    let native_size = ImageSize { height: *native_height as usize, width: *native_width as usize };
    let image = RgbImage::from_raw(size.width as u32, size.height as u32, pixels)?;
    let frame = ResizedFrame { image, native_size };
    (self::checksum(&frame) == *checksum).then_some(frame)
}

fn checksum(frame: &ResizedFrame) -> u64 {
    let size = [frame.native_size.width, frame.native_size.height];
    let size = size.into_iter().flat_map(|pixels| (pixels as u64).to_le_bytes());
    fingerprint(size.chain(frame.image.as_raw().iter().copied()))
}

impl FrameSource for CachedFrames {
    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<ResizedFrame, DataError> {
        let Some(picture) = self.file(key) else { return self.source.resized(key, size) };
        let Ok(origin) = origin(picture, size) else { return self.source.resized(key, size) };
        let entry = self.entry(picture, size);
        if let Some(frame) = recall(&entry, &origin, size) {
            return Ok(frame);
        }
        let frame = self.source.resized(key, size)?;
        // A frame that cannot be kept costs its decoding again, not the run.
        let _ = self.keep(&entry, origin, &frame);
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

    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        self.source.preview(key, within)
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

    fn true_depths(&self) -> &'static [TrueDepth] {
        self.source.true_depths()
    }

    fn depth_as(&self, key: &FrameKey, kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        self.source.depth_as(key, kind)
    }

    fn true_poses(&self, drive: &Drive, side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
        self.source.true_poses(drive, side)
    }
}
