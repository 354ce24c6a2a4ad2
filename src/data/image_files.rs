//! Image files by drive, camera and frame number, common to all layouts of data folders.

use super::{
    DataError, DepthMap, Drive, FrameKey, FrameSource, MeasuredPoses, Remarks, Side, TrueDepth,
    image as codec,
};
use crate::{config::ImageSize, geometry::Intrinsics};
use image::RgbImage;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Largest frame number: nine hours at thirty frames per second.
pub(super) const MAX_FRAME: u32 = 999_999;

/// Image files of one camera by frame number.
pub(super) type CameraImages = BTreeMap<u32, PathBuf>;
/// Cameras of a drive.
pub(super) type Cameras = BTreeMap<Side, CameraImages>;

/// Image files below a folder.
pub struct ImageFiles {
    root: PathBuf,
    drives: Vec<Drive>,
    files: BTreeMap<String, Cameras>,
    remarks: Remarks,
}

impl ImageFiles {
    /// Collects drives by the names of their folders, in the order in which they are listed.
    pub(super) fn new(root: &Path, drives: Vec<(String, Cameras)>, remarks: Remarks) -> Self {
        let with_images = drives.iter().filter_map(|(folder, cameras)| drive(folder, cameras)).collect();
        Self { root: root.to_owned(), drives: with_images, files: drives.into_iter().collect(), remarks }
    }

    /// Folder that holds the drives.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Drives that have an image.
    pub fn drives(&self) -> &[Drive] {
        &self.drives
    }

    /// File of a frame; `None` if there is none.
    pub fn file(&self, key: &FrameKey) -> Option<&Path> {
        Some(self.files.get(&key.folder)?.get(&key.side)?.get(&key.frame)?)
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn read(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        codec::read(self.expected(key)?)
    }

    /// File of a frame.
    ///
    /// # Errors
    /// The file does not exist.
    fn expected(&self, key: &FrameKey) -> Result<&Path, DataError> {
        match self.file(key) {
            Some(path) => Ok(path),
            None => Err(DataError::Missing {
                what: format!("picture of '{key}'"),
                path: self.root.join(&key.folder),
                advice: "unpack the drive there or take the frame out of the split".to_owned(),
            }),
        }
    }
}

/// Layout of image files: the properties of frames that differ between layouts. Every layout is a
/// [`FrameSource`].
pub trait ImageLayout: Send + Sync {
    /// The image files of the folder, by drive.
    fn files(&self) -> &ImageFiles;

    /// Name of the layout, for people.
    fn kind(&self) -> &'static str;

    /// Implementation of [`FrameSource::intrinsics`].
    fn camera(&self, key: &FrameKey) -> Intrinsics;

    /// Implementation of [`FrameSource::baseline_metres`].
    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32>;

    /// Implementation of [`FrameSource::true_depths`].
    fn measured_depths(&self) -> &'static [TrueDepth] {
        &[]
    }

    /// Implementation of [`FrameSource::depth_as`].
    fn measured_depth(&self, _key: &FrameKey, _kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }

    /// Implementation of [`FrameSource::true_poses`].
    fn measured_poses(&self, _drive: &Drive, _side: Side) -> Result<MeasuredPoses, DataError> {
        Ok(MeasuredPoses::default())
    }
}

impl<L: ImageLayout> FrameSource for L {
    fn name(&self) -> String {
        format!("{} ({})", self.files().root().display(), self.kind())
    }

    fn drives(&self) -> &[Drive] {
        self.files().drives()
    }

    fn remarks(&self) -> Remarks {
        self.files().remarks.clone()
    }

    fn contains(&self, key: &FrameKey) -> bool {
        self.files().file(key).is_some()
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.files().read(key)
    }

    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        codec::read_small(self.files().expected(key)?, within)
    }

    fn file(&self, key: &FrameKey) -> Option<&Path> {
        self.files().file(key)
    }

    fn intrinsics(&self, key: &FrameKey) -> Intrinsics {
        self.camera(key)
    }

    fn baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.stereo_baseline_metres(key)
    }

    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        self.measured_depth(key, TrueDepth::Camera)
    }

    fn true_depths(&self) -> &'static [TrueDepth] {
        self.measured_depths()
    }

    fn depth_as(&self, key: &FrameKey, kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        self.measured_depth(key, kind)
    }

    fn true_poses(&self, drive: &Drive, side: Side) -> Result<MeasuredPoses, DataError> {
        self.measured_poses(drive, side)
    }
}

fn drive(folder: &str, cameras: &Cameras) -> Option<Drive> {
    let first = cameras.values().filter_map(|frames| frames.keys().next()).min()?;
    let last = cameras.values().filter_map(|frames| frames.keys().next_back()).max()?;
    Some(Drive {
        folder: folder.to_owned(),
        frames: *first..last.checked_add(1)?,
        sides: cameras.keys().copied().collect(),
    })
}

/// Names of the folders in a folder, sorted.
pub(super) fn folders(parent: &Path) -> Result<Vec<String>, DataError> {
    let mut names: Vec<String> = entries(parent)?
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
    list().map_err(|error| DataError::unreadable("folder", folder, error.to_string()))
}

/// Image files of a folder by name without ending; of two that differ only in the ending, the one whose
/// ending comes first in [`codec::ENDINGS`]. Empty for a folder that does not exist.
pub(super) fn images_in(folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut images: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    for path in entries(folder)? {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_lowercase();
        let rank = codec::ENDINGS.iter().position(|known| *known == ending);
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(rank), Some(stem)) = (rank, stem)
            && images.get(stem).is_none_or(|(other, _)| rank < *other)
        {
            images.insert(stem.to_owned(), (rank, path));
        }
    }
    Ok(images.into_iter().map(|(stem, (_, path))| (stem, path)).collect())
}

/// Image files of a folder whose names are frame numbers. Files with larger numbers than any drive has are
/// ignored.
fn numbered_images(folder: &Path) -> Result<CameraImages, DataError> {
    let frame = |stem: &str| stem.parse().ok().filter(|frame| *frame <= MAX_FRAME);
    let numbered = |(stem, path): (String, PathBuf)| Some((frame(&stem)?, path));
    Ok(images_in(folder)?.into_iter().filter_map(numbered).collect())
}

/// Cameras of a drive with their images in these folders; none for a folder without images.
pub(super) fn numbered_cameras(folders: [(Side, PathBuf); 2]) -> Result<Cameras, DataError> {
    let mut cameras = Cameras::new();
    for (side, folder) in folders {
        let images = numbered_images(&folder)?;
        if !images.is_empty() {
            cameras.insert(side, images);
        }
    }
    Ok(cameras)
}
