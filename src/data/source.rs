//! Where frames come from: one trait for files and for the built-in drive.

use super::{
    DataError, DepthMap, FrameKey, Side,
    image::{resize, shrink},
};
use crate::{config::ImageSize, geometry::Intrinsics};
use glam::DAffine3;
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, ops::Range, path::Path};

/// The distance of the stereo cameras in the unit of the method's depths, whatever it is in metres
/// ([Metric scale](crate::objective::method#metric-scale) of the method).
pub const STEREO_SHIFT: f32 = 0.1;

/// A run of consecutive frames from one camera rig.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drive {
    /// Its name in split files.
    pub folder: String,
    /// Its frames' numbers: first to last + 1.
    pub frames: Range<u32>,
    /// The cameras it has.
    pub sides: Vec<Side>,
}

impl Drive {
    /// The names of its frames as one of its cameras saw them.
    pub fn keys(&self, side: Side) -> impl Iterator<Item = FrameKey> + '_ {
        self.frames.clone().map(move |frame| FrameKey { folder: self.folder.clone(), frame, side })
    }
}

/// What a source may have of the true depth of its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrueDepth {
    /// Of a laser scan, along the scanner's forward axis: what the published evaluation on raw scans uses.
    Scanner,
    /// Of a laser scan, along the camera's axis: the depth that networks predict.
    Camera,
    /// KITTI's improved ground truth, accumulated over eleven scans, along the camera's axis.
    Annotated,
    /// Computed with the picture, along the camera's axis.
    Exact,
}

impl TrueDepth {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Scanner, Self::Camera, Self::Annotated, Self::Exact];

    /// Its name as an option.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scanner => "x",
            Self::Camera => "z",
            Self::Annotated => "annotated",
            Self::Exact => "exact",
        }
    }

    /// What a report calls it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Scanner => "laser scans, along the scanner's axis (x)",
            Self::Camera => "laser scans, along the camera's axis (z)",
            Self::Annotated => "KITTI's improved (annotated) depth",
            Self::Exact => "exact depth",
        }
    }
}

/// A frame at the network's size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResizedFrame {
    /// The picture.
    pub image: RgbImage,
    /// The size that it was filmed at.
    pub native_size: ImageSize,
}

/// A place that frames come from. Implementations are shared between worker threads.
pub trait FrameSource: Send + Sync {
    /// What a person calls it: a path or "built-in drive".
    fn name(&self) -> String;

    /// Its drives, sorted by folder.
    fn drives(&self) -> &[Drive];

    /// Whether the frame is there (it may still turn out unreadable).
    fn contains(&self, key: &FrameKey) -> bool;

    /// The frame at its native size.
    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError>;

    /// The frame at another size.
    fn resized(&self, key: &FrameKey, size: ImageSize) -> Result<ResizedFrame, DataError> {
        let image = self.image(key)?;
        let native_size = ImageSize { height: image.height() as usize, width: image.width() as usize };
        Ok(ResizedFrame { image: resize(&image, size), native_size })
    }

    /// The frame as a small picture to look at: in its own proportions, as large as the box lets it be. What
    /// costs less than the whole frame need not be the same to the last bit.
    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        Ok(shrink(&self.image(key)?, within))
    }

    /// The file that the frame is read from, if it is read from one.
    fn file(&self, _key: &FrameKey) -> Option<&Path> {
        None
    }

    /// Distance of the stereo cameras, metres, if there are two and it is known.
    fn baseline_metres(&self, _key: &FrameKey) -> Option<f32> {
        None
    }

    /// Metres in a unit of the depths that a network learns from the stereo camera; KITTI's are 5.4.
    fn metres_per_unit(&self, key: &FrameKey) -> Option<f32> {
        self.baseline_metres(key).map(|baseline| baseline / STEREO_SHIFT)
    }

    /// The camera, normalised.
    fn intrinsics(&self, key: &FrameKey) -> Intrinsics;

    /// The depth at the frame's native size, if exact or measured depth exists.
    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError>;

    /// The kinds of true depth that [`Self::depth_as`] gives, the one of published numbers first.
    fn true_depths(&self) -> &'static [TrueDepth] {
        &[]
    }

    /// The depth of one of these kinds at the frame's native size; `None` where there is none.
    fn depth_as(&self, _key: &FrameKey, _kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        Ok(None)
    }

    /// World from camera, metres, for those frames of a drive of which it is known, by their number. The
    /// world is any that stays where it is during the drive; nothing if no pose is known.
    ///
    /// # Errors
    /// The poses are there but cannot be read.
    fn true_poses(&self, _drive: &Drive, _side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
        Ok(BTreeMap::new())
    }
}

impl fmt::Debug for dyn FrameSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "frames of {}", self.name())
    }
}
