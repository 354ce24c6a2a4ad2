//! Writing of files of poses.

use super::path::PoseForm;
use crate::data::{DataError, atomic_file::write_whole};
use glam::{DAffine3, DQuat, DVec3};
use std::{io::Write, path::Path};

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
