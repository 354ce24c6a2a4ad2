//! What the loader hands to training: frames of one moment, still bytes.

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

/// Which camera of the stereo rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// The left colour camera, `image_02` in KITTI.
    #[serde(rename = "l")]
    Left,
    /// The right colour camera, `image_03` in KITTI.
    #[serde(rename = "r")]
    Right,
}

impl Side {
    /// The other camera.
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// One picture of a data source: drive folder, frame number, camera. A sample is named by the key of
/// its target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameKey {
    /// The drive, as in split files: `2011_09_26/2011_09_26_drive_0002_sync`.
    pub folder: String,
    /// The frame's number in its drive.
    pub frame: u32,
    /// The camera.
    pub side: Side,
}

impl FrameKey {
    /// The picture that `id` names relative to this target; `None` before the first frame.
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

/// A line's last word, and what is before it.
fn cut(line: &str) -> Option<(&str, &str)> {
    line.trim().rsplit_once(char::is_whitespace)
}

impl FromStr for FrameKey {
    type Err = String;

    /// Reads `FOLDER FRAME SIDE`, a line of a split file. The frame may be zero-padded; the side is
    /// `l` or `2`, `r` or `3`, and left where there is none, as in the benchmark's `image 12`.
    fn from_str(line: &str) -> Result<Self, Self::Err> {
        // Folders of one's own may have spaces in their names, so the line is read from its end.
        let (rest, last) = cut(line).ok_or_else(|| format!("'{line}' is not 'FOLDER FRAME SIDE'"))?;
        let (folder, frame, side) = match cut(rest) {
            Some((folder, frame)) => (folder.trim(), frame, last),
            None => (rest.trim(), last, "l"),
        };
        let frame =
            frame.parse().map_err(|_| format!("frame '{frame}' of '{line}' is not a whole number"))?;
        let side = match side {
            "l" | "2" => Side::Left,
            "r" | "3" => Side::Right,
            _ => return Err(format!("side '{side}' of '{line}' is not l or r")),
        };
        Ok(Self { folder: folder.to_owned(), frame, side })
    }
}

/// A depth for some pixels of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthMap {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Row by row, metres along the optical axis; 0 where nothing is known.
    pub metres: Vec<f32>,
}

impl DepthMap {
    /// The depth at another size, row by row: that of the pixel each known one falls into, of several the
    /// nearest to the camera; where a picture is enlarged, that of the pixel each lies in.
    pub fn at_size(&self, size: ImageSize) -> Vec<f32> {
        if size.height >= self.height && size.width >= self.width {
            let pixel = |index: usize| {
                let (row, column) = (index / size.width, index % size.width);
                self.metres[row * self.height / size.height * self.width + column * self.width / size.width]
            };
            return (0..size.pixels()).map(pixel).collect();
        }
        let mut result = vec![0.0_f32; size.pixels()];
        for (index, metres) in self.metres.iter().enumerate().filter(|(_, metres)| **metres > 0.0) {
            let row = index / self.width * size.height / self.height;
            let column = index % self.width * size.width / self.width;
            let nearest = &mut result[row * size.width + column];
            if *nearest == 0.0 || metres < nearest {
                *nearest = *metres;
            }
        }
        result
    }
}

/// The frames of one moment, resized for the networks and perhaps mirrored
/// ([Samples](crate::objective::method#samples) of the method).
#[derive(Clone, Debug)]
pub struct Sample {
    /// The target.
    pub key: FrameKey,
    /// Camera of the target, already mirrored if the images are.
    pub intrinsics: Intrinsics,
    /// Clean images of scale 0 by frame, already mirrored if the sample is.
    pub images: BTreeMap<FrameId, RgbImage>,
    /// Scales of each frame's pyramid, each half the one before and scale 0 among them. The loss compares
    /// these.
    pub scales: BTreeMap<FrameId, usize>,
    /// What was drawn for the sample. The images here are mirrored already, but not jittered: only what the
    /// networks see is.
    pub augmentation: Augmentation,
    /// What the loader derived from the images; `None` if that is left to the device.
    pub derived: Option<DerivedImages>,
    /// The camera's shift along x that takes target points to the stereo camera, in the network's
    /// units (±0.1); used if the stereo frame is a source.
    pub stereo_shift_x: f32,
}

impl Sample {
    /// The images with what is derived from them, which is made now if the loader did not.
    pub fn with_derived(&self) -> SampleImages<'_> {
        let make = || Cow::Owned(DerivedImages::new(&self.images, &self.scales, self.jitter()));
        SampleImages::new(&self.images, self.derived.as_ref().map_or_else(make, Cow::Borrowed))
    }

    /// The change of colours for the networks, if there is one.
    pub fn jitter(&self) -> Option<&Jitter> {
        self.augmentation.jitter.as_ref()
    }
}

/// Samples of one training step, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Pass over the data, from 0.
    pub epoch: usize,
    /// Number of the batch in its epoch, from 0.
    pub index: usize,
    /// The samples.
    pub samples: Vec<Sample>,
}
