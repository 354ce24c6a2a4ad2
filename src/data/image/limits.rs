//! How large a picture may be.

/// No camera of a car makes larger pictures; a file that claims more is damaged or hostile.
pub(in crate::data) const LARGEST_SIDE: u32 = 16_384;
/// The most memory that decoding one picture may ask for.
pub(in crate::data) const LARGEST_ALLOCATION: u64 = 512 << 20;
/// The largest file that is read at all.
pub(super) const LARGEST_FILE: u64 = 256 << 20;
