//! Pose files in the two formats that trajectory tools read: KITTI's, 12 numbers per line, and TUM's,
//! `time tx ty tz qx qy qz qw` (Sturm et al., IROS 2012).

use super::{
    DataError,
    atomic_file::write_whole,
    text::{finite_numbers, read_parsed},
};
use glam::{DAffine3, DMat3, DQuat, DVec3};
use std::{fmt, io::Write, path::Path};

/// Largest distance of a pose from the origin, metres: 25 times around the Earth. Sums of squares stay finite.
const MAX_DISTANCE_METRES: f64 = 1e9;
/// Largest deviation of a rotation's rows from unit length and right angles: files round to few digits.
const ROTATION_TOLERANCE: f64 = 0.01;

/// Format of a pose file.
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

/// Poses of a file, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Poses {
    /// Poses `world_from_camera`, metres.
    pub poses: Vec<DAffine3>,
    /// Time of each pose, seconds; `None` in KITTI's format.
    pub times: Option<Vec<f64>>,
}

impl Poses {
    /// Format that the poses were read from.
    pub fn form(&self) -> PoseForm {
        if self.times.is_some() { PoseForm::Tum } else { PoseForm::Kitti }
    }
}

/// Reads a pose file in either format, recognised by the number of numbers in a line.
///
/// # Errors
/// The file cannot be read, or a line is not a pose.
pub fn read(path: &Path) -> Result<Poses, DataError> {
    read_parsed("poses file", path, parse)
}

/// Parses the text of a pose file. Empty lines and comments are skipped.
///
/// # Errors
/// A line is not 12 or 8 finite numbers like the first one, has no rotation, or goes back in time; the message names it.
pub fn parse(text: &str) -> Result<Poses, String> {
    let mut read = Poses::default();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            read.push(line).map_err(|reason| format!("line {}: {reason}", index + 1))?;
        }
    }
    Ok(read)
}

impl Poses {
    fn push(&mut self, line: &str) -> Result<(), String> {
        let numbers = finite_numbers(line)?;
        let (time, rotation, position) = match numbers[..] {
            [a, b, c, x, d, e, f, y, g, h, i, z] => {
                let rows = [DVec3::new(a, b, c), DVec3::new(d, e, f), DVec3::new(g, h, i)];
                (None, DMat3::from_cols(rows[0], rows[1], rows[2]).transpose(), DVec3::new(x, y, z))
            }
            [time, x, y, z, qx, qy, qz, qw] => {
                let rotation = DQuat::from_xyzw(qx, qy, qz, qw);
                if (rotation.length() - 1.0).abs() > ROTATION_TOLERANCE {
                    return Err("its quaternion is not of length 1".to_owned());
                }
                (Some(time), DMat3::from_quat(rotation.normalize()), DVec3::new(x, y, z))
            }
            _ => return Err(format!("it has {} numbers instead of 12 (KITTI) or 8 (TUM)", numbers.len())),
        };
        let square = rotation * rotation.transpose();
        if !square.abs_diff_eq(DMat3::IDENTITY, ROTATION_TOLERANCE) || rotation.determinant() < 0.0 {
            return Err("its matrix is not a rotation".to_owned());
        }
        if position.abs().max_element() > MAX_DISTANCE_METRES {
            return Err("it is farther away than any drive goes".to_owned());
        }
        self.push_time(time)?;
        self.poses.push(DAffine3::from_mat3_translation(rotation, position));
        Ok(())
    }

    fn push_time(&mut self, time: Option<f64>) -> Result<(), String> {
        match (time, &mut self.times) {
            (Some(time), Some(times)) => {
                if times.last().is_some_and(|last| *last >= time) {
                    return Err(format!("its time {time} is not after the one before"));
                }
                times.push(time);
            }
            (Some(time), None) if self.poses.is_empty() => self.times = Some(vec![time]),
            (None, None) => {}
            _ => return Err("it is in another form than the lines before".to_owned()),
        }
        Ok(())
    }
}

/// Writes poses `world_from_camera` in one of the formats, atomically. `times` are in seconds, one for each
/// pose; KITTI's format does not store them.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, form: PoseForm, poses: &[DAffine3], times: &[f64]) -> Result<(), DataError> {
    let line = |time: &f64, pose: &DAffine3| {
        let (rows, position) = (pose.matrix3.transpose(), pose.translation);
        let row = |row: DVec3, last: f64| vec![row.x, row.y, row.z, last];
        match form {
            PoseForm::Kitti => {
                [row(rows.x_axis, position.x), row(rows.y_axis, position.y), row(rows.z_axis, position.z)]
                    .concat()
            }
            PoseForm::Tum => {
                let rotation = DQuat::from_mat3(&pose.matrix3).normalize();
                vec![
                    *time, position.x, position.y, position.z, rotation.x, rotation.y, rotation.z, rotation.w,
                ]
            }
        }
    };
    write_whole(path, |file| {
        for (time, pose) in times.iter().zip(poses) {
            let words: Vec<String> = line(time, pose).iter().map(|number| format!("{number:e}")).collect();
            writeln!(file, "{}", words.join(" "))?;
        }
        Ok(())
    })
    .map_err(|error| DataError::unwritable("poses file", path, error.to_string()))
}
