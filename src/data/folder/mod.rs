//! Own frames: a folder of images, or of such folders, each with its camera.

mod camera;

pub(super) use camera::rigs_of_kitti;
pub use camera::{CAMERA_FILE, FoundRig, parse_camera};

use super::{
    DataError, FrameKey, Remarks, Side,
    image_files::{CameraImages, Cameras, ImageFiles, ImageLayout, MAX_FRAME, folders, images_in},
};
use crate::{
    config::CameraChoice,
    data::{rig::Rig, stereo::remark_equal_pairs},
    geometry::Intrinsics,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Names of the folders of a stereo rig's cameras; each may hold its images in a folder `data`.
const CAMERAS: [(Side, [&str; 3]); 2] =
    [(Side::Left, ["left", "image_02", "image_2"]), (Side::Right, ["right", "image_03", "image_3"])];

/// Folder of images, or of folders of images. Every folder is a drive with its own camera, or with two
/// cameras if it has subfolders `left` and `right` (also `image_02` and `image_03`). Frame numbers are taken
/// from the names of the images, or else from their order.
pub struct OwnFolder {
    files: ImageFiles,
    rigs: BTreeMap<String, Rig>,
    /// True if the camera of a drive is only assumed.
    is_assumed: bool,
}

impl OwnFolder {
    /// True if there are images where this layout has them.
    pub(in crate::data) fn is_layout(root: &Path) -> bool {
        find_drives(root).is_ok_and(|drives| !drives.is_empty())
    }

    /// Lists the images and reads the cameras. `given` is the camera of all drives, whatever files say.
    ///
    /// # Errors
    /// There is no image, or a drive's camera is unknown, malformed or implausible.
    pub fn open(root: &Path, given: Option<CameraChoice>) -> Result<Self, DataError> {
        let found = find_drives(root)?;
        if found.is_empty() {
            return Err(DataError::Unusable(format!(
                "no frames found in {}: it is neither KITTI raw (DATE/DRIVE/image_02/data), nor KITTI odometry \
                 (sequences/NN/image_2), nor a folder of pictures (*.jpg, *.png) or of such folders; \
                 give a folder of one of these layouts",
                root.display()
            )));
        }
        let (mut rigs, mut drives, mut is_assumed) = (BTreeMap::new(), Vec::new(), false);
        let mut remarks = Remarks::default();
        for FoundDrive { name, folder, cameras } in found {
            if let Some(image) = cameras.values().find_map(|frames| frames.values().next()) {
                let size = super::image::size(image)?;
                let found =
                    FoundRig::of(&folder, image, size, given).map_err(|error| error.for_all_drives(root))?;
                found.remark(&name, size, &mut remarks);
                is_assumed |= found.is_given;
                rigs.insert(name.clone(), found.rig);
                drives.push((name, cameras));
            }
        }
        remark_equal_pairs(&drives, &mut remarks);
        Ok(Self { files: ImageFiles::new(root, drives, remarks), rigs, is_assumed })
    }
}

/// Drive whose camera is not yet known.
struct FoundDrive {
    name: String,
    folder: PathBuf,
    cameras: Cameras,
}

/// Drives in a folder: the folder itself, and the folders in it.
fn find_drives(root: &Path) -> Result<Vec<FoundDrive>, DataError> {
    let root_name = root.canonicalize().ok();
    let root_name = root_name.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    let mut candidates = vec![(root_name.unwrap_or("frames").to_owned(), root.to_owned())];
    let is_camera = |name: &String| CAMERAS.iter().any(|(_, names)| names.contains(&name.as_str()));
    let inner = folders(root)?.into_iter().filter(|name| !is_camera(name));
    candidates.extend(inner.map(|name| (name.clone(), root.join(name))));
    let mut drives: Vec<FoundDrive> = Vec::new();
    for (name, folder) in candidates {
        // Folders that may not be listed, such as a disk's lost+found, are skipped.
        let cameras = find_cameras(&folder).unwrap_or_default();
        if !cameras.is_empty() && drives.iter().all(|drive| drive.name != name) {
            drives.push(FoundDrive { name, folder, cameras });
        }
    }
    Ok(drives)
}

fn find_cameras(folder: &Path) -> Result<Cameras, DataError> {
    let mut cameras = Cameras::new();
    for (side, names) in CAMERAS {
        for name in names {
            for images in [folder.join(name), folder.join(name).join("data")] {
                let frames = number_frames(images_in(&images)?);
                if !frames.is_empty() {
                    cameras.entry(side).or_insert(frames);
                }
            }
        }
    }
    if cameras.is_empty() {
        let frames = number_frames(images_in(folder)?);
        if !frames.is_empty() {
            cameras.insert(Side::Left, frames);
        }
    }
    Ok(cameras)
}

/// Numbers images by the digits at the end of their names if most of these are consecutive (numbers in
/// between are then missing frames), else by the order of their names.
fn number_frames(images: BTreeMap<String, PathBuf>) -> CameraImages {
    let number = |stem: &String| {
        let digits = stem.len() - stem.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        stem[stem.len() - digits..].parse::<u32>().ok()
    };
    let numbered: Option<BTreeMap<u32, &PathBuf>> =
        images.iter().map(|(stem, path)| Some((number(stem)?, path))).collect();
    let is_numbering = |numbered: &BTreeMap<u32, &PathBuf>| {
        let numbers: Vec<u32> = numbered.keys().copied().collect();
        let steps = numbers.windows(2).filter(|pair| pair[1] - pair[0] == 1).count();
        let span = numbers.last().zip(numbers.first()).map_or(0, |(last, first)| last - first);
        numbers.len() == images.len() && 2 * steps + 1 >= numbers.len() && span <= MAX_FRAME
    };
    match numbered.filter(is_numbering) {
        Some(numbered) => numbered.into_iter().map(|(number, path)| (number, path.clone())).collect(),
        None => (0..).zip(images.into_values()).collect(),
    }
}

impl ImageLayout for OwnFolder {
    fn files(&self) -> &ImageFiles {
        &self.files
    }

    fn kind(&self) -> &'static str {
        if self.is_assumed { "folder of frames, camera assumed" } else { "folder of frames" }
    }

    /// Intrinsics of the drive's camera; KITTI's for a drive that does not exist.
    fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.rigs.get(&key.folder).map_or(Intrinsics::KITTI, |rig| rig.camera(key.side))
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.rigs.get(&key.folder)?.baseline_metres
    }
}
