//! Range of the levels of 16-bit pictures, of which few cameras use all: it is stretched over the 8 bits that networks
//! and people see, the same for all pictures of a drive, so that brightness means the same at all times.

use super::{file::bytes_of, header::PictureHeader, stored::decode_stored};
use image::{DynamicImage, RgbImage, Rgba};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Most pictures of a drive in which its range is sought.
const SAMPLED: usize = 16;
/// Share of the levels, at either end, that the range leaves out: hot spots and dead pixels.
const OUTSIDE: f64 = 0.002;

/// Range of 16-bit levels that is shown: the lowest becomes black, the highest white.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRange {
    /// Level that becomes black.
    pub low: u16,
    /// Level that becomes white.
    pub high: u16,
}

impl fmt::Display for LevelRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} to {}", self.low, self.high)
    }
}

/// Range of the levels of pictures that belong together, sought in a few of them when it is first needed.
#[derive(Debug, Default)]
pub struct SharedLevels {
    sampled: Vec<PathBuf>,
    range: OnceLock<Option<LevelRange>>,
}

impl SharedLevels {
    /// Levels of the pictures of a drive, of which a few are remembered, evenly distributed.
    pub fn of<'a>(files: impl ExactSizeIterator<Item = &'a Path>) -> Self {
        let stride = files.len().div_ceil(SAMPLED).max(1);
        Self { sampled: files.step_by(stride).map(Path::to_owned).collect(), range: OnceLock::new() }
    }

    /// Range of the levels; `None` if the first readable picture has no levels of 16 bits.
    pub fn range(&self) -> Option<LevelRange> {
        *self.range.get_or_init(|| {
            let first = self.sampled.iter().find_map(|file| PictureHeader::read(file).ok())?;
            first.has_16_bits().then(|| {
                let mut histogram = Histogram::default();
                for file in &self.sampled {
                    let levels = bytes_of(file).ok().and_then(|bytes| decode_stored(&bytes).ok());
                    if let Some(levels) = levels {
                        histogram.add(&levels);
                    }
                }
                histogram.range()
            })?
        })
    }
}

/// Numbers of pixels by level.
struct Histogram(Vec<u64>);

impl Default for Histogram {
    fn default() -> Self {
        Self(vec![0; usize::from(u16::MAX) + 1])
    }
}

impl Histogram {
    /// Counts the levels of a picture, those of all colours alike.
    fn add(&mut self, image: &DynamicImage) {
        let count = |level: &u16| self.0[usize::from(*level)] += 1;
        match image {
            DynamicImage::ImageLuma16(image) => image.iter().for_each(count),
            DynamicImage::ImageRgb16(image) => image.iter().for_each(count),
            DynamicImage::ImageLumaA16(image) => image.pixels().map(|pixel| &pixel.0[0]).for_each(count),
            DynamicImage::ImageRgba16(image) => {
                image.pixels().flat_map(|pixel| &pixel.0[..3]).for_each(count);
            }
            _ => (),
        }
    }

    /// Range without the outermost levels; `None` without pixels.
    fn range(&self) -> Option<LevelRange> {
        let pixels: u64 = self.0.iter().sum();
        let outside = (pixels as f64 * OUTSIDE) as u64;
        let is_reached = |sum: &mut u64, count: &u64| {
            *sum += count;
            Some(*sum > outside)
        };
        let low = self.0.iter().scan(0, is_reached).position(|reached| reached)?;
        let high = self.0.iter().rev().scan(0, is_reached).position(|reached| reached)?;
        Some(LevelRange { low: low as u16, high: (self.0.len() - 1 - high) as u16 })
    }
}

/// Converts to 8-bit RGB: levels of 16 bits are stretched over the range, or over the picture's own without one. All
/// colours have one range, which keeps their hue.
pub(super) fn to_rgb(image: DynamicImage, range: Option<LevelRange>) -> RgbImage {
    let has_16_bits = image.color().bytes_per_pixel() / image.color().channel_count() == 2;
    if !has_16_bits {
        return image.into_rgb8();
    }
    let own = || {
        let mut histogram = Histogram::default();
        histogram.add(&image);
        histogram.range()
    };
    let LevelRange { low, high } = range.or_else(own).unwrap_or(LevelRange { low: 0, high: u16::MAX });
    // A picture of one level is mid-grey.
    let middle = u8::MAX / 2;
    let width = f32::from(high.saturating_sub(low));
    let stretch = |level: u16| {
        if width == 0.0 && level == low {
            return middle;
        }
        let level = f32::from(level.saturating_sub(low)) / width.max(1.0);
        (level.min(1.0) * f32::from(u8::MAX)).round() as u8
    };
    let mut shown = RgbImage::new(image.width(), image.height());
    let mut fill = |pixels: &mut dyn Iterator<Item = [u16; 3]>| {
        for (pixel, levels) in shown.pixels_mut().zip(pixels) {
            pixel.0 = levels.map(stretch);
        }
    };
    match &image {
        DynamicImage::ImageLuma16(image) => fill(&mut image.iter().map(|level| [*level; 3])),
        DynamicImage::ImageLumaA16(image) => fill(&mut image.pixels().map(|pixel| [pixel.0[0]; 3])),
        DynamicImage::ImageRgb16(image) => fill(&mut image.pixels().map(|pixel| pixel.0)),
        DynamicImage::ImageRgba16(image) => {
            fill(&mut image.pixels().map(|Rgba([red, green, blue, _])| [*red, *green, *blue]));
        }
        _ => (),
    }
    shown
}
