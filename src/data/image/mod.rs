//! Decoding, and resizing exactly as Pillow does.

mod depth;
mod filter;
mod jpeg;
mod limits;
mod resize;

pub use depth::{read_depth, write_depth};
pub use filter::{Filter, Taps};
pub(super) use limits::{LARGEST_ALLOCATION, LARGEST_SIDE};
pub use resize::{pyramid, resize, smaller_scales};

use super::{DataError, atomic_file::write_bytes};
use crate::config::ImageSize;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};
use limits::LARGEST_FILE;
use std::{
    fs,
    io::{Cursor, ErrorKind},
    path::Path,
};

/// Endings of the picture files that are read, the one that counts first of two with one name.
pub const ENDINGS: [&str; 3] = ["jpg", "jpeg", "png"];

/// Reads a JPEG or PNG file as 8-bit RGB.
///
/// # Errors
/// The file is missing, cut short, not a picture, or larger than any camera's.
pub fn read(path: &Path) -> Result<RgbImage, DataError> {
    decode(&bytes_of(path)?).map_err(|reason| unreadable(path, reason))
}

/// Reads a JPEG or PNG file as a small picture to look at: in its own proportions, as large as the box lets
/// it be, and only nearly what [`read`] and [`resize`] make of it, for less time.
///
/// # Errors
/// As [`read`].
pub fn read_small(path: &Path, within: ImageSize) -> Result<RgbImage, DataError> {
    let bytes = bytes_of(path)?;
    let picture = if jpeg::is_jpeg(&bytes) {
        jpeg::decode_coarsely(&bytes, |size| size.shrunk_into(within))
    } else {
        decode(&bytes)
    };
    picture
        .and_then(not_empty)
        .map(|picture| shrink(&picture, within))
        .map_err(|reason| unreadable(path, reason))
}

/// The picture in its own proportions, as large as the box lets it be, and not enlarged.
pub fn shrink(picture: &RgbImage, within: ImageSize) -> RgbImage {
    let size = ImageSize { height: picture.height() as usize, width: picture.width() as usize };
    resize(picture, size.shrunk_into(within))
}

/// The size of a JPEG or PNG file's picture, from its header.
///
/// # Errors
/// The file is missing or its header is not that of a picture.
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
    if length > LARGEST_FILE {
        return Err(unreadable(path, format!("its {length} bytes are more than any camera's picture")));
    }
    fs::read(path).map_err(|error| not_opened(path, &error))
}

fn unreadable(path: &Path, reason: String) -> DataError {
    DataError::Unreadable { what: "picture".to_owned(), path: path.to_owned(), reason }
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
/// What is wrong with the bytes.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    not_empty(if jpeg::is_jpeg(bytes) { jpeg::decode(bytes)? } else { decode_png(bytes)?.into_rgb8() })
}

fn not_empty(image: RgbImage) -> Result<RgbImage, String> {
    if image.is_empty() { Err("the picture has no pixels".to_owned()) } else { Ok(image) }
}

/// Writes a picture in the format that the file's ending names: `.jpg` and `.jpeg` as the published
/// recipe encodes them, anything else as PNG.
///
/// # Errors
/// The folder is missing or cannot be written to, or the picture is no JPEG's size.
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
    written.map_err(|reason| DataError::Unwritable {
        what: "picture".to_owned(),
        path: path.to_owned(),
        reason,
    })
}

fn decode_png(bytes: &[u8]) -> Result<DynamicImage, String> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LARGEST_SIDE);
    limits.max_image_height = Some(LARGEST_SIDE);
    limits.max_alloc = Some(LARGEST_ALLOCATION);
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    if reader.format().is_none() {
        return Err("the content is neither JPEG nor PNG".to_owned());
    }
    reader.limits(limits);
    reader.decode().map_err(|error| error.to_string())
}
