//! Picture files by drive, camera and frame number: what every folder of frames comes to.

use super::{DataError, DepthMap, Drive, FrameKey, FrameSource, Side, TrueDepth, image as picture};
use crate::{config::ImageSize, geometry::Intrinsics};
use glam::DAffine3;
use image::RgbImage;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// No drive has more frames, at thirty a second for nine hours.
pub(super) const LAST_FRAME: u32 = 999_999;

/// The picture files of one camera by frame number.
pub(super) type CameraImages = BTreeMap<u32, PathBuf>;
/// The cameras of a drive.
pub(super) type Cameras = BTreeMap<Side, CameraImages>;

/// The picture files below a folder.
pub struct ImageFiles {
    root: PathBuf,
    drives: Vec<Drive>,
    files: BTreeMap<String, Cameras>,
}

impl ImageFiles {
    /// Drives by the name of their folder, in the order in which they are to be listed.
    pub(super) fn new(root: &Path, drives: Vec<(String, Cameras)>) -> Self {
        let known = drives.iter().filter_map(|(folder, cameras)| drive(folder, cameras)).collect();
        Self { root: root.to_owned(), drives: known, files: drives.into_iter().collect() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The drives that have a picture.
    pub fn drives(&self) -> &[Drive] {
        &self.drives
    }

    /// The file of a frame.
    pub fn file(&self, key: &FrameKey) -> Option<&Path> {
        Some(self.files.get(&key.folder)?.get(&key.side)?.get(&key.frame)?)
    }

    /// Reads a frame.
    pub fn read(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        picture::read(self.expected(key)?)
    }

    /// The file of a frame, which must be there.
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

/// A layout of picture files: what is left to say of frames once their files are listed. What has one is
/// a source of frames.
pub trait PictureLayout: Send + Sync {
    /// The files.
    fn pictures(&self) -> &ImageFiles;

    /// What a person calls the layout.
    fn kind(&self) -> &'static str;

    /// As [`FrameSource::intrinsics`].
    fn camera(&self, key: &FrameKey) -> Intrinsics;

    /// As [`FrameSource::baseline_metres`].
    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32>;

    /// As [`FrameSource::true_depths`].
    fn measured_depths(&self) -> &'static [TrueDepth] {
        &[]
    }

    /// As [`FrameSource::depth_as`].
    fn measured_depth(&self, _key: &FrameKey, _kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }

    /// As [`FrameSource::true_poses`].
    fn measured_poses(&self, _drive: &Drive, _side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
        Ok(BTreeMap::new())
    }
}

impl<L: PictureLayout> FrameSource for L {
    fn name(&self) -> String {
        format!("{} ({})", self.pictures().root().display(), self.kind())
    }

    fn drives(&self) -> &[Drive] {
        self.pictures().drives()
    }

    fn contains(&self, key: &FrameKey) -> bool {
        self.pictures().file(key).is_some()
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.pictures().read(key)
    }

    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        picture::read_small(self.pictures().expected(key)?, within)
    }

    fn file(&self, key: &FrameKey) -> Option<&Path> {
        self.pictures().file(key)
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

    fn true_poses(&self, drive: &Drive, side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
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

/// The names of the folders in a folder, sorted.
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
    list().map_err(|error| DataError::Unreadable {
        what: "folder".to_owned(),
        path: folder.to_owned(),
        reason: error.to_string(),
    })
}

/// The picture files of a folder by name without ending; of two that differ in the ending, the one
/// that counts first. Nothing for a folder that is not there.
pub(super) fn pictures_in(folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut pictures: BTreeMap<String, (usize, PathBuf)> = BTreeMap::new();
    for path in entries(folder)? {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_lowercase();
        let rank = picture::ENDINGS.iter().position(|known| *known == ending);
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(rank), Some(stem)) = (rank, stem)
            && pictures.get(stem).is_none_or(|(other, _)| rank < *other)
        {
            pictures.insert(stem.to_owned(), (rank, path));
        }
    }
    Ok(pictures.into_iter().map(|(stem, (_, path))| (stem, path)).collect())
}

/// The pictures of a folder that are named by nothing but their frame's number. A number that no drive
/// reaches belongs to a stray file.
pub(super) fn numbered_pictures(folder: &Path) -> Result<CameraImages, DataError> {
    let frame = |stem: &str| stem.parse().ok().filter(|frame| *frame <= LAST_FRAME);
    let numbered = |(stem, path): (String, PathBuf)| Some((frame(&stem)?, path));
    Ok(pictures_in(folder)?.into_iter().filter_map(numbered).collect())
}

/// The cameras of a drive that lie in these folders; none for a folder without pictures.
pub(super) fn numbered_cameras(folders: [(Side, PathBuf); 2]) -> Result<Cameras, DataError> {
    let mut cameras = Cameras::new();
    for (side, folder) in folders {
        let pictures = numbered_pictures(&folder)?;
        if !pictures.is_empty() {
            cameras.insert(side, pictures);
        }
    }
    Ok(cameras)
}
