//! KITTI odometry layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::BASELINE_METRES;
use crate::{
    data::{
        DataError, Drive, FrameKey, Remarks, Side,
        header_scan::ListedDrive,
        image_files::{ImageFiles, ImageLayout, numbered_cameras},
        listing::folders,
        poses,
    },
    geometry::Intrinsics,
};
use glam::DAffine3;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Folders of the colour cameras in a sequence, and of the grey ones.
const RIGS: [[(Side, &str); 2]; 2] = [
    [(Side::Left, "image_2"), (Side::Right, "image_3")],
    [(Side::Left, "image_0"), (Side::Right, "image_1")],
];

/// Folder in KITTI odometry layout: `sequences/08/image_2/000000.jpg`, `image_3` for the right camera, PNG
/// where there is no JPEG; without colour pictures the grey ones of `image_0` and `image_1`. The drives are named by the number of the sequence as in split files: `8`.
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
        let has_camera = |folder: &Path| RIGS.iter().flatten().any(|(_, name)| folder.join(name).is_dir());
        sequences(&base_folder(root)).iter().any(|(_, folder)| has_camera(folder))
    }

    /// Lists the images of all sequences in the folder.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no image.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        let base = base_folder(root);
        let (mut drives, mut remarks) = (Vec::new(), Remarks::default());
        for (number, folder) in sequences(&base) {
            let rigs = RIGS.map(|rig| rig.map(|(side, name)| (side, folder.join(name))));
            let cameras = numbered_cameras(rigs, &number.to_string(), &mut remarks);
            drives.push((number.to_string(), ListedDrive::new(cameras)));
        }
        let files = ImageFiles::new(&base, drives, remarks, false);
        if files.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no picture found in {}: looked for sequences/NN/image_2/*.jpg or *.png, also image_3; \
                 unpack data_odometry_color there, or data_odometry_gray (image_0, image_1)",
                root.display()
            )));
        }
        Ok(Self(files))
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

    /// Intrinsics that the method assumes for all sequences.
    fn camera(&self, _key: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }

    fn stereo_baseline_metres(&self, _key: &FrameKey) -> Option<f32> {
        Some(BASELINE_METRES as f32)
    }

    fn camera_from(&self, _drive: &Drive) -> String {
        "KITTI's, as published".to_owned()
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
