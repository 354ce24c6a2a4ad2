//! Depth as KITTI keeps it: 16-bit PNG, 256 levels a metre, 0 where nothing is known.

use super::{bytes_of, decode_png, unreadable};
use crate::data::{DataError, DepthMap};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};
use std::path::Path;

/// Levels of a metre.
const LEVELS: f32 = 256.0;

/// Reads a depth map.
///
/// # Errors
/// The file is missing, damaged, or a picture of another kind.
pub fn read_depth(path: &Path) -> Result<DepthMap, DataError> {
    match decode_png(&bytes_of(path)?).map_err(|reason| unreadable(path, reason))? {
        DynamicImage::ImageLuma16(levels) if !levels.is_empty() => Ok(DepthMap {
            width: levels.width() as usize,
            height: levels.height() as usize,
            metres: levels.as_raw().iter().map(|level| f32::from(*level) / LEVELS).collect(),
        }),
        _ => Err(unreadable(path, "it is not a 16-bit grey picture, as depth maps are".to_owned())),
    }
}

/// Writes a depth map; what lies between two levels gets the lower one, what is too far the last.
///
/// # Errors
/// The file cannot be written.
pub fn write_depth(path: &Path, depth: &DepthMap) -> Result<(), DataError> {
    let levels: Vec<u16> = depth.metres.iter().map(|metres| (metres * LEVELS) as u16).collect();
    let picture: ImageBuffer<Luma<u16>, _> =
        ImageBuffer::from_raw(depth.width as u32, depth.height as u32, levels)
            .expect("a depth map has a value for each of its pixels");
    picture.save_with_format(path, ImageFormat::Png).map_err(|error| DataError::Unwritable {
        what: "depth map".to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
