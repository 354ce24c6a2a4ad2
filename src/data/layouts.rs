//! Recognition of data folders by their layout.

use super::{
    DataError, FrameSource,
    folder::OwnFolder,
    kitti::{KittiOdometry, KittiRaw},
    listing::is_archive,
    synthetic::BuiltInDrive,
};
use crate::config::{CameraChoice, DataChoice};
use std::{path::Path, sync::Arc, time::Instant};
use tracing::info;

/// Opens the built-in drive with the default seed, or a folder by its layout: KITTI raw, KITTI odometry, or a
/// folder of own frames.
///
/// # Errors
/// The folder does not exist or has none of these layouts, or a camera is unknown.
pub fn open(choice: &DataChoice) -> Result<Arc<dyn FrameSource>, DataError> {
    let started = Instant::now();
    let source: Arc<dyn FrameSource> = match choice {
        DataChoice::Demo => Arc::new(BuiltInDrive::default()),
        DataChoice::Folder(folder) => open_folder(folder, None)?,
        DataChoice::Assuming { folder, camera } => open_folder(folder, Some(*camera))?,
    };
    let drives = source.drives();
    let frames: usize = drives.iter().map(|drive| drive.count() * drive.sides.len()).sum();
    let seconds = started.elapsed().as_secs_f64();
    info!(name = source.name(), drives = drives.len(), frames, seconds, "dataset opened");
    Ok(source)
}

fn open_folder(folder: &Path, given: Option<CameraChoice>) -> Result<Arc<dyn FrameSource>, DataError> {
    if !folder.is_dir() {
        return Err(no_folder(folder));
    }
    Ok(if KittiOdometry::is_layout(folder) {
        Arc::new(KittiOdometry::open_with(folder, given)?)
    } else if KittiRaw::is_layout(folder) {
        Arc::new(KittiRaw::open_with(folder, given)?)
    } else {
        Arc::new(OwnFolder::open(folder, given)?)
    })
}

/// Error that there is no such folder, with what is there instead.
fn no_folder(folder: &Path) -> DataError {
    const LAYOUTS: &str = "give a folder in KITTI raw or odometry layout, a folder of pictures, or demo";
    let path = folder.display();
    if is_archive(folder) && folder.is_file() {
        return DataError::Unusable(format!("{path} is not unpacked; unpack it and give the folder"));
    }
    if folder.exists() {
        return DataError::Unusable(format!("{path} is a file, not a folder of frames; {LAYOUTS}"));
    }
    let nearest = folder.ancestors().skip(1).find(|folder| folder.is_dir());
    let advice = match nearest {
        Some(nearest) => format!(
            "of this path only {} is there: if the data was moved, give its new place; {LAYOUTS}",
            nearest.display()
        ),
        None => LAYOUTS.to_owned(),
    };
    DataError::Missing { what: "data folder".to_owned(), path: folder.to_owned(), advice }
}

/// True if a folder has a layout that [`open()`] knows.
pub fn is_data(folder: &Path) -> bool {
    KittiOdometry::is_layout(folder) || KittiRaw::is_layout(folder) || OwnFolder::is_layout(folder)
}
