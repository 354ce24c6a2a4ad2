//! Metric scale of a network's depth: metres per unit, in a small file next to the weights, which are never
//! changed.

use super::WeightsError;
use crate::{
    config::toml_reason,
    data::{
        STEREO_SHIFT,
        atomic_file::{read_side_file, write_whole},
        kitti::BASELINE_METRES,
        unreadable::io_reason,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt,
    io::Write,
    path::{Path, PathBuf},
};
use toml::Table;

/// Most letters of the source of a scale.
const LONGEST_ORIGIN: usize = 200;
/// Key of a scale file that says why the scale is unknown.
const UNKNOWN: &str = "unknown";
/// Metres per unit that a network can have.
const METRES_PER_UNIT: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

/// Metres per unit of a network's depth, and the source of that number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricScale {
    /// Metres per unit of predicted depth.
    pub metres_per_unit: f64,
    /// Source of the factor, in words.
    pub origin: String,
    /// Standard deviation over frames, relative to the factor, if it was measured on some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// Number of frames that it was measured on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<usize>,
}

impl fmt::Display for MetricScale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.4} metres per unit, from {}", self.metres_per_unit, self.origin)?;
        match (self.spread, self.frames) {
            (Some(spread), Some(frames)) if frames > 1 => {
                write!(formatter, " ({frames} frames, spread {:.1} %)", 100.0 * spread)
            }
            _ => Ok(()),
        }
    }
}

impl MetricScale {
    /// A scale that is known without a measurement.
    pub fn stated(metres_per_unit: f64, origin: impl Into<String>) -> Self {
        Self { metres_per_unit, origin: origin.into(), spread: None, frames: None }
    }

    /// The scale of networks that were trained with stereo cameras at this distance, which the method calls
    /// [`STEREO_SHIFT`].
    pub fn of_stereo(baseline_metres: f64, origin: &str) -> Self {
        let origin = format!("stereo training, cameras {baseline_metres} m apart{origin}");
        Self::stated(baseline_metres / f64::from(STEREO_SHIFT), origin)
    }

    /// The scale of networks that were trained with stereo pairs, if nothing says which: that of KITTI, on which all
    /// published ones were trained.
    pub fn assumed(use_stereo: Option<bool>) -> Option<Self> {
        (use_stereo == Some(true)).then(|| Self::of_stereo(BASELINE_METRES, ", as KITTI's are (assumed)"))
    }

    /// The scale of weights: that of the file next to them, else the assumed one.
    ///
    /// # Errors
    /// If there is a file without a valid scale.
    pub fn of(weights: &Path, use_stereo: Option<bool>) -> Result<Option<Self>, WeightsError> {
        Ok(match StatedScale::read(weights)? {
            Some(stated) => stated.known(),
            None => Self::assumed(use_stereo),
        })
    }

    /// Path of the scale file: `scale.toml` in the weights folder, or `NAME.scale.toml` next to the file
    /// `NAME.safetensors`.
    pub fn path(weights: &Path) -> PathBuf {
        if weights.is_dir() { weights.join("scale.toml") } else { weights.with_extension("scale.toml") }
    }

    /// Reads the scale file; `None` if there is none, or if it says that the scale is unknown.
    ///
    /// # Errors
    /// If it cannot be read or has no valid scale.
    pub fn read(weights: &Path) -> Result<Option<Self>, WeightsError> {
        Ok(StatedScale::read(weights)?.and_then(StatedScale::known))
    }

    /// Writes the scale file; returns its path.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, weights: &Path) -> Result<PathBuf, WeightsError> {
        StatedScale::Known(self.clone()).write(weights)
    }
}

/// Content of a scale file.
#[derive(Clone, Debug, PartialEq)]
pub enum StatedScale {
    /// The scale.
    Known(MetricScale),
    /// The reason why it is unknown. Without it, KITTI's would be assumed for networks trained with stereo pairs.
    Unknown(String),
}

impl StatedScale {
    fn known(self) -> Option<MetricScale> {
        match self {
            Self::Known(scale) => Some(scale),
            Self::Unknown(_) => None,
        }
    }

    /// Reads the scale file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or has neither a valid scale nor a reason why there is none.
    pub fn read(weights: &Path) -> Result<Option<Self>, WeightsError> {
        let path = MetricScale::path(weights);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |reason: String| WeightsError::NoScale { path: path.clone(), reason };
        let text = read_side_file(&path).map_err(|error| damaged(io_reason(&error)))?;
        let short = |text: &str| text.chars().take(LONGEST_ORIGIN).collect();
        let reason = text.parse::<Table>().ok().and_then(|table| Some(short(table.get(UNKNOWN)?.as_str()?)));
        if let Some(reason) = reason {
            return Ok(Some(Self::Unknown(reason)));
        }
        let mut scale: MetricScale =
            toml::from_str(&text).map_err(|error| damaged(toml_reason(&text, &error)))?;
        scale.origin = short(&scale.origin);
        let metres = scale.metres_per_unit;
        if METRES_PER_UNIT.contains(&metres) {
            return Ok(Some(Self::Known(scale)));
        }
        Err(damaged(if metres > 0.0 {
            format!("metres_per_unit is {metres:e}, which no camera has")
        } else {
            format!("metres_per_unit is {metres}, not a number above 0")
        }))
    }

    /// Writes the scale file; returns its path.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, weights: &Path) -> Result<PathBuf, WeightsError> {
        let path = MetricScale::path(weights);
        let unwritable = |reason| WeightsError::Unwritable { path: path.clone(), reason };
        let text = match self {
            Self::Known(scale) => toml::to_string(scale),
            Self::Unknown(reason) => toml::to_string(&BTreeMap::from([(UNKNOWN, reason)])),
        };
        let text = text.map_err(|error| unwritable(std::io::Error::other(error)))?;
        write_whole(&path, |file| file.write_all(text.as_bytes())).map_err(unwritable)?;
        Ok(path)
    }
}
