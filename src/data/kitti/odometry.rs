//! KITTI odometry layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::BASELINE_METRES;
use crate::{
    data::{
        DataError, Drive, FrameKey, MeasuredPoses, Remarks, Side,
        image_files::{ImageFiles, ImageLayout, folders, numbered_cameras},
        poses::{self, Poses},
    },
    geometry::Intrinsics,
};
use std::path::{Path, PathBuf};

/// Folders of the colour cameras in a sequence.
const CAMERAS: [(Side, &str); 2] = [(Side::Left, "image_2"), (Side::Right, "image_3")];

/// Folder in KITTI odometry layout: `sequences/08/image_2/000000.jpg`, `image_3` for the right camera, PNG
/// where there is no JPEG. The drives are named by the number of the sequence as in split files: `8`.
pub struct KittiOdometry(ImageFiles);

/// Folder that holds `sequences`: `root`, or `dataset` in it, which the archives unpack to.
fn base_folder(root: &Path) -> PathBuf {
    let inner = root.join("dataset");
    if inner.join("sequences").is_dir() { inner } else { root.to_owned() }
}

/// Numbers of the sequences, in order, with their folders.
fn sequences(base: &Path) -> Vec<(u32, PathBuf)> {
    let parent = base.join("sequences");
    let numbered = |name: &String| Some((name.parse().ok()?, parent.join(name)));
    let mut found: Vec<_> = folders(&parent).unwrap_or_default().iter().filter_map(numbered).collect();
    found.sort();
    found
}

impl KittiOdometry {
    /// True if a folder has this layout.
    pub(in crate::data) fn is_layout(root: &Path) -> bool {
        let has_camera = |folder: &Path| CAMERAS.iter().any(|(_, name)| folder.join(name).is_dir());
        sequences(&base_folder(root)).iter().any(|(_, folder)| has_camera(folder))
    }

    /// Lists the images of all sequences in the folder.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no image.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        let base = base_folder(root);
        let mut drives = Vec::new();
        for (number, folder) in sequences(&base) {
            let cameras = CAMERAS.map(|(side, name)| (side, folder.join(name)));
            drives.push((number.to_string(), numbered_cameras(cameras)?));
        }
        let files = ImageFiles::new(&base, drives, Remarks::default());
        if files.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no picture found in {}: looked for sequences/NN/image_2/*.jpg or *.png, also image_3; \
                 unpack data_odometry_color there",
                root.display()
            )));
        }
        Ok(Self(files))
    }

    /// Poses of the frames of a sequence; `None` for sequences whose poses are not published. The camera is the left grey one, next to the colour cameras.
    ///
    /// # Errors
    /// The file exists but does not hold poses.
    pub fn poses(&self, sequence: u32) -> Result<Option<Poses>, DataError> {
        let path = self.0.root().join(format!("poses/{sequence:02}.txt"));
        path.is_file().then(|| poses::read(&path)).transpose()
    }
}

impl ImageLayout for KittiOdometry {
    fn files(&self) -> &ImageFiles {
        &self.0
    }

    fn kind(&self) -> &'static str {
        "KITTI odometry"
    }

    /// Intrinsics that the method assumes for all sequences.
    fn camera(&self, _key: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }

    fn stereo_baseline_metres(&self, _key: &FrameKey) -> Option<f32> {
        Some(BASELINE_METRES as f32)
    }

    /// Published poses, those of the left grey camera. Its distance of some centimetres to the colour cameras
    /// is ignored, as in the reference.
    fn measured_poses(&self, drive: &Drive, _side: Side) -> Result<MeasuredPoses, DataError> {
        let sequence = drive.folder.parse();
        let read = sequence.ok().map(|sequence| self.poses(sequence)).transpose()?.flatten();
        Ok(read.map_or_else(MeasuredPoses::default, |read| MeasuredPoses {
            by_frame: read.frames.into_iter().zip(read.poses).collect(),
            remarks: read.remarks.of_drive(&drive.folder),
        }))
    }
}
