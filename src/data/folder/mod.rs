//! Own frames: a folder of images, or of such folders, each with its camera.

mod camera;
mod depth;
mod find;
mod help;
mod rigs;
mod sides;

pub use camera::{CAMERA_FILE, FoundRig, parse_camera};
pub(super) use find::FoundDrive;
pub(super) use rigs::Rigs;

use super::{
    DataError, Drive, FrameKey, Remarks,
    image_files::{ImageFiles, ImageLayout},
    listing::Listing,
    numbering::Numbering,
};
use crate::{config::CameraChoice, data::stereo::remark_equal_pairs, geometry::Intrinsics};
use find::{find_drives, has_drive};
use std::{
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
    rigs: Rigs,
}

impl OwnFolder {
    /// True if there are images where this layout has them.
    pub(in crate::data) fn is_layout(root: &Path) -> bool {
        has_drive(root)
    }

    /// Lists the images and reads the cameras. `given` is the camera of all drives, whatever files say. A drive that
    /// cannot be used is left out where another can.
    ///
    /// # Errors
    /// There is no image, or a drive's camera is unknown, or no drive can be used.
    pub fn open(root: &Path, given: Option<CameraChoice>) -> Result<Self, DataError> {
        let mut remarks = Remarks::default();
        let found = find_drives(root, &mut remarks)?;
        if found.is_empty() {
            return Err(help::nothing_found(root, &remarks));
        }
        let (rigs, drives) =
            Rigs::of_own(found, given, &mut remarks).map_err(|error| error.for_all_drives(root))?;
        remark_equal_pairs(&drives, &mut remarks);
        let files = ImageFiles::new(root, drives, remarks, true);
        files.wait_for_scan(HEADERS_WAIT);
        Ok(Self { files, rigs })
    }
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
        if self.rigs.has_given() { "folder of frames, camera assumed" } else { "folder of frames" }
    }

    /// Intrinsics of the drive's camera; KITTI's for a drive that does not exist.
    fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.rigs.camera(key)
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.rigs.baseline_metres(key, None)
    }

    fn camera_from(&self, drive: &Drive) -> String {
        self.rigs.origin(drive).unwrap_or_default()
    }
}
