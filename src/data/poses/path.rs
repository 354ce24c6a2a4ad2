//! Poses of one file.

use super::columns::Columns;
use crate::data::Remarks;
use glam::DAffine3;
use std::{collections::BTreeSet, fmt};

/// Format of a pose file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoseForm {
    /// Upper three rows of the matrix, row by row; line i is frame i.
    Kitti,
    /// Time in seconds, position, unit quaternion with the real part last; `#` begins a comment.
    Tum,
}

impl fmt::Display for PoseForm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Kitti => "KITTI form",
            Self::Tum => "TUM form",
        })
    }
}

/// Poses of a file, in the order of their times, of their frame numbers, or else of the lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Poses {
    /// Poses `world_from_camera`, metres.
    pub poses: Vec<DAffine3>,
    /// Number of each pose's row in the file, from 0.
    pub rows: Vec<u32>,
    /// Frame number of each pose where the file states it, else the number of its row.
    pub frames: Vec<u32>,
    /// Time of each pose, seconds; `None` where the file has none.
    pub times: Option<Vec<f64>>,
    /// Line of each pose, from 1.
    pub lines: Vec<u32>,
    /// Number of rows in the file, with those left out.
    pub row_count: usize,
    /// Meaning of the numbers in a row.
    pub columns: Columns,
    /// Decisions about the rows.
    pub remarks: Remarks,
}

impl Poses {
    /// Format of a file that stores what these poses have.
    pub fn form(&self) -> PoseForm {
        if self.times.is_some() { PoseForm::Tum } else { PoseForm::Kitti }
    }

    /// Keeps the poses at these indices, in this order. The others were rows too many: those after them count as if they
    /// had not been there.
    pub(super) fn select(&mut self, indices: &[usize]) {
        fn of<T: Copy>(values: &[T], indices: &[usize]) -> Vec<T> {
            indices.iter().map(|index| values[*index]).collect()
        }
        let kept: BTreeSet<u32> = of(&self.rows, indices).into_iter().collect();
        let surplus: Vec<u32> = self.rows.iter().copied().filter(|row| !kept.contains(row)).collect();
        let before = |row: u32| surplus.partition_point(|other| *other < row) as u32;
        self.row_count -= surplus.len();
        self.poses = of(&self.poses, indices);
        self.rows = of(&self.rows, indices).into_iter().map(|row| row - before(row)).collect();
        self.frames = of(&self.frames, indices);
        self.times = self.times.as_ref().map(|times| of(times, indices));
        self.lines = of(&self.lines, indices);
    }
}
