//! KITTI raw layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::{
    BASELINE_METRES,
    calibration::{ScannerProjection, camera_from_inertial},
    oxts::Oxts,
    readings::DriveReadings,
    velodyne::{self, DepthAxis},
};
use crate::{
    data::{
        DataError, DepthMap, Drive, FrameKey, FrameSource, MeasuredPoses, Remarks, Side, TrueDepth,
        image::read_depth,
        image_files::{ImageFiles, ImageLayout, folders, numbered_cameras},
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

/// Folder in KITTI raw layout: `DATE/DRIVE/image_02/data/0000000000.jpg`, `image_03` for the right camera,
/// PNG where there is no JPEG.
pub struct KittiRaw(ImageFiles);

impl KittiRaw {
    /// True if a folder has this layout.
    pub(in crate::data) fn is_layout(root: &Path) -> bool {
        let is_drive =
            |drive: &Path| SIDES.iter().any(|side| drive.join(camera_folder(*side)).join("data").is_dir());
        let days = folders(root).unwrap_or_default();
        days.iter()
            .map(|day| root.join(day))
            .any(|day| folders(&day).unwrap_or_default().iter().any(|drive| is_drive(&day.join(drive))))
    }

    /// Lists the images of all drives in the folder.
    ///
    /// # Errors
    /// The folder is missing, cannot be listed or holds no drive.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        if !root.is_dir() {
            return Err(DataError::Missing {
                what: "data folder".to_owned(),
                path: root.to_owned(),
                advice: "give the folder that holds KITTI's date folders, such as 2011_09_26".to_owned(),
            });
        }
        let mut drives = Vec::new();
        for date in folders(root)? {
            // Folders that may not be listed, such as a disk's lost+found, are skipped.
            for drive in folders(&root.join(&date)).unwrap_or_default() {
                let folder = format!("{date}/{drive}");
                let images = |side: Side| root.join(&folder).join(camera_folder(side)).join("data");
                let cameras = numbered_cameras(SIDES.map(|side| (side, images(side))))?;
                drives.push((folder, cameras));
            }
        }
        let files = ImageFiles::new(root, drives, Remarks::default());
        if files.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no drive found in {}: looked for DATE/DRIVE/image_02/data/*.jpg or *.png, also image_03; \
                 give the folder that holds the date folders",
                root.display()
            )));
        }
        Ok(Self(files))
    }
}

impl ImageLayout for KittiRaw {
    fn files(&self) -> &ImageFiles {
        &self.0
    }

    fn kind(&self) -> &'static str {
        "KITTI raw"
    }

    /// Intrinsics that the method assumes for all drives.
    fn camera(&self, _key: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }

    fn stereo_baseline_metres(&self, _key: &FrameKey) -> Option<f32> {
        Some(BASELINE_METRES as f32)
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
        let Some(origin) = readings.by_frame.values().next() else {
            return Ok(MeasuredPoses { remarks: readings.remarks, ..MeasuredPoses::default() });
        };
        let inertial_from_camera = camera_from_inertial(&root.join(date), side)?.inverse();
        let pose = |reading: &Oxts| reading.world_from_sensor(origin) * inertial_from_camera;
        let by_frame = readings.by_frame.iter().map(|(frame, reading)| (*frame, pose(reading))).collect();
        Ok(MeasuredPoses { by_frame, remarks: readings.remarks })
    }
}

impl KittiRaw {
    /// Depth of the frame's laser scan; `None` without a scan.
    fn scanned(&self, key: &FrameKey, axis: DepthAxis) -> Result<Option<DepthMap>, DataError> {
        let Some((date, _)) = key.folder.split_once('/') else { return Ok(None) };
        let scan = format!("{}/velodyne_points/data/{:010}.bin", key.folder, key.frame);
        let scan = self.0.root().join(scan);
        if !scan.is_file() {
            return Ok(None);
        }
        let projection = ScannerProjection::read(&self.0.root().join(date), key.side)?;
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
