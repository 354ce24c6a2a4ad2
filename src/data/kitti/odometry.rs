//! KITTI odometry layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::BASELINE_METRES;
use crate::{
    config::CameraChoice,
    data::{
        DataError, Drive, FrameKey, Remarks, Side,
        folder::rigs_of_kitti,
        image_files::{ImageFiles, ImageLayout, folders, numbered_cameras},
        poses,
        rig::Rig,
        stereo::remark_equal_pairs,
    },
    geometry::Intrinsics,
};
use glam::DAffine3;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Folders of the colour cameras in a sequence.
const CAMERAS: [(Side, &str); 2] = [(Side::Left, "image_2"), (Side::Right, "image_3")];

/// Folder in KITTI odometry layout: `sequences/08/image_2/000000.jpg`, `image_3` for the right camera, PNG
/// where there is no JPEG. The drives are named by the number of the sequence as in split files: `8`.
///
/// All sequences have the one camera that the method takes for KITTI, except those whose calibration file is not one
/// that KITTI published.
pub struct KittiOdometry(ImageFiles, BTreeMap<String, Rig>);

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
    /// As [`Self::open_with`].
    pub fn open(root: &Path) -> Result<Self, DataError> {
        Self::open_with(root, None)
    }

    /// Lists the images as [`Self::open`] does; `given` is the camera of all sequences, whatever files say.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no image, or a camera is malformed or implausible.
    pub fn open_with(root: &Path, given: Option<CameraChoice>) -> Result<Self, DataError> {
        let base = base_folder(root);
        let (mut drives, mut parents) = (Vec::new(), Vec::new());
        for (number, folder) in sequences(&base) {
            let cameras = CAMERAS.map(|(side, name)| (side, folder.join(name)));
            drives.push((number.to_string(), numbered_cameras(cameras)?));
            parents.push(folder);
        }
        let mut remarks = Remarks::default();
        let listed: Vec<_> = drives
            .iter()
            .zip(parents)
            .map(|((name, cameras), folder)| (name.clone(), folder, cameras))
            .collect();
        let rigs = rigs_of_kitti(&base, &listed, given, &mut remarks)?;
        remark_equal_pairs(&drives, &mut remarks);
        let files = ImageFiles::new(&base, drives, remarks);
        if files.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no picture found in {}: looked for sequences/NN/image_2/*.jpg or *.png, also image_3; \
                 unpack data_odometry_color there",
                root.display()
            )));
        }
        Ok(Self(files, rigs))
    }

    /// Poses `world_from_camera` of all frames of a sequence, metres; `None` for sequences whose poses are not
    /// published. The camera is the left grey one, next to the colour cameras.
    ///
    /// # Errors
    /// The file exists but does not hold poses.
    pub fn poses(&self, sequence: u32) -> Result<Option<Vec<DAffine3>>, DataError> {
        let path = self.0.root().join(format!("poses/{sequence:02}.txt"));
        let read = || Ok(poses::read(&path)?.poses);
        path.is_file().then(read).transpose()
    }
}

impl ImageLayout for KittiOdometry {
    fn files(&self) -> &ImageFiles {
        &self.0
    }

    fn kind(&self) -> &'static str {
        "KITTI odometry"
    }

    fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.1.get(&key.folder).map_or(Intrinsics::KITTI, |rig| rig.camera(key.side))
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.1.get(&key.folder).and_then(|rig| rig.baseline_metres).or(Some(BASELINE_METRES as f32))
    }

    /// Published poses, those of the left grey camera. Its distance of some centimetres to the colour cameras
    /// is ignored, as in the reference.
    fn measured_poses(&self, drive: &Drive, _side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
        let poses = match drive.folder.parse() {
            Ok(sequence) => self.poses(sequence)?.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        Ok((0..).zip(poses).collect())
    }
}
