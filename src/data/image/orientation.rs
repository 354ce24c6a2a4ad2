//! Orientation of pictures: how stored pixels are turned and mirrored to be shown, as cameras write it into EXIF data.

use super::png_chunks::find_chunk;
use crate::config::ImageSize;
use image::{DynamicImage, RgbImage, metadata::Orientation};
use std::io::{BufRead, Seek};

/// Orientation by a block of EXIF data.
pub(super) fn of_exif(exif: &[u8]) -> Option<Orientation> {
    // Some writers keep the prefix that belongs to JPEG.
    Orientation::from_exif_chunk(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
}

/// Orientation of a PNG file by its `eXIf` chunk, which may also stand behind the pixels, where the image library does
/// not see it.
pub(super) fn of_png(reader: &mut (impl BufRead + Seek)) -> Option<Orientation> {
    of_exif(&find_chunk(reader, *b"eXIf", *b"IEND").ok()??)
}

/// True if an orientation makes width of height.
fn swaps_sides(orientation: Orientation) -> bool {
    use Orientation as O;
    matches!(orientation, O::Rotate90 | O::Rotate270 | O::Rotate90FlipH | O::Rotate270FlipH)
}

/// Size of an image that is turned; also the size before by the size after.
pub(in crate::data) fn turned_size(size: ImageSize, orientation: Orientation) -> ImageSize {
    if swaps_sides(orientation) { ImageSize { height: size.width, width: size.height } } else { size }
}

/// Turns and mirrors an image as it is shown.
pub(in crate::data) fn turn(image: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return image;
    }
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    image.into_rgb8()
}
