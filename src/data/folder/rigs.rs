//! Cameras of all drives of a folder.

use super::{camera::FoundRig, find::FoundDrive};
use crate::{
    config::{CameraChoice, ImageSize},
    data::{DataError, Drive, FrameKey, RemarkKind, Remarks, header_scan::ListedDrive, image},
    geometry::Intrinsics,
};
use std::collections::{BTreeMap, BTreeSet};

/// Number of pictures of a drive that are looked at for their size.
const MAX_UNREADABLE: usize = 3;

/// Cameras by the names of the drives; those without one have the camera that the method takes for KITTI.
pub(in crate::data) struct Rigs(BTreeMap<String, FoundRig>);

/// Names and files of the drives that can be used.
type UsableDrives = Vec<(String, ListedDrive)>;

impl Rigs {
    /// Finds the cameras of own frames. `given` is the camera of all drives, whatever files say. A drive whose camera
    /// cannot be used is left out where another can.
    ///
    /// # Errors
    /// A drive's camera is unknown, or no drive can be used.
    pub fn of_own(
        drives: Vec<FoundDrive>,
        given: Option<CameraChoice>,
        remarks: &mut Remarks,
    ) -> Result<(Self, UsableDrives), DataError> {
        Self::find(drives, remarks, |drive| {
            let images = drive.listed.cameras.values().find_map(|images| images.values().next());
            let no_picture = || DataError::unreadable("drive", &drive.folder, "it has no picture");
            let first = images.ok_or_else(no_picture)?;
            let size = match drive.listed.cameras.keys().find_map(|side| drive.listed.usual_size(*side)) {
                Some(size) => size,
                None => image::size(first)?,
            };
            Ok(Some((FoundRig::of(&drive.folder, first, size, given)?, size)))
        })
    }

    /// Finds the cameras of KITTI's drives that are not the one that the method takes for all of KITTI: given by an
    /// option, or described otherwise by a file. Drives are left out as in [`Self::of_own`].
    ///
    /// # Errors
    /// The given camera is implausible, or no drive can be used.
    pub fn of_kitti(
        drives: Vec<FoundDrive>,
        given: Option<CameraChoice>,
        remarks: &mut Remarks,
    ) -> Result<(Self, UsableDrives), DataError> {
        let mut published = BTreeSet::new();
        Self::find(drives, remarks, |drive| {
            let file = FoundRig::file_of_kitti(&drive.folder);
            if given.is_none() && file.as_ref().is_none_or(|file| published.contains(file)) {
                return Ok(None);
            }
            // Pictures that cannot be read are reported when they are used.
            let images = drive.listed.cameras.values().flat_map(BTreeMap::values).take(MAX_UNREADABLE);
            let sized = images.filter_map(|image| Some((image, image::size(image).ok()?))).next();
            let Some((image, size)) = sized else { return Ok(None) };
            let found = FoundRig::of_kitti(&drive.folder, image, size, given)?;
            if found.as_ref().is_some_and(|found| found.rig.left == Intrinsics::KITTI && !found.is_given) {
                published.extend(file);
                return Ok(None);
            }
            Ok(found.map(|found| (found, size)))
        })
    }

    fn find(
        drives: Vec<FoundDrive>,
        remarks: &mut Remarks,
        mut rig_of: impl FnMut(&FoundDrive) -> Result<Option<(FoundRig, ImageSize)>, DataError>,
    ) -> Result<(Self, UsableDrives), DataError> {
        let (mut rigs, mut usable, mut failure) = (BTreeMap::new(), Vec::new(), None);
        for mut drive in drives {
            remarks.extend(std::mem::take(&mut drive.remarks));
            match rig_of(&drive) {
                Ok(found) => {
                    if let Some((rig, size)) = found {
                        rig.remark(&drive.name, size, remarks);
                        rigs.insert(drive.name.clone(), rig);
                    }
                    usable.push((drive.name, drive.listed));
                }
                Err(error @ (DataError::Unreadable { .. } | DataError::Camera { has_file: true, .. })) => {
                    let count = drive.listed.cameras.values().map(BTreeMap::len).sum();
                    let what = format!("pictures of a drive left out: {error}");
                    remarks.add_all(RemarkKind::LeftOut, Some(&drive.name), &what, count);
                    failure.get_or_insert(error);
                }
                // No camera, or a wrong one in the options, is a matter of all drives.
                Err(error) => return Err(error),
            }
        }
        let has_pictures = |listed: &ListedDrive| !listed.cameras.values().all(BTreeMap::is_empty);
        match failure.filter(|_| !usable.iter().any(|(_, listed)| has_pictures(listed))) {
            Some(error) => Err(error),
            None => Ok((Self(rigs), usable)),
        }
    }

    /// True if an option gave the camera of a drive.
    pub fn has_given(&self) -> bool {
        self.0.values().any(|found| found.is_given)
    }

    /// Intrinsics of the camera that took a frame; KITTI's where none was found.
    pub fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.0.get(&key.folder).map_or(Intrinsics::KITTI, |found| found.rig.camera(key.side))
    }

    /// Distance of the two cameras of a frame's drive, metres; `None` where it is unknown. `published` is that of drives
    /// whose camera was not found.
    pub fn baseline_metres(&self, key: &FrameKey, published: Option<f32>) -> Option<f32> {
        self.0.get(&key.folder).map_or(published, |found| found.rig.baseline_metres)
    }

    /// Description of where the camera of a drive is from; `None` where none was found.
    pub fn origin(&self, drive: &Drive) -> Option<String> {
        self.0.get(&drive.folder).map(FoundRig::origin)
    }
}
