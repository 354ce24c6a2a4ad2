//! JPEG by libjpeg-turbo, the decoder of the published numbers.

use super::limits::{MAX_ALLOCATION, MAX_SIDE};
use crate::config::ImageSize;
use image::RgbImage;
use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, ScalingFactor, Subsamp};

/// Quality and chroma subsampling (4:2:0) of the published recipe's images.
const QUALITY: i32 = 92;
const SAMPLING: Subsamp = Subsamp::Sub2x2;
/// Most scans of a progressive image: about ten are usual, and thousands are an attack.
const MAX_PASSES: u32 = 100;

/// True if the bytes begin as a JPEG.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8])
}

/// Size of the image, from its header.
///
/// # Errors
/// The header is damaged.
pub(super) fn size(bytes: &[u8]) -> Result<ImageSize, String> {
    let header = turbojpeg::read_header(bytes).map_err(|error| error.to_string())?;
    Ok(ImageSize { height: header.height, width: header.width })
}

/// Decodes to RGB.
///
/// # Errors
/// The image is damaged or too large.
pub(super) fn decode(bytes: &[u8]) -> Result<RgbImage, String> {
    decode_scaled(bytes, |_| ScalingFactor::ONE)
}

/// Decodes to RGB at 1/8, 1/4, 1/2 or all of the size: the smallest that is at least `min_size` of the full
/// size. Smaller is faster.
///
/// # Errors
/// The image is damaged or too large.
pub(super) fn decode_reduced(
    bytes: &[u8],
    min_size: impl Fn(ImageSize) -> ImageSize,
) -> Result<RgbImage, String> {
    const FACTORS: [ScalingFactor; 3] =
        [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF];
    decode_scaled(bytes, |size| {
        let min = min_size(size);
        let is_enough = |factor: &ScalingFactor| {
            factor.scale(size.width) >= min.width && factor.scale(size.height) >= min.height
        };
        FACTORS.into_iter().find(is_enough).unwrap_or(ScalingFactor::ONE)
    })
}

fn decode_scaled(bytes: &[u8], factor: impl Fn(ImageSize) -> ScalingFactor) -> Result<RgbImage, String> {
    if is_cut_short(bytes) {
        return Err("the JPEG data is cut short".to_owned());
    }
    let reason = |error: turbojpeg::Error| error.to_string();
    let mut decompressor = Decompressor::new().map_err(reason)?;
    decompressor.set_scan_limit(MAX_PASSES).map_err(reason)?;
    let header = decompressor.read_header(bytes).map_err(reason)?;
    let (width, height) = (header.width, header.height);
    if width.max(height) > MAX_SIDE as usize || (width * height * 3) as u64 > MAX_ALLOCATION {
        return Err(format!("its {width}×{height} pixels are more than any camera's"));
    }
    let factor = factor(ImageSize { height, width });
    decompressor.set_scaling_factor(factor).map_err(reason)?;
    let (width, height) = (factor.scale(width), factor.scale(height));
    let mut image = RgbImage::new(width as u32, height as u32);
    let (pixels, pitch) = (&mut *image, 3 * width);
    decompressor
        .decompress(bytes, Image { pixels, width, pitch, height, format: PixelFormat::RGB })
        .map_err(reason)?;
    Ok(image)
}

/// Encodes with the settings of the published recipe.
///
/// # Errors
/// The image has no pixels, or more than the format allows.
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

/// True if the end marker is missing. The decoder itself may fill missing data with grey.
fn is_cut_short(bytes: &[u8]) -> bool {
    const SCAN: [u8; 2] = [0xFF, 0xDA];
    const END: [u8; 2] = [0xFF, 0xD9];
    let last = |marker: [u8; 2]| bytes.windows(2).rposition(|pair| pair == marker);
    // A thumbnail in the headers has its own end marker, so the end must follow a scan.
    last(END).is_none_or(|end| last(SCAN).is_none_or(|scan| end < scan))
}
