//! Files of poses in the two forms that tools for paths read: KITTI's, 12 numbers a line, and TUM's,
//! `time tx ty tz qx qy qz qw` (Sturm et al., IROS 2012).

use super::{
    DataError,
    atomic_file::{read_text, write_whole},
};
use glam::{DAffine3, DMat3, DQuat, DVec3};
use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

/// No pose is farther from the origin, metres: 25 times around the Earth. Squares of sums stay numbers.
const FARTHEST_METRES: f64 = 1e9;
/// How much the rows of a rotation may differ from unit length and right angles: files round to few digits.
const ROTATION_TOLERANCE: f64 = 0.01;

/// How a file writes its poses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoseForm {
    /// The upper three rows of the matrix, row by row; the line is the frame.
    Kitti,
    /// Time in seconds, position, unit quaternion with the real part last; `#` begins a remark.
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

/// The poses of a file, `world_from_camera`, metres, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Poses {
    /// The poses.
    pub poses: Vec<DAffine3>,
    /// The time of each, seconds, if the file is in TUM form.
    pub times: Option<Vec<f64>>,
}

impl Poses {
    /// The form that the poses were in.
    pub fn form(&self) -> PoseForm {
        if self.times.is_some() { PoseForm::Tum } else { PoseForm::Kitti }
    }
}

/// Reads a file of poses in either form, told by the numbers in a line.
///
/// # Errors
/// The file cannot be read, or a line is not a pose.
pub fn read(path: &Path) -> Result<Poses, DataError> {
    let unreadable = |reason: String| DataError::Unreadable {
        what: "poses file".to_owned(),
        path: path.to_owned(),
        reason,
    };
    parse(&read_text(path).map_err(|error| unreadable(error.to_string()))?).map_err(unreadable)
}

/// Reads the text of a file of poses. Empty lines and remarks are passed over.
///
/// # Errors
/// Which line is not 12 or 8 finite numbers as the first one is, has no rotation, or goes back in time.
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
        let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
        let numbers: Vec<f64> = line
            .split_whitespace()
            .map(|word| number(word).ok_or_else(|| format!("'{word}' is not a finite number")))
            .collect::<Result<_, _>>()?;
        let (time, rotation, position) = match numbers[..] {
            [a, b, c, x, d, e, f, y, g, h, i, z] => {
                let rows = [DVec3::new(a, b, c), DVec3::new(d, e, f), DVec3::new(g, h, i)];
                (None, DMat3::from_cols(rows[0], rows[1], rows[2]).transpose(), DVec3::new(x, y, z))
            }
            [time, x, y, z, qx, qy, qz, qw] => {
                let turn = DQuat::from_xyzw(qx, qy, qz, qw);
                if (turn.length() - 1.0).abs() > ROTATION_TOLERANCE {
                    return Err("its quaternion is not of length 1".to_owned());
                }
                (Some(time), DMat3::from_quat(turn.normalize()), DVec3::new(x, y, z))
            }
            _ => return Err(format!("it has {} numbers instead of 12 (KITTI) or 8 (TUM)", numbers.len())),
        };
        let square = rotation * rotation.transpose();
        if !square.abs_diff_eq(DMat3::IDENTITY, ROTATION_TOLERANCE) || rotation.determinant() < 0.0 {
            return Err("its matrix is not a rotation".to_owned());
        }
        if position.abs().max_element() > FARTHEST_METRES {
            return Err("it is farther away than any drive goes".to_owned());
        }
        self.take_time(time)?;
        self.poses.push(DAffine3::from_mat3_translation(rotation, position));
        Ok(())
    }

    fn take_time(&mut self, time: Option<f64>) -> Result<(), String> {
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

/// Writes poses in one of the forms, whole or not at all. `times` are in seconds, one for each pose; KITTI's
/// form has no place for them.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, form: PoseForm, poses: &[DAffine3], times: &[f64]) -> Result<(), DataError> {
    let line = |time: &f64, pose: &DAffine3| {
        let (rows, place) = (pose.matrix3.transpose(), pose.translation);
        let row = |row: DVec3, last: f64| vec![row.x, row.y, row.z, last];
        match form {
            PoseForm::Kitti => {
                [row(rows.x_axis, place.x), row(rows.y_axis, place.y), row(rows.z_axis, place.z)].concat()
            }
            PoseForm::Tum => {
                let turn = DQuat::from_mat3(&pose.matrix3).normalize();
                vec![*time, place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w]
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
    .map_err(|error: io::Error| DataError::Unwritable {
        what: "poses file".to_owned(),
        path: path.to_owned(),
        reason: error.to_string(),
    })
}
