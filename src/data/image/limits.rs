//! Limits on the size of images, checked by their headers before anything is allocated for pixels.

use crate::{config::ImageSize, data::regular_file::memory_limit};

/// Longest side of an image, pixels: no camera on a car exceeds it, so a file that does is damaged or an attack.
pub(in crate::data) const MAX_SIDE: u32 = 16_384;
/// Largest allocation for decoding an image, bytes.
pub(in crate::data) const MAX_ALLOCATION: u64 = 512 << 20;
/// Largest image file, bytes.
pub(super) const MAX_FILE: u64 = 256 << 20;
/// Pixels for which twelve bytes each, as the work on a picture takes at most, fit into the memory that a small file may
/// take. More of them must be plausible for the length of the file.
const SMALL: u64 = 5_000_000;
/// Pixels that a lossy format may have for a byte of the file: half a bit for a pixel, of which little could be
/// recognised.
const LOSSY_PIXELS_PER_BYTE: u64 = 16;
/// Pixels for a byte of a lossless file from which on it is implausible: rendered frames with large even faces have
/// fewer, only pictures of nearly one colour and masks have more.
const LOSSLESS_PIXELS_PER_BYTE: u64 = 64;

/// Memory that decoding a file of this length may take, bytes; large lossy images may take more, see [`check`]. Lossless
/// formats rarely reach a tenth of the pixels' bytes for what a camera sees.
pub(in crate::data) fn allocation(file_bytes: u64) -> u64 {
    memory_limit(file_bytes).min(MAX_ALLOCATION)
}

/// Checks the size that a header states: a large image must be plausible for the length of its file, so that a few bytes
/// cannot take gigabytes.
///
/// # Errors
/// No camera has so many pixels, or the file is too short for them.
pub(in crate::data) fn check(
    size: ImageSize,
    bytes_per_pixel: u64,
    file_bytes: u64,
    is_lossy: bool,
) -> Result<(), String> {
    let ImageSize { height, width } = size;
    if width == 0 || height == 0 {
        return Err("the picture has no pixels".to_owned());
    }
    let pixels = (width as u64).saturating_mul(height as u64);
    let bytes = pixels.saturating_mul(bytes_per_pixel);
    if width.max(height) > MAX_SIDE as usize || bytes > MAX_ALLOCATION {
        return Err(format!("its {width}×{height} pixels are more than any camera's"));
    }
    let per_byte = if is_lossy { LOSSY_PIXELS_PER_BYTE } else { LOSSLESS_PIXELS_PER_BYTE };
    let is_plausible = pixels <= file_bytes.saturating_mul(per_byte);
    let fits = bytes <= allocation(file_bytes);
    if !(is_plausible || pixels <= SMALL) || !(fits || is_plausible && is_lossy) {
        return Err(format!(
            "its {width}×{height} pixels are far more than its {file_bytes} bytes can hold of what a camera sees"
        ));
    }
    Ok(())
}
