//! Depth as KITTI keeps it: 16-bit PNG, 256 levels a metre, 0 where nothing is known.

use super::{bytes_of, decode_png, unreadable};
use crate::data::{DataError, DepthMap, atomic_file::write_bytes};
use image::DynamicImage;
use std::path::Path;

/// Levels of a metre (or of another unit of depth).
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

/// Writes depth × 256, truncated, with the unit in the file's text, and gives the number of pixels that
/// were too far for it: from 256 units on they are 65535, which is 255.996. The library for PNG is called
/// by itself because that for all pictures writes no text.
///
/// # Errors
/// The file cannot be written.
pub fn write_depth(path: &Path, depth: &DepthMap, unit: &str) -> Result<usize, DataError> {
    let farthest = f32::from(u16::MAX);
    let clipped = depth.metres.iter().filter(|depth| **depth * LEVELS >= farthest + 1.0).count();
    let levels = depth.metres.iter().flat_map(|depth| ((depth * LEVELS).min(farthest) as u16).to_be_bytes());
    let encode = || -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, depth.width as u32, depth.height as u32);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Sixteen);
        encoder.set_compression(png::Compression::Fast);
        encoder.add_itxt_chunk("Unit".to_owned(), format!("depth = value / {LEVELS}, {unit}"))?;
        encoder.write_header()?.write_image_data(&levels.collect::<Vec<u8>>())?;
        Ok(bytes)
    };
    let written = encode().map_err(|error| error.to_string());
    let written = written.and_then(|bytes| write_bytes(path, &bytes).map_err(|error| error.to_string()));
    written.map_err(|reason| DataError::Unwritable {
        what: "depth map".to_owned(),
        path: path.to_owned(),
        reason,
    })?;
    Ok(clipped)
}
