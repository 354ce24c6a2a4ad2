//! Reading and writing images, and resizing exactly as Pillow does.

mod depth;
mod filter;
mod jpeg;
mod limits;
mod resize;

pub use depth::{read_depth, write_depth};
pub use filter::{Filter, Taps};
pub(super) use limits::{MAX_ALLOCATION, MAX_SIDE};
pub(super) use resize::smaller_scales;
pub use resize::{pyramid, resize};

use super::{DataError, atomic_file::write_bytes};
use crate::config::ImageSize;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};
use limits::MAX_FILE;
use std::{
    fs,
    io::{Cursor, ErrorKind},
    path::Path,
};

/// Endings of image files, by priority among files that differ only in the ending.
pub const ENDINGS: [&str; 3] = ["jpg", "jpeg", "png"];

/// Reads a JPEG or PNG file as 8-bit RGB.
///
/// # Errors
/// The file does not exist, is truncated, is not an image, or is too large.
pub fn read(path: &Path) -> Result<RgbImage, DataError> {
    decode(&bytes_of(path)?).map_err(|reason| unreadable(path, reason))
}

/// Reads a JPEG or PNG file as a preview: the largest image of its aspect ratio that fits into `within`.
/// Faster than [`read`] and [`shrink`], with nearly the same pixels.
///
/// # Errors
/// The file does not exist, is truncated, is not an image, or is too large.
pub fn read_small(path: &Path, within: ImageSize) -> Result<RgbImage, DataError> {
    let bytes = bytes_of(path)?;
    let image = if jpeg::is_jpeg(&bytes) {
        jpeg::decode_reduced(&bytes, |size| size.shrunk_into(within))
    } else {
        decode(&bytes)
    };
    image.and_then(not_empty).map(|image| shrink(&image, within)).map_err(|reason| unreadable(path, reason))
}

/// Resizes an image to fit into `within`, keeping its aspect ratio; it is not enlarged.
pub fn shrink(image: &RgbImage, within: ImageSize) -> RgbImage {
    resize(image, size_of(image).shrunk_into(within))
}

/// Size of an image in memory.
pub fn size_of(image: &RgbImage) -> ImageSize {
    ImageSize { height: image.height() as usize, width: image.width() as usize }
}

/// Size of the image in a JPEG or PNG file, from its header.
///
/// # Errors
/// The file does not exist or its header is not that of an image.
pub fn size(path: &Path) -> Result<ImageSize, DataError> {
    let bytes = bytes_of(path)?;
    let size = if jpeg::is_jpeg(&bytes) { jpeg::size(&bytes) } else { size_of_png(&bytes) };
    match size.map_err(|reason| unreadable(path, reason))? {
        ImageSize { height: 0, .. } | ImageSize { width: 0, .. } => {
            Err(unreadable(path, "the picture has no pixels".to_owned()))
        }
        size => Ok(size),
    }
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let length = fs::metadata(path).map_err(|error| not_opened(path, &error))?.len();
    if length > MAX_FILE {
        return Err(unreadable(path, format!("its {length} bytes are more than any camera's picture")));
    }
    fs::read(path).map_err(|error| not_opened(path, &error))
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("picture", path, reason)
}

fn size_of_png(bytes: &[u8]) -> Result<ImageSize, String> {
    let reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let (width, height) = reader.into_dimensions().map_err(|error| error.to_string())?;
    Ok(ImageSize { height: height as usize, width: width as usize })
}

fn not_opened(path: &Path, error: &std::io::Error) -> DataError {
    match error.kind() {
        ErrorKind::NotFound => DataError::Missing {
            what: "picture".to_owned(),
            path: path.to_owned(),
            advice: "check that the drive was unpacked whole".to_owned(),
        },
        _ => unreadable(path, error.to_string()),
    }
}

/// Decodes the bytes of a JPEG or PNG file to 8-bit RGB.
///
/// # Errors
/// The bytes are not an image, are damaged, or are an image that is too large.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    not_empty(if jpeg::is_jpeg(bytes) { jpeg::decode(bytes)? } else { decode_png(bytes)?.into_rgb8() })
}

fn not_empty(image: RgbImage) -> Result<RgbImage, String> {
    if image.is_empty() { Err("the picture has no pixels".to_owned()) } else { Ok(image) }
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

fn decode_png(bytes: &[u8]) -> Result<DynamicImage, String> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOCATION);
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if reader.format().is_none() {
        return Err("the content is neither JPEG nor PNG".to_owned());
    }
    reader.limits(limits);
    reader.decode().map_err(|error| error.to_string())
}
