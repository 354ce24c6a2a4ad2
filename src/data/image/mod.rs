//! Reading and writing images, and resizing exactly as Pillow does.

mod depth;
mod file;
mod filter;
mod header;
mod jpeg;
mod jpeg_header;
mod kind;
mod levels;
mod limits;
mod orientation;
mod pages;
mod png_chunks;
mod resize;
mod stored;
mod tiff;
mod webp;
mod words;

pub use depth::{read_depth, write_depth};
pub use filter::{Filter, Taps};
pub use header::PictureHeader;
pub use kind::{ENDINGS, PictureKind};
pub use levels::{LevelRange, SharedLevels};
pub(super) use limits::{MAX_ALLOCATION, MAX_SIDE, allocation};
pub(super) use orientation::{turn, turned_size};
pub(super) use resize::smaller_scales;
pub use resize::{pyramid, resize};

use super::{DataError, atomic_file::write_bytes};
use crate::config::ImageSize;
use file::{bytes_of, unreadable};
use image::{ImageFormat, RgbImage};
use std::{io::Cursor, path::Path};
use stored::decode_stored;

/// Reads a picture as 8-bit RGB, turned as its orientation says. Levels of 16 bits are stretched over the picture's own
/// range of levels.
///
/// # Errors
/// The file does not exist, is truncated, is not an image, or is too large.
pub fn read(path: &Path) -> Result<RgbImage, DataError> {
    decode(&bytes_of(path)?).map_err(|reason| unreadable(path, reason))
}

/// Reads a picture as [`read`] does, with the range of levels of the drive that it belongs to.
///
/// # Errors
/// As [`read`].
pub fn read_of_drive(path: &Path, levels: &SharedLevels) -> Result<RgbImage, DataError> {
    decode_with(&bytes_of(path)?, levels).map_err(|reason| unreadable(path, reason))
}

/// Reads a picture as a preview: the largest image of its aspect ratio that fits into `within`. Faster than
/// [`read_of_drive`] and [`shrink`], with nearly the same pixels.
///
/// # Errors
/// As [`read`].
pub fn read_small(path: &Path, within: ImageSize, levels: &SharedLevels) -> Result<RgbImage, DataError> {
    let bytes = bytes_of(path)?;
    let decode = || {
        let header = PictureHeader::of(Cursor::new(&bytes), bytes.len() as u64)?;
        if header.kind != PictureKind::Jpeg {
            return decode_with(&bytes, levels);
        }
        // The orientation may swap width and height: the decoder is asked for the size before turning.
        let small = turned_size(header.size.shrunk_into(within), header.orientation);
        jpeg::decode_reduced(&bytes, |_| small).map(|image| turn(image, header.orientation))
    };
    decode().map(|image| shrink(&image, within)).map_err(|reason| unreadable(path, reason))
}

/// Resizes an image to fit into `within`, keeping its aspect ratio; it is not enlarged.
pub fn shrink(image: &RgbImage, within: ImageSize) -> RgbImage {
    resize(image, size_of(image).shrunk_into(within))
}

/// Size of an image in memory.
pub fn size_of(image: &RgbImage) -> ImageSize {
    ImageSize { height: image.height() as usize, width: image.width() as usize }
}

/// Size of the picture in a file as it is shown, from its header.
///
/// # Errors
/// The file does not exist or its header is not that of an image.
pub fn size(path: &Path) -> Result<ImageSize, DataError> {
    PictureHeader::read(path).map(|header| header.size)
}

/// Decodes the bytes of a picture's file to 8-bit RGB, as [`read`] does.
///
/// # Errors
/// The bytes are not an image, are damaged, or are an image that is too large.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    decode_with(bytes, &SharedLevels::default())
}

fn decode_with(bytes: &[u8], levels: &SharedLevels) -> Result<RgbImage, String> {
    let header = PictureHeader::of(Cursor::new(bytes), bytes.len() as u64)?;
    let image = if header.kind == PictureKind::Jpeg {
        jpeg::decode(bytes)?
    } else {
        let image = decode_stored(bytes)?;
        let range = if header.has_16_bits() { levels.range() } else { None };
        levels::to_rgb(image, range)
    };
    Ok(turn(image, header.orientation))
}

/// Writes an image in the format of the file's ending: `.jpg` and `.jpeg` with the settings of the published
/// recipe, anything else as PNG.
///
/// # Errors
/// The folder does not exist or cannot be written to, or the image is too large for JPEG.
pub fn write(path: &Path, image: &RgbImage) -> Result<(), DataError> {
    let is_jpeg = path.extension().is_some_and(|ending| ending == "jpg" || ending == "jpeg");
    let encoded = if is_jpeg {
        jpeg::encode(image)
    } else {
        let mut bytes = Cursor::new(Vec::new());
        let encoded = image.write_to(&mut bytes, ImageFormat::Png).map_err(|error| error.to_string());
        encoded.map(|()| bytes.into_inner())
    };
    let written = encoded.and_then(|bytes| write_bytes(path, &bytes).map_err(|error| error.to_string()));
    written.map_err(|reason| DataError::unwritable("picture", path, reason))
}
