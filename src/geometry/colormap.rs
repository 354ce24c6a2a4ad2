//! Colour maps: the same tables for files, legends and shaders.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Mapping of numbers to colours: 0 is the first colour, 1 the last.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Colormap {
    /// Dark violet to pale yellow: customary for disparity.
    #[default]
    Magma,
    /// Rainbow in even steps: for depth, whose order should be seen at a glance.
    Turbo,
    /// Violet, green, yellow: for losses.
    Viridis,
    /// Black to white.
    Grey,
    /// Red, white, blue: for signed values; white, at 0.5, is zero.
    Diverging,
}

impl Colormap {
    /// All colour maps, in the order of the menus.
    pub const ALL: [Self; 5] = [Self::Magma, Self::Turbo, Self::Viridis, Self::Grey, Self::Diverging];

    /// Name in the window.
    pub fn label(self) -> &'static str {
        match self {
            Self::Magma => "magma",
            Self::Turbo => "turbo",
            Self::Viridis => "viridis",
            Self::Grey => "grey",
            Self::Diverging => "diverging",
        }
    }

    /// True if the map is for signed values, with zero in its middle.
    pub fn has_middle(self) -> bool {
        self == Self::Diverging
    }

    /// The sRGB colour of a value; values outside 0 to 1 take the nearest end.
    pub fn colour(self, value: f32) -> [u8; 3] {
        let value = if value.is_finite() { f64::from(value.clamp(0.0, 1.0)) } else { 0.0 };
        let gradient = match self {
            Self::Magma => colorous::MAGMA,
            Self::Turbo => colorous::TURBO,
            Self::Viridis => colorous::VIRIDIS,
            Self::Diverging => colorous::RED_BLUE,
            Self::Grey => {
                let level = (value * 255.0).round() as u8;
                return [level; 3];
            }
        };
        gradient.eval_continuous(value).into_array()
    }

    /// 256 RGBA entries, for a shader's lookup buffer.
    pub fn table(self) -> Vec<[u8; 4]> {
        (0..256)
            .map(|index| {
                let [red, green, blue] = self.colour(index as f32 / 255.0);
                [red, green, blue, 255]
            })
            .collect()
    }
}
