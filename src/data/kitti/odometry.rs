//! KITTI odometry layout ([Data layouts](crate::objective::method#data-layouts) of the method).

use super::BASELINE_METRES;
use crate::{
    config::CameraChoice,
    data::{
        DataError, Drive, FrameKey, MeasuredPoses, Remarks, Side,
        folder::{FoundDrive, Rigs},
        header_scan::ListedDrive,
        image_files::{ImageFiles, ImageLayout, numbered_cameras},
        listing::folders,
        poses::{self, Poses},
        stereo::remark_equal_pairs,
    },
    geometry::Intrinsics,
};
use std::path::{Path, PathBuf};

/// Folders of the colour cameras in a sequence, and of the grey ones.
const RIGS: [[(Side, &str); 2]; 2] = [
    [(Side::Left, "image_2"), (Side::Right, "image_3")],
    [(Side::Left, "image_0"), (Side::Right, "image_1")],
];

/// Folder in KITTI odometry layout: `sequences/08/image_2/000000.jpg`, `image_3` for the right camera, PNG
/// where there is no JPEG; without colour pictures the grey ones of `image_0` and `image_1`. The drives are named by the
/// number of the sequence as in split files: `8`.
///
/// All sequences have the one camera that the method takes for KITTI, except those whose calibration file is not one
/// that KITTI published.
pub struct KittiOdometry(ImageFiles, Rigs);

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
    /// As [`Self::open_with`].
    pub fn open(root: &Path) -> Result<Self, DataError> {
        Self::open_with(root, None)
    }

    /// Lists the images as [`Self::open`] does; `given` is the camera of all sequences, whatever files say.
    ///
    /// # Errors
    /// The folder cannot be listed or holds no sequence that can be used.
    pub fn open_with(root: &Path, given: Option<CameraChoice>) -> Result<Self, DataError> {
        let base = base_folder(root);
        let (mut found, mut remarks) = (Vec::new(), Remarks::default());
        for (number, folder) in sequences(&base) {
            let rigs = RIGS.map(|rig| rig.map(|(side, name)| (side, folder.join(name))));
            let (name, mut remarks) = (number.to_string(), Remarks::default());
            let listed = ListedDrive::new(numbered_cameras(rigs, &name, &mut remarks));
            found.push(FoundDrive { name, folder, listed, remarks });
        }
        let (rigs, drives) = Rigs::of_kitti(found, given, &mut remarks)?;
        remark_equal_pairs(&drives, &mut remarks);
        let files = ImageFiles::new(&base, drives, remarks, false);
        if files.drives().is_empty() {
            return Err(DataError::Unusable(format!(
                "no picture found in {}: looked for sequences/NN/image_2/*.jpg or *.png, also image_3; \
                 unpack data_odometry_color there, or data_odometry_gray (image_0, image_1)",
                root.display()
            )));
        }
        Ok(Self(files, rigs))
    }

    /// Poses of the frames of a sequence; `None` for sequences whose poses are not published. The camera is the left grey
    /// one, next to the colour cameras.
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

    fn camera(&self, key: &FrameKey) -> Intrinsics {
        self.1.camera(key)
    }

    fn stereo_baseline_metres(&self, key: &FrameKey) -> Option<f32> {
        self.1.baseline_metres(key, Some(BASELINE_METRES as f32))
    }

    fn camera_from(&self, drive: &Drive) -> String {
        self.1.origin(drive).unwrap_or_else(|| "KITTI's, as published".to_owned())
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
