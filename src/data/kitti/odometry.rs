//! The KITTI odometry layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::BASELINE_METRES;
use crate::{
    data::{
        DataError, Drive, FrameKey, Side,
        pictures::{ImageFiles, PictureLayout, folders, numbered_cameras},
        poses,
    },
    geometry::Intrinsics,
};
use glam::DAffine3;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The folders of the colour cameras in a sequence.
const CAMERAS: [(Side, &str); 2] = [(Side::Left, "image_2"), (Side::Right, "image_3")];

/// A folder in KITTI odometry layout: `sequences/08/image_2/000000.jpg`, `image_3` for the right camera,
/// PNG where there is no JPEG. Its drives bear the sequence's number as in split files: `8`.
pub struct KittiOdometry(ImageFiles);

/// The folder that holds `sequences`: the archives unpack to one called `dataset`.
fn home(root: &Path) -> PathBuf {
    let inner = root.join("dataset");
    if inner.join("sequences").is_dir() { inner } else { root.to_owned() }
}

/// The numbers of the sequences, in order, with their folders.
fn sequences(home: &Path) -> Vec<(u32, PathBuf)> {
    let parent = home.join("sequences");
    let numbered = |name: &String| Some((name.parse().ok()?, parent.join(name)));
    let mut found: Vec<_> = folders(&parent).unwrap_or_default().iter().filter_map(numbered).collect();
    found.sort();
    found
}

impl KittiOdometry {
    /// Whether a folder has this layout.
    pub fn is_layout(root: &Path) -> bool {
        let has_camera = |folder: &Path| CAMERAS.iter().any(|(_, name)| folder.join(name).is_dir());
        sequences(&home(root)).iter().any(|(_, folder)| has_camera(folder))
    }

    /// Lists the pictures of all sequences in the folder.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no picture.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        let home = home(root);
        let mut drives = Vec::new();
        for (number, folder) in sequences(&home) {
            let cameras = CAMERAS.map(|(side, name)| (side, folder.join(name)));
            drives.push((number.to_string(), numbered_cameras(cameras)?));
        }
        let pictures = ImageFiles::new(&home, drives);
        if pictures.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no picture found in {}: looked for sequences/NN/image_2/*.jpg or *.png, also image_3; \
                 unpack data_odometry_color there",
                root.display()
            )));
        }
        Ok(Self(pictures))
    }

    /// World from camera for every frame of a sequence, metres; `None` for sequences whose poses are
    /// not published. The camera is the left grey one, beside the colour cameras.
    ///
    /// # Errors
    /// The file is there but is not poses.
    pub fn poses(&self, sequence: u32) -> Result<Option<Vec<DAffine3>>, DataError> {
        let path = self.0.root().join(format!("poses/{sequence:02}.txt"));
        let read = || Ok(poses::read(&path)?.poses);
        path.is_file().then(read).transpose()
    }
}

impl PictureLayout for KittiOdometry {
    fn pictures(&self) -> &ImageFiles {
        &self.0
    }

    fn kind(&self) -> &'static str {
        "KITTI odometry"
    }

    /// The one camera that the method assumes for all sequences.
    fn camera(&self, _key: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }

    fn stereo_baseline_metres(&self, _key: &FrameKey) -> Option<f32> {
        Some(BASELINE_METRES)
    }

    /// The published poses. They are those of the left grey camera; its distance to the colour cameras,
    /// centimetres, is ignored, as in the reference.
    fn measured_poses(&self, drive: &Drive, _side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
        let poses = match drive.folder.parse() {
            Ok(sequence) => self.poses(sequence)?.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        Ok((0..).zip(poses).collect())
    }
}
