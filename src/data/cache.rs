//! Disk cache of frames at the network's size, so that later epochs neither decode nor resize.
//!
//! Each entry is a file, named by the path of the image and the size. It holds the raw pixels and identifies
//! the file that they were made from: if that was changed, or the entry is damaged, the entry is written
//! again. Entries are written atomically. A full cache evicts nothing: in training all frames are used
//! equally often.

use super::{
    DataError, DepthMap, Drive, DriveDecisions, FrameKey, FrameSource, MeasuredPoses, Remarks, ResizedFrame,
    Side, TrueDepth, fnv::fnv1a, image::LevelRange, regular_file::open_regular,
};
use crate::{
    config::{FrameId, ImageSize, TrainingConfig},
    geometry::Intrinsics,
};
use image::RgbImage;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};
use tracing::{debug, info};

const MAGIC: u64 = u64::from_le_bytes(*b"frames 3");
/// Numbers that identify an entry: magic, size, modification time and length of the image's file, and the range of levels
/// that was stretched.
const IDENTITY: usize = 5;
/// Numbers before the pixels: the identity, native width and height, checksum.
const HEADER: usize = IDENTITY + 3;

/// Source whose resized frames are cached on disk.
pub struct CachedFrames {
    source: Arc<dyn FrameSource>,
    folder: PathBuf,
    limit_bytes: u64,
    used_bytes: AtomicU64,
}

/// Wraps a source in the cache that the configuration asks for, if any.
///
/// # Errors
/// The cache's folder cannot be created or written to.
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
    /// Opens a cache of at most `limit_bytes` in a folder, including what is there already.
    ///
    /// # Errors
    /// The folder cannot be created or written to.
    pub fn open(source: Arc<dyn FrameSource>, folder: &Path, limit_bytes: u64) -> Result<Self, DataError> {
        if is_link(folder) {
            let reason = "it is a link, which might lead into other files; name the folder that it leads to";
            return Err(DataError::unwritable("the cache of frames", folder, reason));
        }
        if let Some(other) = other_content(folder) {
            let reason =
                format!("it holds {}, which is of no cache; name a folder of its own", other.display());
            return Err(DataError::unwritable("the cache of frames", folder, reason));
        }
        let used = fs::create_dir_all(folder)
            .and_then(|()| tempfile::tempfile_in(folder))
            .and_then(|_| size_of_entries(folder))
            .map_err(|error| DataError::unwritable("the cache of frames", folder, error.to_string()))?;
        info!(folder = %folder.display(), used_bytes = used, limit_bytes, "cache of frames opened");
        Ok(Self { source, folder: folder.to_owned(), limit_bytes, used_bytes: AtomicU64::new(used) })
    }

    /// Path of the entry for an image file at a size.
    fn entry(&self, image: &Path, size: ImageSize) -> PathBuf {
        let image = std::path::absolute(image).unwrap_or_else(|_| image.to_owned());
        let name = fnv1a(image.as_os_str().as_encoded_bytes().iter().copied());
        self.folder.join(format!("{}x{}", size.width, size.height)).join(format!("{name:016x}"))
    }

    /// Writes an entry if there is room for it.
    fn store(&self, entry: &Path, identity: [u64; IDENTITY], frame: &ResizedFrame) -> io::Result<()> {
        let ImageSize { height, width } = frame.native_size;
        let header = [&identity[..], &[width as u64, height as u64, checksum(frame)]].concat();
        let bytes = (8 * HEADER + frame.image.as_raw().len()) as u64;
        if self.used_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.limit_bytes {
            self.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
            debug!(limit_bytes = self.limit_bytes, "frame not cached: the cache is full");
            return Ok(());
        }
        let folder = entry.parent().unwrap_or(&self.folder);
        if is_link(folder) {
            return Err(io::Error::other("its folder is a link"));
        }
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

/// Tells if a path is a link itself; a final separator would make the system look at its target.
fn is_link(path: &Path) -> bool {
    path.components().as_path().symlink_metadata().is_ok_and(|facts| facts.is_symlink())
}

/// Anything visible in a folder that is not the folder of a size, `640x192`: the options of a run from elsewhere may name
/// any folder as its cache.
fn other_content(folder: &Path) -> Option<PathBuf> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_own = |name: &str| {
        let size = name.split_once('x').is_some_and(|(width, height)| is_number(width) && is_number(height));
        size || name.starts_with('.')
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| !is_own(&path.file_name().unwrap_or_default().to_string_lossy()))
}

/// Total size of all files in the folders in a folder, bytes.
fn size_of_entries(folder: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        for entry in fs::read_dir(entry.path())? {
            size += entry?.metadata()?.len();
        }
    }
    Ok(size)
}

/// Numbers that an entry must begin with to be that of this image file.
fn identity(image: &Path, size: ImageSize, levels: Option<LevelRange>) -> io::Result<[u64; IDENTITY]> {
    let metadata = fs::metadata(image)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let levels = levels.map_or(0, |range| u64::from(range.low) << 16 | u64::from(range.high));
    let size = (size.width as u64) << 32 | size.height as u64;
    Ok([MAGIC, size, modified.as_nanos() as u64, metadata.len(), levels])
}

/// Frame of an entry; `None` if it does not exist, was made from another version of the image, or is damaged.
fn load(entry: &Path, expected: &[u64; IDENTITY], size: ImageSize) -> Option<ResizedFrame> {
    let (mut file, _) = open_regular(entry).ok()?;
    let mut bytes = [0; HEADER * 8];
    file.read_exact(&mut bytes).ok()?;
    let (words, _) = bytes.as_chunks::<8>();
    let numbers: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let [identity @ .., native_width, native_height, checksum] = &numbers[..] else { return None };
    if identity != expected {
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
    fnv1a(size.chain(frame.image.as_raw().iter().copied()))
}

impl FrameSource for CachedFrames {
    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<ResizedFrame, DataError> {
        let Some(image) = self.file(key) else { return self.source.resized(key, size) };
        let Ok(identity) = identity(image, size, self.levels(key)) else {
            return self.source.resized(key, size);
        };
        let entry = self.entry(image, size);
        if let Some(frame) = load(&entry, &identity, size) {
            return Ok(frame);
        }
        let frame = self.source.resized(key, size)?;
        // If the entry cannot be written, the frame is decoded again next time.
        if let Err(error) = self.store(&entry, identity, &frame) {
            debug!(%error, entry = %entry.display(), "frame not cached");
        }
        Ok(frame)
    }

    fn name(&self) -> String {
        self.source.name()
    }

    fn drives(&self) -> &[Drive] {
        self.source.drives()
    }

    fn remarks(&self) -> Remarks {
        self.source.remarks()
    }

    fn is_scanning(&self) -> bool {
        self.source.is_scanning()
    }

    fn wait_for_scan(&self, time: Duration) {
        self.source.wait_for_scan(time);
    }

    fn decisions(&self, drive: &Drive) -> DriveDecisions {
        self.source.decisions(drive)
    }

    fn contains(&self, key: &FrameKey) -> bool {
        self.source.contains(key)
    }

    fn neighbour(&self, target: &FrameKey, id: FrameId) -> Option<FrameKey> {
        self.source.neighbour(target, id)
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.source.image(key)
    }

    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        self.source.preview(key, within)
    }

    fn levels(&self, key: &FrameKey) -> Option<LevelRange> {
        self.source.levels(key)
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

    fn true_poses(&self, drive: &Drive, side: Side) -> Result<MeasuredPoses, DataError> {
        self.source.true_poses(drive, side)
    }
}
