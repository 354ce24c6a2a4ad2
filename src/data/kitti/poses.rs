//! The poses of an odometry sequence: 12 numbers a line (ALGORITHM 1.10).

use crate::data::DataError;
use glam::{DAffine3, DMat3, DVec3};
use std::{fs, path::Path};

/// Reads a file of poses, world from camera, metres.
///
/// # Errors
/// The file cannot be read, or a line is not a pose.
pub fn read(path: &Path) -> Result<Vec<DAffine3>, DataError> {
    let unreadable = |reason: String| DataError::Unreadable {
        what: "poses file".to_owned(),
        path: path.to_owned(),
        reason,
    };
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&String::from_utf8_lossy(&bytes)).map_err(unreadable)
}

/// Reads poses: a line each with the upper three rows of the matrix, row by row. Empty lines are passed
/// over.
///
/// # Errors
/// The first line that is not 12 finite numbers.
pub fn parse(text: &str) -> Result<Vec<DAffine3>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| pose(line).map_err(|reason| format!("line {}: {reason}", index + 1))).collect()
}

fn pose(line: &str) -> Result<DAffine3, String> {
    let number = |word: &str| word.parse::<f64>().ok().filter(|number| number.is_finite());
    let numbers: Vec<f64> = line
        .split_whitespace()
        .map(|word| number(word).ok_or_else(|| format!("'{word}' is not a finite number")))
        .collect::<Result<_, _>>()?;
    let [a, b, c, x, d, e, f, y, g, h, i, z] = numbers[..] else {
        return Err(format!("it has {} numbers instead of 12", numbers.len()));
    };
    let rotation = DMat3::from_cols(DVec3::new(a, d, g), DVec3::new(b, e, h), DVec3::new(c, f, i));
    Ok(DAffine3::from_mat3_translation(rotation, DVec3::new(x, y, z)))
}
