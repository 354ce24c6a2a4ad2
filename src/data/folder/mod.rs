//! Frames of one's own: a folder of pictures, or of such folders, each with its camera.

mod camera;

pub use camera::{Rig, parse_camera, parse_kitti_calibration};

use super::{
    DataError, FrameKey, Side,
    pictures::{CameraImages, Cameras, ImageFiles, LAST_FRAME, PictureLayout, folders, pictures_in},
};
use crate::{config::CameraChoice, geometry::Intrinsics};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What the folders of a stereo rig's cameras are called; each may hold its pictures in a folder `data`.
const CAMERAS: [(Side, [&str; 3]); 2] =
    [(Side::Left, ["left", "image_02", "image_2"]), (Side::Right, ["right", "image_03", "image_3"])];

/// A folder of pictures, or of folders of pictures. Every folder is a drive of its own name with a camera
/// of its own, and two cameras where it has sub-folders `left` and `right` (also `image_02` and
/// `image_03`). The pictures' names count the frames; where they do not, their order does.
pub struct OwnFolder {
    pictures: ImageFiles,
    rigs: BTreeMap<String, Rig>,
    /// Whether some camera is only assumed.
    assumes: bool,
}

impl OwnFolder {
    /// Whether there are pictures where this layout has them.
    pub fn is_layout(root: &Path) -> bool {
        find_drives(root).is_ok_and(|drives| !drives.is_empty())
    }

    /// Lists the pictures and reads the cameras. `assumed` is the camera of drives that have no file which
    /// tells it.
    ///
    /// # Errors
    /// There is no picture, or a drive's camera is not known, malformed or implausible.
    pub fn open(root: &Path, assumed: Option<CameraChoice>) -> Result<Self, DataError> {
        let found = find_drives(root)?;
        if found.is_empty() {
            return Err(DataError::Unusable(format!(
                "no frames found in {}: it is neither KITTI raw (DATE/DRIVE/image_02/data), nor KITTI odometry \
                 (sequences/NN/image_2), nor a folder of pictures (*.jpg, *.png) or of such folders; \
                 give a folder of one of these layouts",
                root.display()
            )));
        }
        let (mut rigs, mut drives, mut assumes) = (BTreeMap::new(), Vec::new(), false);
        for FoundDrive { name, folder, cameras } in found {
            if let Some(picture) = cameras.values().find_map(|frames| frames.values().next()) {
                let (rig, is_assumed) = Rig::of(&folder, super::image::size(picture)?, assumed)?;
                assumes |= is_assumed;
                rigs.insert(name.clone(), rig);
                drives.push((name, cameras));
            }
        }
        Ok(Self { pictures: ImageFiles::new(root, drives), rigs, assumes })
    }
}

/// A drive before its camera is known.
struct FoundDrive {
    name: String,
    folder: PathBuf,
    cameras: Cameras,
}

/// The drives in a folder: itself, and the folders in it.
fn find_drives(root: &Path) -> Result<Vec<FoundDrive>, DataError> {
    let root_name = root.canonicalize().ok();
    let root_name = root_name.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    let mut places = vec![(root_name.unwrap_or("frames").to_owned(), root.to_owned())];
    let is_camera = |name: &String| CAMERAS.iter().any(|(_, names)| names.contains(&name.as_str()));
    let inner = folders(root)?.into_iter().filter(|name| !is_camera(name));
    places.extend(inner.map(|name| (name.clone(), root.join(name))));
    let mut drives: Vec<FoundDrive> = Vec::new();
    for (name, folder) in places {
        // What may not be listed, such as a disk's lost+found, holds no frames for us.
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
            for place in [folder.join(name), folder.join(name).join("data")] {
                let frames = count_frames(pictures_in(&place)?);
                if !frames.is_empty() {
                    cameras.entry(side).or_insert(frames);
                }
            }
        }
    }
    if cameras.is_empty() {
        let frames = count_frames(pictures_in(folder)?);
        if !frames.is_empty() {
            cameras.insert(Side::Left, frames);
        }
    }
    Ok(cameras)
}

/// Numbers pictures by the digits at the end of their names if these count by ones more often than not
/// (a number left out is a frame that is missing), else by the order of their names.
fn count_frames(pictures: BTreeMap<String, PathBuf>) -> CameraImages {
    let number = |stem: &String| {
        let digits = stem.len() - stem.trim_end_matches(|letter: char| letter.is_ascii_digit()).len();
        stem[stem.len() - digits..].parse::<u32>().ok()
    };
    let numbered: Option<BTreeMap<u32, &PathBuf>> =
        pictures.iter().map(|(stem, path)| Some((number(stem)?, path))).collect();
    let counts = |numbered: &BTreeMap<u32, &PathBuf>| {
        let numbers: Vec<u32> = numbered.keys().copied().collect();
        let steps = numbers.windows(2).filter(|pair| pair[1] - pair[0] == 1).count();
        let span = numbers.last().zip(numbers.first()).map_or(0, |(last, first)| last - first);
        numbers.len() == pictures.len() && 2 * steps + 1 >= numbers.len() && span <= LAST_FRAME
    };
    match numbered.filter(counts) {
        Some(numbered) => numbered.into_iter().map(|(number, path)| (number, path.clone())).collect(),
        None => (0..).zip(pictures.into_values()).collect(),
    }
}

impl PictureLayout for OwnFolder {
    fn pictures(&self) -> &ImageFiles {
        &self.pictures
    }

    fn kind(&self) -> &'static str {
        if self.assumes { "folder of frames, camera assumed" } else { "folder of frames" }
    }

    /// The drive's camera; KITTI's for a drive that is not there.
    fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.rigs.get(&key.folder).map_or(Intrinsics::KITTI, |rig| rig.camera(key.side))
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.rigs.get(&key.folder)?.baseline_metres
    }
}
