//! Samples: the frames of one training example, as bytes.

use super::{
    DerivedImages, SampleImages,
    augment::{Augmentation, Jitter},
};
use crate::{
    config::{FrameId, ImageSize},
    geometry::Intrinsics,
};
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

/// Camera of the stereo rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Left colour camera, `image_02` in KITTI.
    #[serde(rename = "l")]
    Left,
    /// Right colour camera, `image_03` in KITTI.
    #[serde(rename = "r")]
    Right,
}

impl Side {
    /// Name in words, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// Other camera of the rig.
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// Key of one image of a data source: drive folder, frame number, camera. A sample has the key of its target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameKey {
    /// Folder of the drive, as in split files: `2011_09_26/2011_09_26_drive_0002_sync`.
    pub folder: String,
    /// Number of the frame in its drive.
    pub frame: u32,
    /// Camera.
    pub side: Side,
}

impl FrameKey {
    /// Key of the frame `id` relative to this target; `None` before frame 0.
    pub fn relative(&self, id: FrameId) -> Option<Self> {
        match id {
            FrameId::Temporal(offset) => {
                let frame = self.frame.checked_add_signed(offset)?;
                Some(Self { frame, ..self.clone() })
            }
            FrameId::Stereo => Some(Self { side: self.side.other(), ..self.clone() }),
        }
    }
}

impl fmt::Display for FrameKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Left => 'l',
            Side::Right => 'r',
        };
        write!(formatter, "{} {} {side}", self.folder, self.frame)
    }
}

/// Splits a line before its last word.
fn split_last(line: &str) -> Option<(&str, &str)> {
    line.trim().rsplit_once(char::is_whitespace)
}

impl FromStr for FrameKey {
    type Err = String;

    /// Parses `FOLDER FRAME SIDE`, a line of a split file. The folder may be written as on Windows; the frame may be
    /// zero-padded; the side is `l` or `2`, `r` or `3`. Without a side, as in the benchmark's `image 12`, it is the left
    /// one.
    fn from_str(line: &str) -> Result<Self, Self::Err> {
        // Names of own folders may contain spaces, so the line is parsed from its end.
        let (rest, last) = split_last(line).ok_or_else(|| format!("'{line}' is not 'FOLDER FRAME SIDE'"))?;
        let (folder, frame, side) = match split_last(rest) {
            Some((folder, frame)) => (folder.trim(), frame, last),
            None => (rest.trim(), last, "l"),
        };
        let frame =
            frame.parse().map_err(|_| format!("frame '{frame}' of '{line}' is not a whole number"))?;
        let side = match side {
            "l" | "L" | "2" => Side::Left,
            "r" | "R" | "3" => Side::Right,
            _ => return Err(format!("side '{side}' of '{line}' is not l or r")),
        };
        let folder = folder.replace('\\', "/");
        let folder = folder.trim_start_matches("./").trim_end_matches('/');
        Ok(Self { folder: folder.to_owned(), frame, side })
    }
}

/// Depth map of a frame, possibly sparse.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthMap {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Depth along the optical axis, metres, row by row; 0 where unknown.
    pub metres: Vec<f32>,
}

impl DepthMap {
    /// Depth at another size, row by row, metres. When shrinking, a pixel gets the smallest known depth of
    /// the pixels that fall into it; when enlarging, the depth of the pixel that it lies in.
    pub fn at_size(&self, size: ImageSize) -> Vec<f32> {
        if size.height >= self.height && size.width >= self.width {
            let pixel = |index: usize| {
                let (x, y) = (index % size.width, index / size.width);
                self.metres[y * self.height / size.height * self.width + x * self.width / size.width]
            };
            return (0..size.pixels()).map(pixel).collect();
        }
        let mut result = vec![0.0_f32; size.pixels()];
        for (index, metres) in self.metres.iter().enumerate().filter(|(_, metres)| **metres > 0.0) {
            let y = index / self.width * size.height / self.height;
            let x = index % self.width * size.width / self.width;
            let min = &mut result[y * size.width + x];
            if *min == 0.0 || metres < min {
                *min = *metres;
            }
        }
        result
    }
}

/// Frames around one target, resized for the networks and possibly mirrored
/// ([Samples](crate::objective::method#samples) of the method).
#[derive(Clone, Debug)]
pub struct Sample {
    /// Key of the target.
    pub key: FrameKey,
    /// Intrinsics of the target's camera, mirrored if the images are.
    pub intrinsics: Intrinsics,
    /// Clean images of scale 0 by frame, mirrored if the augmentation says so.
    pub images: BTreeMap<FrameId, RgbImage>,
    /// Number of scales of each frame's pyramid, scale 0 included; each scale has half the size of the one
    /// before. The loss compares the images of these pyramids.
    pub scales: BTreeMap<FrameId, usize>,
    /// Augmentation of the sample. The clean images are mirrored already, but not jittered: only the
    /// networks' inputs are.
    pub augmentation: Augmentation,
    /// Derived images that the loader made; `None` if the device makes them.
    pub derived: Option<DerivedImages>,
    /// Shift along x that takes points of the target's camera to the stereo camera's, in the network's unit
    /// (±0.1); used if the stereo frame is a source.
    pub stereo_shift_x: f32,
}

impl Sample {
    /// Images with those derived from them, which are computed here unless the loader did.
    pub fn with_derived(&self) -> SampleImages<'_> {
        let make = || Cow::Owned(DerivedImages::new(&self.images, &self.scales, self.jitter()));
        SampleImages::new(&self.images, self.derived.as_ref().map_or_else(make, Cow::Borrowed))
    }

    /// Colour jitter of the networks' inputs, if any.
    pub fn jitter(&self) -> Option<&Jitter> {
        self.augmentation.jitter.as_ref()
    }
}

/// Samples of one training step, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Index of the epoch, from 0.
    pub epoch: usize,
    /// Index of the batch in its epoch, from 0.
    pub index: usize,
    /// The samples, at most as many as configured; fewer if some cannot be read.
    pub samples: Vec<Sample>,
}
