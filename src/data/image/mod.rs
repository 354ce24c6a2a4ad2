//! Decoding, and resizing exactly as Pillow does.

mod filter;
mod resize;

pub use filter::{Filter, Taps};
pub use resize::{pyramid, resize};

use super::DataError;
use image::{ImageReader, Limits, RgbImage};
use std::{
    fs,
    io::{Cursor, ErrorKind},
    path::Path,
};

/// No camera of a car makes larger pictures; a file that claims more is damaged or hostile.
const LARGEST_SIDE: u32 = 16_384;
/// The most memory that decoding one picture may ask for.
const LARGEST_ALLOCATION: u64 = 512 << 20;
/// The largest file that is read at all.
const LARGEST_FILE: u64 = 256 << 20;

/// Reads a JPEG or PNG file as 8-bit RGB.
///
/// # Errors
/// The file is missing, cut short, not a picture, or larger than any camera's.
pub fn read(path: &Path) -> Result<RgbImage, DataError> {
    let unreadable =
        |reason: String| DataError::Unreadable { what: "picture".to_owned(), path: path.to_owned(), reason };
    let length = fs::metadata(path).map_err(|error| not_opened(path, &error))?.len();
    if length > LARGEST_FILE {
        return Err(unreadable(format!("its {length} bytes are more than any camera's picture")));
    }
    let bytes = fs::read(path).map_err(|error| not_opened(path, &error))?;
    decode(&bytes).map_err(unreadable)
}

fn not_opened(path: &Path, error: &std::io::Error) -> DataError {
    match error.kind() {
        ErrorKind::NotFound => DataError::Missing {
            what: "picture".to_owned(),
            path: path.to_owned(),
            advice: "check that the drive was unpacked whole".to_owned(),
        },
        _ => DataError::Unreadable {
            what: "picture".to_owned(),
            path: path.to_owned(),
            reason: error.to_string(),
        },
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
    if cut_short(bytes) {
        return Err("the JPEG data is cut short".to_owned());
    }
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
    let image = reader.decode().map_err(|error| error.to_string())?.into_rgb8();
    if image.is_empty() {
        return Err("the picture has no pixels".to_owned());
    }
    Ok(image)
}

/// Whether a JPEG lacks its end marker. The decoder itself fills what is missing with grey.
fn cut_short(bytes: &[u8]) -> bool {
    const START: [u8; 2] = [0xFF, 0xD8];
    const SCAN: [u8; 2] = [0xFF, 0xDA];
    const END: [u8; 2] = [0xFF, 0xD9];
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    // A thumbnail among the headers has an end marker of its own, so the end must follow a scan.
    bytes.starts_with(&START) && last(END).is_none_or(|end| last(SCAN).is_none_or(|scan| end < scan))
}
