//! Frames of a sample, with their names in flags, files and maps.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A frame of a sample, relative to its target ([Coordinates](crate::objective::method#coordinates) of the
/// method).
///
/// Written `0`, `-1`, `1` or `s` in flags and files, and `0`, `m1`, `p1`, `s` in tensor names
/// ([`FrameId::tag`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FrameId {
    /// The same camera, this many frames later (earlier when negative).
    Temporal(i32),
    /// The other camera of the stereo rig, at the same instant.
    Stereo,
}

impl FrameId {
    /// The frame whose depth is predicted.
    pub const TARGET: Self = Self::Temporal(0);
    /// The frame before the target.
    pub const PREVIOUS: Self = Self::Temporal(-1);
    /// The frame after the target.
    pub const NEXT: Self = Self::Temporal(1);

    /// Name in tensor names: `0`, `m1`, `p1`, `s`.
    pub fn tag(self) -> String {
        match self {
            Self::Temporal(0) => "0".to_owned(),
            Self::Temporal(offset) if offset < 0 => format!("m{}", -offset),
            Self::Temporal(offset) => format!("p{offset}"),
            Self::Stereo => "s".to_owned(),
        }
    }

    /// Name for a person: `0`, `−1`, `+1`, `stereo`.
    pub fn label(self) -> String {
        match self {
            Self::Temporal(0) => "0".to_owned(),
            Self::Temporal(offset) if offset < 0 => format!("−{}", -offset),
            Self::Temporal(offset) => format!("+{offset}"),
            Self::Stereo => "stereo".to_owned(),
        }
    }
}

impl fmt::Display for FrameId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Temporal(offset) => write!(formatter, "{offset}"),
            Self::Stereo => formatter.write_str("s"),
        }
    }
}

impl FromStr for FrameId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "s" => Ok(Self::Stereo),
            _ => text
                .parse()
                .map(Self::Temporal)
                .map_err(|_| format!("'{text}' is not a frame id: use a whole number or s")),
        }
    }
}

impl TryFrom<String> for FrameId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<FrameId> for String {
    fn from(id: FrameId) -> Self {
        id.to_string()
    }
}
