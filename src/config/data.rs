//! What to open as data, and with which camera.

use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, str::FromStr};

/// What to open as data: the built-in drive or a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataChoice {
    /// The built-in drive.
    Demo,
    /// A folder in KITTI raw or odometry layout, or of frames with files that tell their camera.
    Folder(PathBuf),
    /// A folder of frames, and the camera of those that have no file which tells it.
    Assuming {
        /// The folder.
        folder: PathBuf,
        /// The camera.
        camera: CameraChoice,
    },
}

impl FromStr for DataChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "demo" { Self::Demo } else { Self::Folder(text.into()) })
    }
}

impl fmt::Display for DataChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => formatter.write_str("demo"),
            Self::Folder(folder) | Self::Assuming { folder, .. } => folder.display().fmt(formatter),
        }
    }
}

/// A camera given by hand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraChoice {
    /// Focal lengths and principal point, `[focal_x, focal_y, centre_x, centre_y]`: in parts of the
    /// picture's width and height if the principal point is below 1, else in pixels.
    Intrinsics([f32; 4]),
    /// Degrees across the picture; square pixels and a centred principal point.
    FieldOfView(f32),
}
