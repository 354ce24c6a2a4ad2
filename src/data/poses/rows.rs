//! Poses of the rows of a table.

use super::{
    columns::{Columns, Key, Orientation},
    path::Poses,
    table::Table,
};
use crate::data::RemarkKind;
use glam::{DAffine3, DMat3, DQuat, DVec3};

/// Largest distance of a pose from the origin, metres: once around the Earth, beyond all map projections.
const MAX_DISTANCE_METRES: f64 = 4.1e7;
/// Largest deviation of a rotation's rows from unit length and right angles: files round to few digits.
const ROTATION_TOLERANCE: f64 = 0.01;

/// Poses of a table. Rows that hold no pose are left out, with a remark.
///
/// # Errors
/// A row is not a pose in this form, with its line and the reason; or no row is one.
pub fn poses(columns: Columns, table: &Table) -> Result<Poses, String> {
    let mut read = Poses {
        poses: Vec::new(),
        rows: Vec::new(),
        frames: Vec::new(),
        times: (columns.key == Key::Time).then(Vec::new),
        lines: Vec::new(),
        row_count: table.lines.len(),
        columns,
        remarks: table.remarks.clone(),
    };
    for (index, line) in table.lines.iter().enumerate() {
        let row = table.row(index);
        match pose(columns, row).map_err(|reason| format!("line {line}: {reason}"))? {
            RowContent::Pose(pose) => {
                read.poses.push(pose);
                read.lines.push(*line);
                read.rows.push(index as u32);
                read.frames.push(if columns.key == Key::Frame { row[0] as u32 } else { index as u32 });
                if let Some(times) = &mut read.times {
                    times.push(row[columns.indices[0]]);
                }
            }
            RowContent::Missing(what) => {
                read.remarks.add(RemarkKind::LeftOut, None, what, &format!("line {line}"));
            }
        }
    }
    if read.poses.is_empty() {
        return Err(format!(
            "none of its {} rows holds a pose: all are NaN, infinite or zeros",
            read.row_count
        ));
    }
    Ok(read)
}

fn pose(columns: Columns, row: &[f64]) -> Result<RowContent, String> {
    let start = usize::from(columns.key != Key::Row);
    let is_quaternion = matches!(columns.orientation, Orientation::Quaternion { .. });
    let is_finite = if is_quaternion {
        columns.indices.iter().all(|index| row[*index].is_finite())
    } else {
        row.iter().all(|number| number.is_finite())
    };
    if !is_finite {
        return Ok(RowContent::Missing("rows with NaN or infinity left out"));
    }
    let (rotation, position) = if is_quaternion {
        let [x, y, z, qx, qy, qz, qw] = std::array::from_fn(|index| row[columns.indices[index + 1]]);
        let quaternion = DQuat::from_xyzw(qx, qy, qz, qw);
        let length = quaternion.length();
        if length == 0.0 {
            return Ok(RowContent::Missing("rows with zeros for a rotation left out"));
        }
        if (length - 1.0).abs() > ROTATION_TOLERANCE {
            return Err(format!(
                "its quaternion is not of length 1 but {length:.3}; it was read as {columns}"
            ));
        }
        (DMat3::from_quat(quaternion.normalize()), DVec3::new(x, y, z))
    } else {
        let matrix = |index: usize| row[start + index];
        if columns.orientation == Orientation::FourRows && row[start + 12..] != [0.0, 0.0, 0.0, 1.0] {
            return Err(last_row(&row[start..]));
        }
        let rows = [0, 4, 8].map(|first| DVec3::from_array([0, 1, 2].map(|index| matrix(first + index))));
        if rows == [DVec3::ZERO; 3] {
            return Ok(RowContent::Missing("rows with zeros for a rotation left out"));
        }
        let rotation = DMat3::from_cols(rows[0], rows[1], rows[2]).transpose();
        check_rotation(&rotation).map_err(|reason| format!("{reason}; it was read as {columns}"))?;
        (rotation, DVec3::new(matrix(3), matrix(7), matrix(11)))
    };
    let distance = position.abs().max_element();
    if distance > MAX_DISTANCE_METRES {
        return Err(format!("its position is {distance:.3e} m away, farther than once around the Earth"));
    }
    Ok(RowContent::Pose(DAffine3::from_mat3_translation(rotation, position)))
}

/// Content of a row.
enum RowContent {
    Pose(DAffine3),
    /// No pose: reason as in a remark.
    Missing(&'static str),
}

fn last_row(matrix: &[f64]) -> String {
    let advice = if [3, 7, 11].map(|index| matrix[index]) == [0.0; 3] && matrix[15] == 1.0 {
        "the matrix seems to be written column by column; write it row by row"
    } else {
        "it is not a 4×4 pose"
    };
    format!("the last row of its matrix is {:?} instead of 0 0 0 1: {advice}", &matrix[12..])
}

fn check_rotation(rotation: &DMat3) -> Result<(), String> {
    let square = *rotation * rotation.transpose();
    let determinant = rotation.determinant();
    let deviation =
        (square - DMat3::IDENTITY).to_cols_array().into_iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    if deviation > ROTATION_TOLERANCE {
        let scale = determinant.cbrt();
        if (square - DMat3::IDENTITY * (scale * scale))
            .abs_diff_eq(DMat3::ZERO, ROTATION_TOLERANCE * scale * scale)
        {
            return Err(format!(
                "its matrix is not a rotation but one scaled by {scale:.4}: divide its nine numbers by that"
            ));
        }
        return Err(format!(
            "its matrix is not a rotation: the determinant is {determinant:.3}, and its rows deviate by \
             {deviation:.3} from unit length and right angles"
        ));
    }
    if determinant < 0.0 {
        return Err(format!(
            "its matrix is not a rotation but a mirror image, with the determinant {determinant:.3}: an axis is \
             turned round"
        ));
    }
    Ok(())
}
