//! Check of stereo pairs: two cameras never take the same picture.

use super::{
    RemarkKind, Remarks, Side,
    header_scan::{CameraImages, ListedDrive},
};
use std::{fs, path::Path};

/// Largest pictures that are compared, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Remarks on drives whose left and right pictures are the same files: the first, the middle and the last pair.
pub(super) fn remark_equal_pairs(drives: &[(String, ListedDrive)], remarks: &mut Remarks) {
    for (name, ListedDrive { cameras, .. }) in drives {
        if let (Some(left), Some(right)) = (cameras.get(&Side::Left), cameras.get(&Side::Right))
            && has_equal_pairs(left, right)
        {
            let what = "stereo drives whose left and right pictures are the same: nothing is learned from their pairs";
            remarks.add(RemarkKind::Doubtful, None, what, name);
        }
    }
}

fn has_equal_pairs(left: &CameraImages, right: &CameraImages) -> bool {
    let pairs: Vec<_> = left.iter().filter_map(|(frame, left)| Some((left, right.get(frame)?))).collect();
    let chosen = [pairs.first(), pairs.get(pairs.len() / 2), pairs.last()];
    !pairs.is_empty() && chosen.into_iter().flatten().all(|(left, right)| are_equal(left, right))
}

fn are_equal(left: &Path, right: &Path) -> bool {
    let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|data| data.len());
    let (one, other) = (length(left), length(right));
    // Most pairs differ in length, so that nothing is read.
    one.is_some_and(|length| (1..=MAX_BYTES).contains(&length))
        && one == other
        && fs::read(left).ok().zip(fs::read(right).ok()).is_some_and(|(left, right)| left == right)
}
