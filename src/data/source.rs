//! Source of frames: one trait for files and for the built-in drive.

use super::{
    DataError, DepthMap, FrameKey, RemarkKind, Remarks, Side,
    image::{LevelRange, resize, shrink, size_of},
};
use crate::{
    config::{FrameId, ImageSize},
    geometry::Intrinsics,
};
use glam::DAffine3;
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, ops::Range, path::Path, time::Duration};

/// Distance of the stereo cameras in the unit of the method's depths, whatever it is in metres
/// ([Metric scale](crate::objective::method#metric-scale) of the method).
pub const STEREO_SHIFT: f32 = 0.1;

/// Sequence of consecutive frames from one camera rig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drive {
    /// Folder of the drive, its name in split files.
    pub folder: String,
    /// Numbers of the frames.
    pub frames: Range<u32>,
    /// Difference of the numbers of neighbouring frames.
    #[serde(default = "every_number")]
    pub step: u32,
    /// Cameras of the rig.
    pub sides: Vec<Side>,
}

/// Step of drives whose frames are numbered one by one.
fn every_number() -> u32 {
    1
}

impl Drive {
    /// Keys of the frames of one camera.
    pub fn keys(&self, side: Side) -> impl Iterator<Item = FrameKey> + '_ {
        self.numbers().map(move |frame| FrameKey { folder: self.folder.clone(), frame, side })
    }

    /// Numbers of the frames, one step apart.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        self.frames.clone().step_by(self.step.max(1) as usize)
    }

    /// Number of frames of a camera, with those that are missing.
    pub fn count(&self) -> usize {
        self.frames.len().div_ceil(self.step.max(1) as usize)
    }
}

/// Kind of true depth that a source may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrueDepth {
    /// Laser scan, along the scanner's forward axis: used by the published evaluation on raw scans.
    Scanner,
    /// Laser scan, along the camera's axis: the depth that networks predict.
    Camera,
    /// KITTI's improved ground truth, accumulated over eleven scans, along the camera's axis.
    Annotated,
    /// Exact depth of a rendered image, along the camera's axis.
    Exact,
}

impl TrueDepth {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Scanner, Self::Camera, Self::Annotated, Self::Exact];

    /// Value of the option `--ground-truth`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scanner => "x",
            Self::Camera => "z",
            Self::Annotated => "annotated",
            Self::Exact => "exact",
        }
    }

    /// Description for a report.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Scanner => "laser scans, along the scanner's axis (x)",
            Self::Camera => "laser scans, along the camera's axis (z)",
            Self::Annotated => "KITTI's improved (annotated) depth",
            Self::Exact => "exact depth",
        }
    }
}

/// True poses of a drive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeasuredPoses {
    /// Poses `world_from_camera` in metres, by frame number.
    pub by_frame: BTreeMap<u32, DAffine3>,
    /// Decisions about the files of the poses.
    pub remarks: Remarks,
}

impl From<BTreeMap<u32, DAffine3>> for MeasuredPoses {
    fn from(by_frame: BTreeMap<u32, DAffine3>) -> Self {
        Self { by_frame, remarks: Remarks::default() }
    }
}

/// Frame at the network's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResizedFrame {
    /// Resized image.
    pub image: RgbImage,
    /// Size before resizing.
    pub native_size: ImageSize,
}

/// Rule by which frames are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberedBy {
    /// By the number in the file's name.
    #[default]
    Name,
    /// By their order, from 0.
    Order,
}

/// Decisions about a drive that its frames do not show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriveDecisions {
    /// Origin of the camera: a file, or what was assumed; empty if it is exactly known.
    pub camera_from: String,
    /// Rule of the frame numbers.
    pub numbered_by: NumberedBy,
    /// Number of breaks that no sample crosses.
    pub breaks: usize,
}

/// Source of frames. Implementations are shared between threads.
pub trait FrameSource: Send + Sync {
    /// Name for people: a path or "built-in drive".
    fn name(&self) -> String;

    /// Drives, sorted by folder.
    fn drives(&self) -> &[Drive];

    /// Decisions that were made about the files so far. Waits for no file.
    fn remarks(&self) -> Remarks {
        Remarks::default()
    }

    /// True while the files are still being looked at, so that more remarks may come.
    fn is_scanning(&self) -> bool {
        false
    }

    /// Waits until the files have been looked at, at most for this time.
    fn wait_for_scan(&self, _time: Duration) {}

    /// Decisions about a drive that its frames do not show.
    fn decisions(&self, _drive: &Drive) -> DriveDecisions {
        DriveDecisions::default()
    }

    /// True if the frame exists; it may still be unreadable.
    fn contains(&self, key: &FrameKey) -> bool;

    /// Key of the frame `id` relative to this target, which may not exist; `None` if there can be none: before the
    /// first frame, or where a break in the recording lies between.
    fn neighbour(&self, target: &FrameKey, id: FrameId) -> Option<FrameKey> {
        target.relative(id)
    }

    /// Image of a frame at its native size.
    ///
    /// # Errors
    /// The frame does not exist or cannot be read.
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError>;

    /// Image of a frame at another size.
    ///
    /// # Errors
    /// The frame does not exist or cannot be read.
    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<ResizedFrame, DataError> {
        let image = self.image(key)?;
        let native_size = size_of(&image);
        Ok(ResizedFrame { image: resize(&image, size), native_size })
    }

    /// Preview of a frame: the largest image of its aspect ratio that fits into `within`. A source may trade
    /// exactness of the pixels for speed.
    ///
    /// # Errors
    /// The frame does not exist or cannot be read.
    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        Ok(shrink(&self.image(key)?, within))
    }

    /// Range over which the 16-bit levels of a frame are stretched; `None` if they have 8 bits.
    fn levels(&self, _key: &FrameKey) -> Option<LevelRange> {
        None
    }

    /// File of a frame; `None` if it is not read from a file.
    fn file(&self, _key: &FrameKey) -> Option<&Path> {
        None
    }

    /// Distance of the stereo cameras, metres; `None` if there is one camera or the distance is unknown.
    fn baseline_metres(&self, _key: &FrameKey) -> Option<f32> {
        None
    }

    /// Normalised intrinsics of a frame's camera.
    fn intrinsics(&self, key: &FrameKey) -> Intrinsics;

    /// Exact or measured depth of a frame at its native size; `None` if there is none.
    ///
    /// # Errors
    /// The depth exists but cannot be read.
    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError>;

    /// Kinds of true depth for [`Self::depth_as`], that of the published numbers first.
    fn true_depths(&self) -> &'static [TrueDepth] {
        &[]
    }

    /// True depth of one of these kinds at the frame's native size; `None` if there is none.
    ///
    /// # Errors
    /// The depth exists but cannot be read.
    fn depth_as(&self, _key: &FrameKey, _kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }

    /// Known true poses of a drive's frames. The world is fixed during the drive but otherwise arbitrary.
    ///
    /// # Errors
    /// The poses exist but cannot be read.
    fn true_poses(&self, _drive: &Drive, _side: Side) -> Result<MeasuredPoses, DataError> {
        Ok(MeasuredPoses::default())
    }

    /// Decisions about the files of the true poses, which are read for this.
    fn pose_remarks(&self) -> Remarks {
        let mut remarks = Remarks::default();
        for drive in self.drives() {
            let Some(side) = drive.sides.first() else { continue };
            match self.true_poses(drive, *side) {
                Ok(poses) => remarks.extend(poses.remarks),
                Err(error) => {
                    let what = "drives without true poses, which are unreadable";
                    remarks.add(RemarkKind::LeftOut, Some(&drive.folder), what, &error.to_string());
                }
            }
        }
        remarks
    }
}

impl fmt::Debug for dyn FrameSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "frames of {}", self.name())
    }
}
