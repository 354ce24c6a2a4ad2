//! The KITTI raw layout (ALGORITHM 1.1).

pub mod calibration;
pub mod oxts;
pub mod velodyne;

use super::{DataError, DepthMap, Drive, FrameKey, FrameSource, Side, image as picture};
use crate::geometry::Intrinsics;
use calibration::ScannerProjection;
use image::RgbImage;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use velodyne::DepthOf;

/// The folders of the colour cameras in a drive.
const CAMERAS: [(Side, &str); 2] = [(Side::Left, "image_02"), (Side::Right, "image_03")];
/// Extensions of pictures, the one that counts first.
const EXTENSIONS: [&str; 2] = ["jpg", "png"];

/// A folder in KITTI raw layout: `DATE/DRIVE/image_02/data/0000000000.jpg`, `image_03` for the right
/// camera, PNG where there is no JPEG.
pub struct KittiRaw {
    root: PathBuf,
    drives: Vec<Drive>,
    /// Picture files by drive, camera and frame number.
    files: BTreeMap<String, BTreeMap<Side, BTreeMap<u32, PathBuf>>>,
}

impl KittiRaw {
    /// Lists the pictures of all drives in the folder.
    ///
    /// # Errors
    /// The folder is missing, cannot be listed or holds no drive.
    pub fn open(root: &Path) -> Result<Self, DataError> {
        if !root.is_dir() {
            return Err(DataError::Missing {
                what: "data folder".to_owned(),
                path: root.to_owned(),
                advice: "give the folder that holds KITTI's date folders, such as 2011_09_26".to_owned(),
            });
        }
        let mut files = BTreeMap::new();
        for date in folders(root)? {
            // What may not be listed, such as a disk's lost+found, holds no drive for us.
            for drive in folders(&root.join(&date)).unwrap_or_default() {
                let folder = format!("{date}/{drive}");
                let cameras = list_cameras(&root.join(&folder))?;
                if !cameras.is_empty() {
                    files.insert(folder, cameras);
                }
            }
        }
        let drives: Vec<Drive> =
            files.iter().filter_map(|(folder, cameras)| drive(folder, cameras)).collect();
        if drives.is_empty() {
            return Err(DataError::Unusable(format!(
                "no drive found in {}: looked for DATE/DRIVE/image_02/data/*.jpg or *.png, also image_03; \
                 give the folder that holds the date folders",
                root.display()
            )));
        }
        Ok(Self { root: root.to_owned(), drives, files })
    }

    fn file(&self, key: &FrameKey) -> Option<&PathBuf> {
        self.files.get(&key.folder)?.get(&key.side)?.get(&key.frame)
    }
}

/// The names of the folders in a folder, sorted.
fn folders(parent: &Path) -> Result<Vec<String>, DataError> {
    let mut names: Vec<String> = entries(parent)?
        .into_iter()
        .filter(|path| path.is_dir())
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let list = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
    list().map_err(|error| DataError::Unreadable {
        what: "folder".to_owned(),
        path: folder.to_owned(),
        reason: error.to_string(),
    })
}

fn list_cameras(drive: &Path) -> Result<BTreeMap<Side, BTreeMap<u32, PathBuf>>, DataError> {
    let mut cameras = BTreeMap::new();
    for (side, name) in CAMERAS {
        let folder = drive.join(name).join("data");
        if folder.is_dir() {
            let pictures = list_pictures(&folder)?;
            if !pictures.is_empty() {
                cameras.insert(side, pictures);
            }
        }
    }
    Ok(cameras)
}

fn list_pictures(folder: &Path) -> Result<BTreeMap<u32, PathBuf>, DataError> {
    let mut pictures: BTreeMap<u32, PathBuf> = BTreeMap::new();
    let files = entries(folder)?;
    for extension in EXTENSIONS {
        for path in files.iter().filter(|path| path.extension().is_some_and(|found| found == extension)) {
            let frame = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            if let Some(frame) = frame {
                pictures.entry(frame).or_insert_with(|| path.clone());
            }
        }
    }
    Ok(pictures)
}

fn drive(folder: &str, cameras: &BTreeMap<Side, BTreeMap<u32, PathBuf>>) -> Option<Drive> {
    let first = cameras.values().filter_map(|frames| frames.keys().next()).min()?;
    let last = cameras.values().filter_map(|frames| frames.keys().next_back()).max()?;
    Some(Drive {
        folder: folder.to_owned(),
        frames: *first..last.checked_add(1)?,
        sides: cameras.keys().copied().collect(),
    })
}

impl FrameSource for KittiRaw {
    fn name(&self) -> String {
        self.root.display().to_string()
    }

    fn drives(&self) -> &[Drive] {
        &self.drives
    }

    fn contains(&self, key: &FrameKey) -> bool {
        self.file(key).is_some()
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        match self.file(key) {
            Some(path) => picture::read(path),
            None => Err(DataError::Missing {
                what: format!("picture of '{key}'"),
                path: self.root.join(&key.folder),
                advice: "unpack the drive there or take the frame out of the split".to_owned(),
            }),
        }
    }

    /// The one camera that the method assumes for all drives.
    fn intrinsics(&self, _key: &FrameKey) -> Intrinsics {
        Intrinsics::KITTI
    }

    /// The depth along the camera's axis that the frame's laser scan gives; `None` without a scan.
    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        let Some((date, _)) = key.folder.split_once('/') else { return Ok(None) };
        let scan = format!("{}/velodyne_points/data/{:010}.bin", key.folder, key.frame);
        let scan = self.root.join(scan);
        if !self.files.contains_key(&key.folder) || !scan.is_file() {
            return Ok(None);
        }
        let projection = ScannerProjection::read(&self.root.join(date), key.side)?;
        Ok(Some(velodyne::project(&velodyne::read(&scan)?, &projection, DepthOf::Camera)))
    }
}
