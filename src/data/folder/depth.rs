//! Recognition of pictures that hold depth, not light.

use crate::data::image::{PictureHeader, read_depth};
use std::path::Path;

/// Phrase of the remark about pictures of depth.
pub(super) const LEFT_OUT: &str = "pictures of 16-bit depth left out";
/// Words in the names of folders of depth.
const DEPTH_WORDS: [&str; 4] = ["depth", "disp", "range", "tof"];
/// Words in the names of folders of heat, which is 16-bit grey as well.
const HEAT_WORDS: [&str; 5] = ["therm", "lwir", "flir", "infra", "heat"];
/// Share of pixels without a value, one in this many, from which 16-bit grey is depth: light is never exactly 0.
const HOLES: usize = 200;

/// True if the pictures of a folder, of which this is one, are 16-bit depth: their name says so, or, beside other
/// drives, they have holes.
pub(super) fn is_depth(folder: &str, picture: &Path, is_beside_others: bool) -> bool {
    let name = folder.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    PictureHeader::read(picture).is_ok_and(|header| header.has_16_bit_greys())
        && !has(&HEAT_WORDS)
        && (has(&DEPTH_WORDS) || is_beside_others && has_holes(picture))
}

fn has_holes(picture: &Path) -> bool {
    read_depth(picture).is_ok_and(|depth| {
        let holes = depth.metres.iter().filter(|metres| **metres == 0.0).count();
        holes * HOLES >= depth.metres.len()
    })
}
