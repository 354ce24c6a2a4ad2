//! Depth maps in KITTI's format: 16-bit PNG, 256 levels per metre, 0 where unknown.

use super::{
    file::{bytes_of, unreadable},
    stored::decode_stored,
};
use crate::data::{DataError, DepthMap, atomic_file::write_bytes};
use image::DynamicImage;
use std::path::Path;

/// Levels per metre, or per another unit of depth.
const LEVELS: f32 = 256.0;

/// Reads a depth map.
///
/// # Errors
/// The file does not exist, is damaged, or holds another kind of image.
pub fn read_depth(path: &Path) -> Result<DepthMap, DataError> {
    match decode_stored(&bytes_of(path)?).map_err(|reason| unreadable(path, reason))? {
        DynamicImage::ImageLuma16(levels) if !levels.is_empty() => Ok(DepthMap {
            width: levels.width() as usize,
            height: levels.height() as usize,
            metres: levels.as_raw().iter().map(|level| f32::from(*level) / LEVELS).collect(),
        }),
        _ => Err(unreadable(path, "it is not a 16-bit grey picture, as depth maps are".to_owned())),
    }
}

/// Writes depth × 256, truncated, with the unit in the file's text chunk. Returns the number of clipped
/// pixels: depths from 256 units on become 65535, that is 255.996. The PNG library is used directly because
/// the image library writes no text chunks.
///
/// # Errors
/// The file cannot be written.
pub fn write_depth(path: &Path, depth: &DepthMap, unit: &str) -> Result<usize, DataError> {
    let max_level = f32::from(u16::MAX);
    let clipped = depth.metres.iter().filter(|depth| **depth * LEVELS >= max_level + 1.0).count();
    let levels = depth.metres.iter().flat_map(|depth| ((depth * LEVELS).min(max_level) as u16).to_be_bytes());
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
    written.map_err(|reason| DataError::unwritable("depth map", path, reason))?;
    Ok(clipped)
}
