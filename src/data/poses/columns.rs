//! Meaning of the numbers in a row of a pose file.
//!
//! A new form is recognised in [`Columns::of`] and named in its `Display`; `poses/rows.rs` makes poses of its numbers.

use super::table::Table;
use serde::Serialize;
use std::fmt;

/// Largest frame number; larger numbers are times.
const MAX_FRAME: f64 = 1e7;
/// Smallest time since 1970 in nanoseconds.
const NANOSECONDS: f64 = 1e17;

/// First number of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// None: the row is the frame.
    Row,
    /// Frame number.
    Frame,
    /// Time.
    Time,
}

/// Form of the rotation in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientation {
    /// Matrix of three rows, with the position in the last column, row by row.
    Matrix,
    /// Matrix of four rows, of which the last is 0 0 0 1.
    FourRows,
    /// Quaternion, after the position.
    Quaternion {
        /// True if the real part w comes first.
        is_real_first: bool,
    },
}

/// Meaning of the numbers in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Columns {
    /// First number.
    pub key: Key,
    /// Form of the rotation.
    pub orientation: Orientation,
    /// Columns of the key, of x, y and z, and of the quaternion x, y, z and w. Unused for matrices.
    #[serde(skip)]
    pub(super) indices: [usize; 8],
}

impl fmt::Display for Columns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.key {
            Key::Row => "",
            Key::Frame => "frame number and ",
            Key::Time => "time and ",
        };
        formatter.write_str(match (self.orientation, self.key) {
            (Orientation::Quaternion { is_real_first: false }, _) => {
                "TUM: time, position, quaternion x y z w"
            }
            (Orientation::Quaternion { is_real_first: true }, _) => {
                "EuRoC: time, position, quaternion w x y z"
            }
            (Orientation::Matrix, Key::Row) => "KITTI: 12 numbers of a 3×4 matrix",
            (Orientation::Matrix, _) => return write!(formatter, "13 numbers: {key}3×4 matrix"),
            (Orientation::FourRows, Key::Row) => "16 numbers of a 4×4 matrix",
            (Orientation::FourRows, _) => return write!(formatter, "17 numbers: {key}4×4 matrix"),
        })
    }
}

/// Columns of TUM's form.
const REAL_LAST: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
/// Columns of EuRoC's form.
const REAL_FIRST: [usize; 8] = [0, 1, 2, 3, 5, 6, 7, 4];

impl Columns {
    /// Meaning of a table's columns, by their number, their names and the first rows.
    ///
    /// # Errors
    /// Poses do not have so many numbers; the message says which numbers do.
    pub fn of(table: &Table) -> Result<Self, String> {
        let quaternion = |indices: [usize; 8]| Self {
            key: Key::Time,
            orientation: Orientation::Quaternion { is_real_first: indices[7] < indices[4] },
            indices,
        };
        let matrix = |key, orientation| Self { key, orientation, indices: REAL_LAST };
        let rows = || (0..table.lines.len()).map(|index| table.row(index));
        let key = || {
            let is_frame =
                |row: &[f64]| row[0].is_nan() || (0.0..MAX_FRAME).contains(&row[0]) && row[0].fract() == 0.0;
            if rows().all(is_frame) { Key::Frame } else { Key::Time }
        };
        if let Some(indices) = table.names.as_ref().and_then(|names| named(names)) {
            return Ok(quaternion(indices));
        }
        let is_finite = |row: &&[f64]| row.iter().all(|number| number.is_finite());
        let first = rows().find(is_finite).unwrap_or(table.row(0));
        Ok(match table.width {
            8 => {
                // EuRoC separates by commas and counts nanoseconds; others write TUM's order with commas.
                let is_euroc = table.has_commas && first[0] >= NANOSECONDS && !is_real(first[7], first[4]);
                quaternion(if is_euroc { REAL_FIRST } else { REAL_LAST })
            }
            12 => matrix(Key::Row, Orientation::Matrix),
            13 => matrix(key(), Orientation::Matrix),
            16 => matrix(Key::Row, Orientation::FourRows),
            17 if first[13..] == [0.0, 0.0, 0.0, 1.0] => matrix(key(), Orientation::FourRows),
            // EuRoC's states: velocity and two biases follow.
            17 => quaternion(REAL_FIRST),
            width => return Err(format!("line {}: {}", table.lines[0], other_width(width))),
        })
    }
}

/// True if the first number can be a quaternion's real part of a small rotation, and the other cannot.
fn is_real(number: f64, other: f64) -> bool {
    number.abs() > 0.9 && other.abs() < 0.3
}

/// Columns of time, position and quaternion by their names; `None` if a name is missing.
fn named(names: &[String]) -> Option<[usize; 8]> {
    let rotates = |name: &str| name.contains('q') || name.contains("rot") || name.contains("orient");
    let find = |is_wanted: &dyn Fn(&str) -> bool| names.iter().position(|name| is_wanted(name));
    let part = |letter: char, of_rotation: bool| {
        find(&|name: &str| name.ends_with(letter) && rotates(name) == of_rotation)
    };
    let time = find(&|name: &str| name.contains("time") || name.contains("stamp"))
        .or_else(|| find(&|name: &str| ["t", "sec", "secs", "seconds"].contains(&name)))?;
    let [x, y, z] = ['x', 'y', 'z'].map(|letter| part(letter, false));
    let [qx, qy, qz, qw] = ['x', 'y', 'z', 'w'].map(|letter| part(letter, true));
    Some([time, x?, y?, z?, qx?, qy?, qz?, qw?])
}

fn other_width(width: usize) -> String {
    let forms = "KITTI has 12 (13 with a frame number first, 16 for 4×4), TUM and EuRoC 8";
    match width {
        7 => "it has 7 numbers, like a position and a quaternion without their time, or a time with angles; write the \
              time first and a quaternion (TUM): time x y z qx qy qz qw"
            .to_owned(),
        3 | 4 => format!(
            "it has {width} numbers, like one row of a matrix or a position; write each pose in one line: {forms}"
        ),
        _ => format!("it has {width} numbers instead of those of a pose: {forms}"),
    }
}
