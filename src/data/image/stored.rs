//! Decoding of pictures to the levels that are stored, by the image library.

use super::{
    header::PictureHeader,
    kind::{PictureKind, decoder},
    words::in_words,
};
use crate::panics::guard;
use image::DynamicImage;
use std::io::Cursor;

/// Decodes another picture than a JPEG to its own levels, as they are stored.
pub(super) fn decode_stored(bytes: &[u8]) -> Result<DynamicImage, String> {
    let kind = PictureHeader::of(Cursor::new(bytes), bytes.len() as u64)?.kind;
    if kind == PictureKind::Jpeg {
        return Err("it has no levels of 16 bits".to_owned());
    }
    let decode = || {
        let decoder = decoder(Cursor::new(bytes), kind, bytes.len() as u64)?;
        DynamicImage::from_decoder(decoder)
    };
    guard(decode)?.map_err(|error| in_words(&error, kind))
}
