//! KITTI raw layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::{
    BASELINE_METRES,
    calibration::{ScannerProjection, camera_from_inertial, colour_camera},
    oxts::Oxts,
    readings::DriveReadings,
    velodyne::{self, DepthAxis},
};
use crate::{
    config::CameraChoice,
    data::{
        DataError, DepthMap, Drive, FrameKey, FrameSource, MeasuredPoses, Remarks, Side, TrueDepth,
        folder::{FoundDrive, Rigs},
        header_scan::ListedDrive,
        image::read_depth,
        image_files::{ImageFiles, ImageLayout, numbered_cameras},
        listing::folders,
        stereo::remark_equal_pairs,
    },
    geometry::Intrinsics,
};
use std::path::Path;

const SIDES: [Side; 2] = [Side::Left, Side::Right];

/// Folder of a colour camera in a drive.
pub(in crate::data) fn camera_folder(side: Side) -> &'static str {
    match side {
        Side::Left => "image_02",
        Side::Right => "image_03",
    }
}

/// Folder of a grey camera in a drive.
fn grey_folder(side: Side) -> &'static str {
    match side {
        Side::Left => "image_00",
        Side::Right => "image_01",
    }
}

/// Folder in KITTI raw layout: `DATE/DRIVE/image_02/data/0000000000.jpg`, `image_03` for the right camera,
/// PNG where there is no JPEG. Drives without colour pictures have grey ones, in `image_00` and `image_01`.
///
/// All drives have the one camera that the method takes for KITTI, except those whose calibration file is not one that
/// KITTI published.
pub struct KittiRaw(ImageFiles, Rigs);

impl KittiRaw {
    /// True if a folder has this layout.
    pub(in crate::data) fn is_layout(root: &Path) -> bool {
        let cameras = SIDES.iter().flat_map(|side| [camera_folder(*side), grey_folder(*side)]);
        let is_drive = |drive: &Path| cameras.clone().any(|camera| drive.join(camera).join("data").is_dir());
        let days = folders(root).unwrap_or_default();
        days.iter()
            .map(|day| root.join(day))
            .any(|day| folders(&day).unwrap_or_default().iter().any(|drive| is_drive(&day.join(drive))))
    }

    /// Lists the images of all drives in the folder.
    ///
    /// # Errors
    /// As [`Self::open_with`].
    pub fn open(root: &Path) -> Result<Self, DataError> {
        Self::open_with(root, None)
    }

    /// Lists the images as [`Self::open`] does; `given` is the camera of all drives, whatever files say.
    ///
    /// # Errors
    /// The folder is missing, cannot be listed or holds no drive that can be used.
    pub fn open_with(root: &Path, given: Option<CameraChoice>) -> Result<Self, DataError> {
        if !root.is_dir() {
            return Err(DataError::Missing {
                what: "data folder".to_owned(),
                path: root.to_owned(),
                advice: "give the folder that holds KITTI's date folders, such as 2011_09_26".to_owned(),
            });
        }
        let (mut found, mut remarks) = (Vec::new(), Remarks::default());
        for date in folders(root)? {
            // Folders that may not be listed, such as a disk's lost+found, are skipped.
            for drive in folders(&root.join(&date)).unwrap_or_default() {
                let (name, folder) = (format!("{date}/{drive}"), root.join(&date).join(&drive));
                let images = |camera: &str| folder.join(camera).join("data");
                let rigs =
                    [camera_folder, grey_folder].map(|camera| SIDES.map(|side| (side, images(camera(side)))));
                let mut remarks = Remarks::default();
                let listed = ListedDrive::new(numbered_cameras(rigs, &name, &mut remarks));
                found.push(FoundDrive { name, folder, listed, remarks });
            }
        }
        let (rigs, drives) = Rigs::of_kitti(found, given, &mut remarks)?;
        remark_equal_pairs(&drives, &mut remarks);
        // The headers of published archives need no reading: their pictures are of one size in a drive.
        let files = ImageFiles::new(root, drives, remarks, false);
        if files.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no drive found in {}: looked for DATE/DRIVE/image_02/data/*.jpg or *.png, also image_03; \
                 give the folder that holds the date folders",
                root.display()
            )));
        }
        Ok(Self(files, rigs))
    }
}

impl ImageLayout for KittiRaw {
    fn files(&self) -> &ImageFiles {
        &self.0
    }

    fn kind(&self) -> &'static str {
        "KITTI raw"
    }

    fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.1.camera(key)
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.1.baseline_metres(key, Some(BASELINE_METRES as f32))
    }

    fn camera_from(&self, drive: &Drive) -> String {
        self.1.origin(drive).unwrap_or_else(|| "KITTI's, as published".to_owned())
    }

    fn measured_depths(&self) -> &'static [TrueDepth] {
        &[TrueDepth::Scanner, TrueDepth::Camera, TrueDepth::Annotated]
    }

    fn measured_depth(&self, key: &FrameKey, kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        if !self.drives().iter().any(|drive| drive.folder == key.folder) {
            return Ok(None);
        }
        match kind {
            TrueDepth::Scanner => self.scanned(key, DepthAxis::Scanner),
            TrueDepth::Camera => self.scanned(key, DepthAxis::Camera),
            TrueDepth::Annotated => self.annotated(key),
            TrueDepth::Exact => Ok(None),
        }
    }

    /// Poses of the camera from the GPS and inertial readings, in the east-north-up frame of the first reading.
    fn measured_poses(&self, drive: &Drive, side: Side) -> Result<MeasuredPoses, DataError> {
        let Some((date, _)) = drive.folder.split_once('/') else { return Ok(MeasuredPoses::default()) };
        let root = self.0.root();
        let readings = DriveReadings::read(&root.join(&drive.folder).join("oxts/data"), drive)?;
        let Some((origin_frame, origin)) = readings.by_frame.iter().next() else {
            return Ok(MeasuredPoses { remarks: readings.remarks, ..MeasuredPoses::default() });
        };
        let key = FrameKey { folder: drive.folder.clone(), frame: *origin_frame, side };
        let inertial_from_camera =
            camera_from_inertial(&root.join(date), self.camera_number(&key))?.inverse();
        let pose = |reading: &Oxts| reading.world_from_sensor(origin) * inertial_from_camera;
        let by_frame = readings.by_frame.iter().map(|(frame, reading)| (*frame, pose(reading))).collect();
        Ok(MeasuredPoses { by_frame, remarks: readings.remarks })
    }
}

impl KittiRaw {
    /// Number of the camera that took a frame, by the folder of its file.
    fn camera_number(&self, key: &FrameKey) -> u8 {
        let is_grey = self
            .0
            .file(key)
            .is_some_and(|file| file.components().any(|part| part.as_os_str() == grey_folder(key.side)));
        colour_camera(key.side) - if is_grey { 2 } else { 0 }
    }

    /// Depth of the frame's laser scan; `None` without a scan.
    fn scanned(&self, key: &FrameKey, axis: DepthAxis) -> Result<Option<DepthMap>, DataError> {
        let Some((date, _)) = key.folder.split_once('/') else { return Ok(None) };
        let scan = format!("{}/velodyne_points/data/{:010}.bin", key.folder, key.frame);
        let scan = self.0.root().join(scan);
        if !scan.is_file() {
            return Ok(None);
        }
        let projection = ScannerProjection::of_camera(&self.0.root().join(date), self.camera_number(key))?;
        Ok(Some(velodyne::project(&velodyne::read(&scan)?, &projection, axis)))
    }

    /// Depth of `data_depth_annotated`, merged into the drives' folders; `None` if there is none.
    fn annotated(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        let camera = camera_folder(key.side);
        let file = format!("{}/proj_depth/groundtruth/{camera}/{:010}.png", key.folder, key.frame);
        let file = self.0.root().join(file);
        file.is_file().then(|| read_depth(&file)).transpose()
    }
}
