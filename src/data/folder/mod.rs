//! Own frames: a folder of images, or of such folders, each with its camera.

mod camera;
mod depth;
mod find;
mod help;

pub(super) use camera::rigs_of_kitti;
pub use camera::{CAMERA_FILE, FoundRig, parse_camera};

use super::{
    DataError, Drive, FrameKey, RemarkKind, Remarks,
    header_scan::ListedDrive,
    image_files::{ImageFiles, ImageLayout},
    listing::Listing,
    numbering::Numbering,
};
use crate::{
    config::{CameraChoice, ImageSize},
    data::stereo::remark_equal_pairs,
    geometry::Intrinsics,
};
use find::{FoundDrive, find_drives, has_drive};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// Longest time that opening waits for the headers of all pictures, so that what is wrong with them is known at once
/// where they are few.
const HEADERS_WAIT: Duration = Duration::from_secs(1);

/// Folder of images, or of folders of images. Every folder is a drive with its own camera, or with two
/// cameras if it has subfolders `left` and `right` (also `image_02` and `image_03`). Frame numbers are taken
/// from the names of the images, or else from their order.
pub struct OwnFolder {
    files: ImageFiles,
    rigs: BTreeMap<String, FoundRig>,
    /// True if the camera of a drive is only assumed.
    is_assumed: bool,
}

impl OwnFolder {
    /// True if there are images where this layout has them.
    pub(in crate::data) fn is_layout(root: &Path) -> bool {
        has_drive(root)
    }

    /// Lists the images and reads the cameras. `given` is the camera of all drives, whatever files say. A drive that cannot be used is left out where another can.
    ///
    /// # Errors
    /// There is no image, or a drive's camera is unknown, or no drive can be used.
    pub fn open(root: &Path, given: Option<CameraChoice>) -> Result<Self, DataError> {
        let mut remarks = Remarks::default();
        let found = find_drives(root, &mut remarks)?;
        if found.is_empty() {
            return Err(help::nothing_found(root, &remarks));
        }
        let (mut rigs, mut drives, mut is_assumed) = (BTreeMap::new(), Vec::new(), false);
        let mut failure = None;
        for FoundDrive { name, folder, listed, remarks: of_drive } in found {
            remarks.extend(of_drive);
            match rig_of(&folder, &listed, given) {
                Ok((rig, size)) => {
                    rig.remark(&name, size, &mut remarks);
                    is_assumed |= rig.is_given;
                    rigs.insert(name.clone(), rig);
                    drives.push((name, listed));
                }
                Err(error @ (DataError::Unreadable { .. } | DataError::Camera { has_file: true, .. })) => {
                    let count = listed.cameras.values().map(BTreeMap::len).sum();
                    let what = format!("pictures of a drive left out: {error}");
                    remarks.add_all(RemarkKind::LeftOut, Some(&name), &what, count);
                    failure.get_or_insert(error);
                }
                // No camera, or a wrong one in the options, is a matter of all drives.
                Err(error) => return Err(error.for_all_drives(root)),
            }
        }
        if let (true, Some(error)) = (drives.is_empty(), failure) {
            return Err(error);
        }
        remark_equal_pairs(&drives, &mut remarks);
        let files = ImageFiles::new(root, drives, remarks, true);
        files.wait_for_scan(HEADERS_WAIT);
        Ok(Self { files, rigs, is_assumed })
    }
}

/// Camera of a drive for pictures of its usual size, with that size.
fn rig_of(
    folder: &Path,
    listed: &ListedDrive,
    given: Option<CameraChoice>,
) -> Result<(FoundRig, ImageSize), DataError> {
    let first = listed.cameras.values().find_map(|images| images.values().next());
    let first = first.ok_or_else(|| DataError::unreadable("drive", folder, "it has no picture"))?;
    let size = match listed.cameras.keys().find_map(|side| listed.usual_size(*side)) {
        Some(size) => size,
        None => super::image::size(first)?,
    };
    Ok((FoundRig::of(folder, first, size, given)?, size))
}

/// Pictures of a folder in the order in which training takes them as frames; those that are no frames come last.
///
/// # Errors
/// The folder cannot be listed.
pub fn ordered_pictures(folder: &Path) -> Result<(Vec<PathBuf>, Remarks), DataError> {
    let mut remarks = Remarks::default();
    let listing = Listing::of(folder)?;
    listing.remark(&mut remarks, None, "");
    let numbering = Numbering::of(listing.pictures.keys().map(String::as_str));
    let names = numbering.frames.into_values().chain(numbering.strays);
    let paths = names.filter_map(|name| listing.pictures.get(name).cloned()).collect();
    Ok((paths, remarks))
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
        self.rigs.get(&key.folder).map_or(Intrinsics::KITTI, |found| found.rig.camera(key.side))
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.rigs.get(&key.folder)?.rig.baseline_metres
    }

    fn camera_from(&self, drive: &Drive) -> String {
        self.rigs.get(&drive.folder).map_or_else(String::new, FoundRig::origin)
    }
}
