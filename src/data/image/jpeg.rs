//! JPEG by libjpeg-turbo, the decoder that the published numbers were made with.

use super::limits::{LARGEST_ALLOCATION, LARGEST_SIDE};
use crate::config::ImageSize;
use image::RgbImage;
use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, ScalingFactor, Subsamp};

/// Quality and colour sampling of the published recipe's pictures: chroma halved both ways, 4:2:0.
const QUALITY: i32 = 92;
const SAMPLING: Subsamp = Subsamp::Sub2x2;
/// A progressive picture repeats itself in about ten passes; one that does in thousands is hostile.
const MOST_PASSES: u32 = 100;

/// Whether these bytes say that they are a JPEG.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8])
}

/// The picture's size.
///
/// # Errors
/// What is wrong with the header.
pub(super) fn size(bytes: &[u8]) -> Result<ImageSize, String> {
    let header = turbojpeg::read_header(bytes).map_err(|error| error.to_string())?;
    Ok(ImageSize { height: header.height, width: header.width })
}

/// Decodes to RGB.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    decode_scaled(bytes, |_| ScalingFactor::ONE)
}

/// Decodes to RGB at a half, a quarter or an eighth of its size, which costs less than the whole, as long
/// as that is not smaller than what `wanted` makes of the size.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn decode_coarsely(
    bytes: &[u8],
    wanted: impl Fn(ImageSize) -> ImageSize,
) -> Result<RgbImage, String> {
    const FACTORS: [ScalingFactor; 3] =
        [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF];
    decode_scaled(bytes, |size| {
        let wanted = wanted(size);
        let is_enough = |factor: &ScalingFactor| {
            factor.scale(size.width) >= wanted.width && factor.scale(size.height) >= wanted.height
        };
        FACTORS.into_iter().find(is_enough).unwrap_or(ScalingFactor::ONE)
    })
}

fn decode_scaled(bytes: &[u8], factor: impl Fn(ImageSize) -> ScalingFactor) -> Result<RgbImage, String> {
    if is_cut_short(bytes) {
        return Err("the JPEG data is cut short".to_owned());
    }
    let words = |error: turbojpeg::Error| error.to_string();
    let mut decompressor = Decompressor::new().map_err(words)?;
    decompressor.set_scan_limit(MOST_PASSES).map_err(words)?;
    let header = decompressor.read_header(bytes).map_err(words)?;
    let (width, height) = (header.width, header.height);
    if width.max(height) > LARGEST_SIDE as usize || (width * height * 3) as u64 > LARGEST_ALLOCATION {
        return Err(format!("its {width}×{height} pixels are more than any camera's"));
    }
    let factor = factor(ImageSize { height, width });
    decompressor.set_scaling_factor(factor).map_err(words)?;
    let (width, height) = (factor.scale(width), factor.scale(height));
    let mut image = RgbImage::new(width as u32, height as u32);
    let (pixels, pitch) = (&mut *image, 3 * width);
    decompressor
        .decompress(bytes, Image { pixels, width, pitch, height, format: PixelFormat::RGB })
        .map_err(words)?;
    Ok(image)
}

/// Encodes as the published recipe's pictures are.
///
/// # Errors
/// If the picture has no pixels or more than the format can hold.
pub(super) fn encode(image: &RgbImage) -> Result<Vec<u8>, String> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let encode = || {
        let mut compressor = Compressor::new()?;
        compressor.set_quality(QUALITY)?;
        compressor.set_subsamp(SAMPLING)?;
        let (pixels, pitch) = (&**image, 3 * width);
        compressor.compress_to_vec(Image { pixels, width, pitch, height, format: PixelFormat::RGB })
    };
    encode().map_err(|error: turbojpeg::Error| error.to_string())
}

/// Whether the end marker is missing. The decoder itself may fill what is missing with grey.
fn is_cut_short(bytes: &[u8]) -> bool {
    const SCAN: [u8; 2] = [0xFF, 0xDA];
    const END: [u8; 2] = [0xFF, 0xD9];
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    // A thumbnail among the headers has an end marker of its own, so the end must follow a scan.
    last(END).is_none_or(|end| last(SCAN).is_none_or(|scan| end < scan))
}
