//! Data to open, with its camera.

use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, str::FromStr};

/// Data to open: the built-in drive or a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataChoice {
    /// The built-in drive.
    Demo,
    /// A folder in KITTI raw or odometry layout, or a folder of frames with files that describe their camera.
    Folder(PathBuf),
    /// A folder of frames, with their camera in place of what files say.
    Assuming {
        /// Folder of the frames.
        folder: PathBuf,
        /// Camera of all frames.
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
    /// Focal lengths and principal point, `[focal_x, focal_y, centre_x, centre_y]`: as fractions of the
    /// image's width and height if the principal point is below 1, else in pixels.
    Intrinsics([f32; 4]),
    /// Horizontal field of view in degrees; pixels are square and the principal point is the centre.
    FieldOfView(f32),
}
