//! Limits on the size of images.

/// Longest side of an image, pixels: no camera on a car exceeds it, so a file that does is damaged or an attack.
pub(in crate::data) const MAX_SIDE: u32 = 16_384;
/// Largest allocation for decoding an image, bytes.
pub(in crate::data) const MAX_ALLOCATION: u64 = 512 << 20;
/// Largest image file, bytes.
pub(super) const MAX_FILE: u64 = 256 << 20;
