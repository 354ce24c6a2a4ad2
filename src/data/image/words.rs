//! Errors of the image library in words of ours, which say what to do.

use super::kind::PictureKind;
use crate::data::unreadable::io_reason;
use image::{ColorType, ImageError};
use std::io::ErrorKind;

const DAMAGED: &str = "its data is damaged: copy it again";

/// Reason why the library cannot read a picture of this format.
pub(super) fn in_words(error: &ImageError, kind: PictureKind) -> String {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "it is cut short: copy it again".to_owned()
        }
        // Decoders report damage as invalid data or input too.
        ImageError::IoError(error) if error.raw_os_error().is_some() => io_reason(error),
        ImageError::Limits(_) => "it needs more memory than a picture of its size may".to_owned(),
        ImageError::Unsupported(_) => unsupported(kind),
        _ => DAMAGED.to_owned(),
    }
}

/// Reason why the JPEG library cannot read a picture.
pub(super) fn jpeg_in_words(error: &turbojpeg::Error) -> String {
    match error {
        turbojpeg::Error::TurboJpegError(reason) if !reason.contains("nsupported") => DAMAGED.to_owned(),
        turbojpeg::Error::TurboJpegError(_)
        | turbojpeg::Error::BadSubsamp(_)
        | turbojpeg::Error::BadColorspace(_) => unsupported(PictureKind::Jpeg),
        _ => DAMAGED.to_owned(),
    }
}

/// Checks that the levels are those of light: floating-point numbers, of depth or of heat, have no range of their own.
///
/// # Errors
/// They are floating-point numbers.
pub(super) fn check_levels(colours: ColorType, kind: PictureKind) -> Result<(), String> {
    match colours {
        ColorType::Rgb32F | ColorType::Rgba32F => Err(unsupported(kind)),
        _ => Ok(()),
    }
}

fn unsupported(kind: PictureKind) -> String {
    if kind == PictureKind::Tiff {
        return "its levels are floating-point numbers or another kind of TIFF that cannot be read: convert it to 8 or \
                16 bits, for example as PNG"
            .to_owned();
    }
    format!("it is a kind of {kind:?} that cannot be read: make PNG of it")
}
