//! Formats of pictures, recognised by content: the ending of a file may lie.
//!
//! A new one is a variant of [`PictureKind`] with its first bytes in [`PictureKind::of`], its endings in [`ENDINGS`], and
//! its decoder, which the compiler asks for; `tests/data/formats.rs` reads a picture in each.

use super::limits::{MAX_SIDE, allocation};
use crate::data::foreign_content::{ForeignContent, known_content};
use image::{
    ImageDecoder, ImageResult, Limits,
    codecs::{bmp::BmpDecoder, png::PngDecoder, pnm::PnmDecoder, tiff::TiffDecoder, webp::WebPDecoder},
};
use std::io::{BufRead, Seek};

/// Endings of image files, by priority among files that differ only in the ending.
pub const ENDINGS: [&str; 11] =
    ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "ppm", "pgm", "pnm", "pbm"];

/// Format of a picture that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// JPEG, also of grey and CMYK colours.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, with or without losses.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// TIFF; the first picture of several.
    Tiff,
    /// PBM, PGM, PPM or PAM.
    Pnm,
}

impl PictureKind {
    /// Format of a file by its first bytes.
    ///
    /// # Errors
    /// The bytes are not those of a format that can be read; the reason says of which they are, if it is known.
    pub(in crate::data) fn of(start: &[u8]) -> Result<Self, String> {
        match start {
            [] => Err("the file is empty".to_owned()),
            [0xFF, 0xD8, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', ..] => Ok(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [b'B', b'M', ..] => Ok(Self::Bmp),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Ok(Self::Tiff),
            [b'P', b'1'..=b'7', separator, ..] if separator.is_ascii_whitespace() => Ok(Self::Pnm),
            _ => Err(format!(
                "{}; JPEG, PNG, WebP, BMP, TIFF and PNM can be read",
                foreign_reason(start).unwrap_or_else(|| "the content is that of no known picture".to_owned())
            )),
        }
    }

    /// True if pixels are approximated, so that a file may be much shorter than them.
    pub(super) fn is_lossy(self) -> bool {
        matches!(self, Self::Jpeg | Self::WebP)
    }
}

/// Reason why a file that is no picture, or one in another format, cannot be read, by its first bytes.
fn foreign_reason(start: &[u8]) -> Option<String> {
    let reason = match start {
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', b'e' | b'i', ..] => {
            "it is a HEIC picture, as phones take them; make JPEG of it"
        }
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', ..] => "it is an AVIF picture; make PNG of it",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "it is a film, not a picture",
        [b'G', b'I', b'F', b'8', ..] => "it is a GIF picture; make PNG of it",
        [0x76, 0x2F, 0x31, 0x01, ..] => "it is an OpenEXR picture; make PNG of it",
        [0, 0, 0, 12, b'j', b'P', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => {
            "it is a JPEG 2000 picture; make PNG of it"
        }
        [0, 5, 22, 7, ..] => "it is a companion file of macOS (AppleDouble), not a picture",
        [0, ..] if start.iter().all(|byte| *byte == 0) => "it begins with zeros, as a lost file does",
        _ => return known_content(start).map(ForeignContent::reason),
    };
    Some(reason.to_owned())
}

/// Opens a decoder of the image library; it reads the header.
///
/// # Errors
/// The header is damaged, or names more than may be decoded of a file of this length.
pub(super) fn decoder<'a>(
    reader: impl BufRead + Seek + 'a,
    kind: PictureKind,
    file_bytes: u64,
) -> ImageResult<Box<dyn ImageDecoder + 'a>> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(allocation(file_bytes));
    let mut decoder: Box<dyn ImageDecoder + 'a> = match kind {
        // It alone reads with limits: a compressed colour profile may be large.
        PictureKind::Png | PictureKind::Jpeg => Box::new(PngDecoder::with_limits(reader, limits.clone())?),
        PictureKind::WebP => Box::new(WebPDecoder::new(reader)?),
        PictureKind::Bmp => Box::new(BmpDecoder::new(reader)?),
        PictureKind::Tiff => Box::new(TiffDecoder::new(reader)?),
        PictureKind::Pnm => Box::new(PnmDecoder::new(reader)?),
    };
    decoder.set_limits(limits)?;
    Ok(decoder)
}
