//! Files of poses in the forms that trajectory tools read and write: KITTI's matrices, with a frame number or as 4×4
//! too, and lines of time, position and quaternion as TUM (Sturm et al., IROS 2012) and EuRoC have them.

mod columns;
mod order;
mod path;
mod plausible;
mod rows;
mod table;
mod write;

pub use columns::{Columns, Key, Orientation};
pub use path::{PoseForm, Poses};
pub use write::write;

use super::{
    DataError,
    atomic_file::read_within,
    foreign_content::{START, known_content},
    text::decode,
    unreadable::io_reason,
};
use std::path::Path;
use table::Table;

/// Largest file that is read, bytes: the longest recordings of drones take some megabytes.
const MAX_BYTES: u64 = 32 << 20;

/// Names of the columns in COLMAP's `images.txt`, and the bytes within which they stand.
const COLMAP: &[u8] = b"IMAGE_ID, QW, QX, QY, QZ";
const COLMAP_HEAD: usize = 500;

/// Reads a file of poses. The form is recognised by the numbers in a line, and by the names of the columns where the
/// file has them.
///
/// # Errors
/// The file cannot be read, or does not hold poses.
pub fn read(path: &Path) -> Result<Poses, DataError> {
    let unreadable = |reason: String| DataError::unreadable("poses file", path, reason);
    if path.is_dir() {
        return Err(unreadable("it is a folder; give the file of one path".to_owned()));
    }
    let bytes = read_within(path, MAX_BYTES).map_err(|error| unreadable(io_reason(&error)))?;
    parse_bytes(&bytes).map_err(unreadable)
}

/// Parses the bytes of a file of poses, in UTF-8 or UTF-16, as [`parse`] does.
///
/// # Errors
/// As [`parse`]; other kinds of files are named with what to do.
pub fn parse_bytes(bytes: &[u8]) -> Result<Poses, String> {
    match foreign_reason(bytes) {
        Some(reason) => Err(reason),
        None => parse(&decode(bytes)),
    }
}

/// Parses the text of a file of poses. Empty lines and comments are skipped; lines without a pose (NaN, or zeros for a
/// rotation) are left out, lines in another order than their times are sorted, and both are counted in the remarks.
///
/// # Errors
/// A line is not a pose in the form of the first one; the message names it. Or the file holds no pose, or most poses
/// have no time of their own.
pub fn parse(text: &str) -> Result<Poses, String> {
    let table = Table::parse(text)?;
    let mut poses = rows::poses(Columns::of(&table)?, &table)?;
    order::sort(&mut poses)?;
    plausible::examine(&mut poses);
    Ok(poses)
}

/// Reason why a file that is no text of numbers, but is often taken for poses, cannot be read, by its first bytes.
fn foreign_reason(bytes: &[u8]) -> Option<String> {
    let kinds: [(&[u8], &str); 5] = [
        (b"\x93NUMPY", "it is a NumPy array; write its matrices as text, twelve numbers a line"),
        (b"PK\x03\x04", "it is a zip archive; unpack it"),
        (b"#ROSBAG", "it is a ROS bag; export its path as text in TUM form"),
        (b"{", "it is JSON; write a text file with a pose a line"),
        (b"<", "it is XML; write a text file with a pose a line"),
    ];
    if let Some(known) = known_content(&bytes[..bytes.len().min(START)]) {
        return Some(known.reason());
    }
    let begins = kinds.into_iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, words)| words);
    let colmap = "it is COLMAP's list of images, which are camera from world, two lines each; export the path as \
                  text in TUM form";
    let head = &bytes[..bytes.len().min(COLMAP_HEAD)];
    let is_colmap = head.windows(COLMAP.len()).any(|part| part == COLMAP);
    begins.or(is_colmap.then_some(colmap)).map(str::to_owned)
}
