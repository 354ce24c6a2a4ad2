//! Help for folders in which no frames are found.

use crate::data::{
    DataError, Remarks,
    listing::{Listing, has_picture, is_archive},
};
use std::path::{Path, PathBuf};

/// Largest number of folders that are searched for pictures.
const MAX_FOLDERS: usize = 2000;
/// Number of remarks that the error quotes.
const QUOTED: usize = 2;

/// Error that a folder has no frames, with what is there instead.
pub(super) fn nothing_found(root: &Path, remarks: &Remarks) -> DataError {
    let mut text = format!("no frames found in {}: ", root.display());
    let archive = archive_in(root);
    if let Some(archive) = archive {
        text += &format!("{} is not unpacked; unpack it there", archive.display());
    } else if let Some(folder) = pictures_below(root) {
        text += &format!("its pictures lie deeper; give the folder above them, such as {}", folder.display());
    } else {
        text += "it is neither KITTI raw (DATE/DRIVE/image_02/data), nor KITTI odometry \
                 (sequences/NN/image_2), nor a folder of pictures (JPEG, PNG, WebP, BMP, TIFF, PNM) or of such folders; \
                 give a folder of one of these layouts";
    }
    for remark in remarks.iter().take(QUOTED) {
        text += &format!("; {remark}");
    }
    DataError::Unusable(text)
}

fn archive_in(root: &Path) -> Option<PathBuf> {
    let mut archives: Vec<PathBuf> = std::fs::read_dir(root)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_archive(path))
        .collect();
    archives.sort();
    archives.into_iter().next()
}

/// Folder above the first folder of pictures deep below a folder.
fn pictures_below(root: &Path) -> Option<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let mut index = 0;
    while index < folders.len().min(MAX_FOLDERS) {
        let inner = Listing::of(&folders[index]).unwrap_or_default().folders.into_values();
        for folder in inner {
            if has_picture(&folder) {
                return folder.parent().map(Path::to_owned);
            }
            folders.push(folder);
        }
        index += 1;
    }
    None
}
