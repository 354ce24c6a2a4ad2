//! Image files by drive, camera and frame number, common to all layouts of data folders.

use super::{
    DataError, DepthMap, Drive, DriveDecisions, FrameKey, FrameSource, MeasuredPoses, RemarkKind, Remarks,
    ResizedFrame, Side, TrueDepth,
    header_scan::{CameraImages, Cameras, HeaderScan, ListedDrive, ListedDrives},
    image::{self as codec, LevelRange, SharedLevels, resize, size_of},
    listing::Listing,
    numbering::MAX_FRAME,
};
use crate::{
    config::{FrameId, ImageSize},
    geometry::Intrinsics,
};
use image::RgbImage;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Image files below a folder.
pub struct ImageFiles {
    root: PathBuf,
    drives: Vec<Drive>,
    files: Arc<ListedDrives>,
    /// Levels of the 16-bit pictures of each drive.
    levels: BTreeMap<String, SharedLevels>,
    remarks: Remarks,
    scan: HeaderScan,
}

impl ImageFiles {
    /// Collects drives by the names of their folders, in the order in which they are listed. With `reads_headers`
    /// pictures that cannot be used are looked for in the background.
    pub(super) fn new(
        root: &Path,
        drives: Vec<(String, ListedDrive)>,
        remarks: Remarks,
        reads_headers: bool,
    ) -> Self {
        let with_images = drives.iter().filter_map(|(folder, listed)| drive(folder, listed)).collect();
        let levels =
            drives.iter().map(|(folder, listed)| (folder.clone(), levels_of(&listed.cameras))).collect();
        let files = Arc::new(drives.into_iter().collect());
        let scan = HeaderScan::new(&files, reads_headers);
        Self { root: root.to_owned(), drives: with_images, files, levels, remarks, scan }
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
        Some(self.files.get(&key.folder)?.cameras.get(&key.side)?.get(&key.frame)?)
    }

    /// Waits until the headers are read, at most for this time.
    pub(super) fn wait_for_scan(&self, time: Duration) {
        self.scan.wait(time);
    }

    /// Implementation of [`FrameSource::remarks`].
    fn remarks(&self) -> Remarks {
        let mut remarks = self.remarks.clone();
        remarks.extend(self.scan.remarks());
        remarks
    }

    /// Implementation of [`FrameSource::neighbour`].
    fn neighbour(&self, target: &FrameKey, id: FrameId) -> Option<FrameKey> {
        let (FrameId::Temporal(offset), Some(drive)) = (id, self.files.get(&target.folder)) else {
            return target.relative(id);
        };
        let offset = offset.checked_mul(i32::try_from(drive.step).ok()?)?;
        let neighbour = target.relative(FrameId::Temporal(offset))?;
        let (first, last) = (target.frame.min(neighbour.frame), target.frame.max(neighbour.frame));
        let is_apart = first < last && drive.breaks.range(first + 1..=last).next().is_some();
        (!is_apart).then_some(neighbour)
    }

    /// Implementation of [`FrameSource::resized`].
    ///
    /// # Errors
    /// The file does not exist, cannot be read, or has another size than the others of its camera.
    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<ResizedFrame, DataError> {
        let image = self.read(key)?;
        let native_size = size_of(&image);
        let usual = self.files.get(&key.folder).and_then(|drive| drive.usual_size(key.side));
        if let (Some(usual), Some(file)) = (usual.filter(|usual| *usual != native_size), self.file(key)) {
            self.scan.found_other_size(key, file, native_size, usual);
            return Err(DataError::Unusable(format!(
                "'{key}' has {native_size} pixels, its drive {usual}: the camera is known for one size only"
            )));
        }
        Ok(ResizedFrame { image: resize(&image, size), native_size })
    }

    /// Reads a frame.
    ///
    /// # Errors
    /// The file does not exist or cannot be read.
    pub fn read(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        let file = self.expected(key)?;
        codec::read_of_drive(file, self.levels(key))
            .inspect_err(|error| self.scan.found_unreadable(key, file, error))
    }

    fn levels(&self, key: &FrameKey) -> &SharedLevels {
        static NONE: LazyLock<SharedLevels> = LazyLock::new(SharedLevels::default);
        self.levels.get(&key.folder).unwrap_or(&NONE)
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

    /// Origin of the camera of a drive: a file, or what is assumed.
    fn camera_from(&self, drive: &Drive) -> String;

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
        self.files().remarks()
    }

    fn is_scanning(&self) -> bool {
        self.files().scan.is_running()
    }

    fn wait_for_scan(&self, time: Duration) {
        self.files().wait_for_scan(time);
    }

    fn decisions(&self, drive: &Drive) -> DriveDecisions {
        let listed = self.files().files.get(&drive.folder);
        DriveDecisions {
            camera_from: self.camera_from(drive),
            numbered_by: listed.map(|listed| listed.numbered_by).unwrap_or_default(),
            breaks: listed.map_or(0, |listed| listed.breaks.len()),
        }
    }

    fn neighbour(&self, target: &FrameKey, id: FrameId) -> Option<FrameKey> {
        self.files().neighbour(target, id)
    }

    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<ResizedFrame, DataError> {
        self.files().resized(key, size)
    }

    fn contains(&self, key: &FrameKey) -> bool {
        self.files().file(key).is_some()
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        self.files().read(key)
    }

    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        let (files, file) = (self.files(), self.files().expected(key)?);
        codec::read_small(file, within, files.levels(key))
            .inspect_err(|error| files.scan.found_unreadable(key, file, error))
    }

    fn levels(&self, key: &FrameKey) -> Option<LevelRange> {
        self.files().levels(key).range()
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

fn drive(folder: &str, listed: &ListedDrive) -> Option<Drive> {
    let cameras = &listed.cameras;
    let first = cameras.values().filter_map(|frames| frames.keys().next()).min()?;
    let last = cameras.values().filter_map(|frames| frames.keys().next_back()).max()?;
    Some(Drive {
        folder: folder.to_owned(),
        frames: *first..last.checked_add(1)?,
        step: listed.step,
        sides: cameras.keys().copied().collect(),
    })
}

/// Levels of the pictures of all cameras of a drive: what is equally bright in both must look so.
fn levels_of(cameras: &Cameras) -> SharedLevels {
    let files: Vec<&Path> = cameras.values().flat_map(BTreeMap::values).map(PathBuf::as_path).collect();
    SharedLevels::of(files.into_iter())
}

/// Image files of a folder whose names are frame numbers; none for a folder that does not exist. Others are left
/// out, with a remark.
fn numbered_images(folder: &Path, drive: &str, remarks: &mut Remarks) -> Result<CameraImages, DataError> {
    const NO_NUMBER: &str = "pictures without a frame number up to 999999 left out";
    if !folder.is_dir() {
        return Ok(CameraImages::new());
    }
    let listing = Listing::of(folder)?;
    listing.remark(remarks, Some(drive), "");
    let mut images = CameraImages::new();
    for (stem, path) in listing.pictures {
        match stem.parse().ok().filter(|frame| *frame <= MAX_FRAME) {
            Some(frame) => {
                images.insert(frame, path);
            }
            None => remarks.add(RemarkKind::LeftOut, Some(drive), NO_NUMBER, &stem),
        }
    }
    Ok(images)
}

/// Cameras of a drive with their images in the folders of the first of `rigs` that has images: a colour rig before a
/// grey one. A folder that cannot be listed is left out, with a remark.
pub(super) fn numbered_cameras(
    rigs: [[(Side, PathBuf); 2]; 2],
    drive: &str,
    remarks: &mut Remarks,
) -> Cameras {
    let mut cameras = Cameras::new();
    for rig in rigs {
        let has_colour = !cameras.is_empty();
        for (side, folder) in rig {
            if has_colour && folder.is_dir() {
                let what = "folders of grey cameras left out, because there are colour pictures";
                remarks.add(RemarkKind::LeftOut, None, what, &format!("{drive}: {}", folder.display()));
                continue;
            }
            match numbered_images(&folder, drive, remarks) {
                Ok(images) if !images.is_empty() => {
                    cameras.insert(side, images);
                }
                Ok(_) => {}
                Err(error) => {
                    remarks.add(RemarkKind::LeftOut, Some(drive), "folders left out", &error.to_string());
                }
            }
        }
    }
    cameras
}
