//! JPEG by libjpeg-turbo, the decoder of the published numbers.

use super::{jpeg_header, limits, words::jpeg_in_words};
use crate::config::ImageSize;
use image::RgbImage;
use std::io::Cursor;
use turbojpeg::{Colorspace, Compressor, Decompressor, Image, PixelFormat, ScalingFactor, Subsamp};

/// Quality and chroma subsampling (4:2:0) of the published recipe's images.
const QUALITY: i32 = 92;
const SAMPLING: Subsamp = Subsamp::Sub2x2;
/// Most scans of a progressive image: about ten are usual, and thousands are an attack.
const MAX_PASSES: u32 = 100;

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
    let reason = |error: turbojpeg::Error| jpeg_in_words(&error);
    let mut decompressor = Decompressor::new().map_err(reason)?;
    decompressor.set_scan_limit(MAX_PASSES).map_err(reason)?;
    let header = decompressor.read_header(bytes).map_err(reason)?;
    let size = ImageSize { height: header.height, width: header.width };
    let segments = jpeg_header::read(Cursor::new(bytes))?;
    limits::check(size, segments.bytes_per_pixel(), bytes.len() as u64, true)?;
    let factor = factor(size);
    decompressor.set_scaling_factor(factor).map_err(reason)?;
    let (width, height) = (factor.scale(size.width), factor.scale(size.height));
    let is_cmyk = matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK);
    let (format, channels) = if is_cmyk { (PixelFormat::CMYK, 4) } else { (PixelFormat::RGB, 3) };
    let pitch = channels * width;
    let mut pixels = vec![0; pitch * height];
    decompressor
        .decompress(bytes, Image { pixels: &mut pixels[..], width, pitch, height, format })
        .map_err(reason)?;
    if is_cmyk {
        pixels = rgb_of_cmyk(&pixels, segments.is_of_adobe);
    }
    RgbImage::from_raw(width as u32, height as u32, pixels).ok_or_else(|| "it is too large".to_owned())
}

/// RGB of printing colours, without a colour profile. Adobe's programs store how much light is left instead of how much
/// ink there is.
fn rgb_of_cmyk(pixels: &[u8], is_inverted: bool) -> Vec<u8> {
    let light = |ink: u8| u16::from(if is_inverted { ink } else { u8::MAX - ink });
    let (pixels, _) = pixels.as_chunks::<4>();
    let rgb = |[cyan, magenta, yellow, black]: &[u8; 4]| {
        [cyan, magenta, yellow].map(|ink| ((light(*ink) * light(*black) + 127) / 255) as u8)
    };
    pixels.iter().flat_map(rgb).collect()
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
