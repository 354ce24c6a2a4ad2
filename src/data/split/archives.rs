//! Addresses of the official archives that hold a split's drives.

use super::{DEFINITIONS, Definition, Subset, read_folder};
use crate::data::DataError;
use std::{collections::BTreeSet, path::Path};

const ARCHIVES: &str = "https://s3.eu-central-1.amazonaws.com/avg-kitti";
/// Archives of the odometry sequences.
const ODOMETRY: [&str; 3] = ["data_odometry_calib", "data_odometry_color", "data_odometry_poses"];

/// Addresses of the archives with the frames of a split and their calibration, each once.
///
/// # Errors
/// The split does not exist, is malformed, or has drives that are not KITTI's.
pub fn archives(choice: &str) -> Result<Vec<String>, DataError> {
    let folder = Path::new(choice);
    let (split, others) = match Definition::named(choice) {
        Some(definition) => {
            let definition = definition.map_err(DataError::Unusable)?;
            (definition.expand().map_err(DataError::Unusable)?, definition.archives)
        }
        None if folder.is_dir() => {
            (read_folder(folder, &[], &[Subset::Training, Subset::Validation, Subset::Test])?, Vec::new())
        }
        None => {
            let names = DEFINITIONS.map(|(name, _)| name).join(", ");
            return Err(DataError::Unusable(format!(
                "split '{choice}' is neither a folder nor one of KITTI's splits known here ({names})"
            )));
        }
    };
    let mut names: BTreeSet<String> = others.into_iter().collect();
    let keys = [split.training, split.validation, split.test].concat();
    let folders: BTreeSet<&str> = keys.iter().map(|key| key.folder.as_str()).collect();
    for folder in folders {
        if folder.parse::<u32>().is_ok() {
            names.extend(ODOMETRY.map(str::to_owned));
        } else if let Some((day, recording)) = recording(folder) {
            names.insert(format!("raw_data/{day}_calib"));
            names.insert(format!("raw_data/{recording}/{recording}_sync"));
        } else if folder != "image" {
            return Err(DataError::Unusable(format!(
                "drive '{folder}' of split '{choice}' is not one of KITTI's, so no archive is known"
            )));
        }
    }
    Ok(names.into_iter().map(|name| format!("{ARCHIVES}/{name}.zip")).collect())
}

/// Day and recording of a raw drive's folder, `DAY/DAY_drive_NNNN_sync`.
fn recording(folder: &str) -> Option<(&str, &str)> {
    let (day, drive) = folder.split_once('/')?;
    let recording = drive.strip_suffix("_sync")?;
    let number = recording.strip_prefix(day)?.strip_prefix("_drive_")?;
    let is_number = number.len() == 4 && number.chars().all(|digit| digit.is_ascii_digit());
    (is_number && day.len() == 10).then_some((day, recording))
}
