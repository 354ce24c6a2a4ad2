//! Drives in a folder of own frames.

use super::{
    depth::is_depth,
    sides::{are_pairs, pairs_of_names, split_by_side},
};
use crate::data::{
    DataError, RemarkKind, Remarks, Side,
    annotation::{self, is_annotation},
    header_scan::{CameraImages, Cameras, ListedDrive},
    listing::{Listing, folders, has_picture},
    numbering::Numbering,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Names of the folders of a stereo rig's cameras, left and right; each may hold its images in a folder `data`.
const RIGS: [[&str; 2]; 6] = [
    ["left", "right"],
    ["image_02", "image_03"],
    ["image_2", "image_3"],
    ["image_00", "image_01"],
    ["image_0", "image_1"],
    // Of a ring of cameras, no two are known to be a stereo pair.
    CAM_PAIR,
];
const CAM_PAIR: [&str; 2] = ["cam0", "cam1"];
const THIRD_CAM: &str = "cam2";
/// Share of the names of one camera's pictures that the other's must have for pairs to be told by name: half.
const SHARED: usize = 2;

/// Drive whose camera is not yet known.
pub(in crate::data) struct FoundDrive {
    /// Name of the drive.
    pub name: String,
    /// Folder that holds its pictures or its cameras.
    pub folder: PathBuf,
    /// Pictures of the drive.
    pub listed: ListedDrive,
    /// Decisions about the numbers of its frames.
    pub remarks: Remarks,
}

/// True if there are pictures where a folder of own frames has them.
pub(super) fn has_drive(root: &Path) -> bool {
    let has_cameras = |folder: &Path| {
        let has_images =
            |camera: &String| places(&folder.join(camera)).iter().any(|images| has_picture(images));
        has_picture(folder)
            || folders(folder).is_ok_and(|names| {
                let rigs = rigs(&names.iter().map(String::as_str).collect());
                rigs.iter().any(|(cameras, _)| cameras.iter().any(has_images))
            })
    };
    has_cameras(root)
        || folders(root).is_ok_and(|names| names.iter().any(|name| has_cameras(&root.join(name))))
}

/// Drives in a folder: the folder itself, and the folders in it.
///
/// # Errors
/// The folder cannot be listed.
pub(super) fn find_drives(root: &Path, remarks: &mut Remarks) -> Result<Vec<FoundDrive>, DataError> {
    let listing = Listing::of(root)?;
    let root_name = root.canonicalize().ok();
    let root_name = root_name.as_deref().and_then(Path::file_name);
    let root_name = root_name.map_or_else(|| "frames".to_owned(), |name| name.to_string_lossy().into_owned());
    let mut drives: Vec<FoundDrive> = Vec::new();
    let mut targets: BTreeSet<PathBuf> = root.canonicalize().into_iter().collect();
    listing.remark(remarks, None, "");
    let rigs = find_rigs(root, &listing, &root_name, remarks);
    let is_camera = |name: &String| rigs.iter().any(|rig| rig.cameras.contains(name));
    let inner = listing.folders.iter().filter(|(name, _)| !is_camera(name));
    let inner: Vec<(String, PathBuf)> = inner.map(|(name, path)| (name.clone(), path.clone())).collect();
    drives.extend(find_drive(root_name, root, listing.pictures, rigs, remarks));
    for (name, folder) in inner {
        if folder.canonicalize().is_ok_and(|target| !targets.insert(target)) {
            remarks.add(
                RemarkKind::LeftOut,
                None,
                "links to a folder that is listed already left out",
                &name,
            );
            continue;
        }
        let listing = match Listing::of(&folder) {
            Ok(listing) => listing,
            Err(error) => {
                // A disk's lost+found, for example.
                remarks.add(RemarkKind::LeftOut, None, "folders left out", &error.to_string());
                continue;
            }
        };
        listing.remark(remarks, Some(&name), "");
        if drives.iter().any(|drive| drive.name == name) {
            remarks.add(RemarkKind::LeftOut, None, "folders with the name of another left out", &name);
        } else {
            let rigs = find_rigs(&folder, &listing, &name, remarks);
            drives.extend(find_drive(name, &folder, listing.pictures, rigs, remarks));
        }
    }
    leave_out_depth(&mut drives, remarks);
    leave_out_annotations(&mut drives, remarks);
    Ok(drives)
}

/// Folders of a stereo rig's cameras.
struct RigFolders {
    /// Names of the folders, left and right; one of two well-known ones may be missing.
    cameras: [String; 2],
    /// True if the names are well known, so that the numbers of their pictures need not agree.
    is_known: bool,
    /// Pictures of the cameras.
    pictures: [BTreeMap<String, PathBuf>; 2],
}

/// Names of the folders of rigs among these folders, and whether they are well known.
fn rigs(folders: &BTreeSet<&str>) -> Vec<([String; 2], bool)> {
    let is_there = |rig: &[&str; 2]| {
        if *rig == CAM_PAIR {
            rig.iter().all(|name| folders.contains(name)) && !folders.contains(THIRD_CAM)
        } else {
            rig.iter().any(|name| folders.contains(name))
        }
    };
    let known = RIGS.into_iter().filter(is_there).map(|names| (names, true));
    let mut other = pairs_of_names(folders.iter().copied());
    other.retain(|names| !RIGS.contains(names) && !names.iter().any(|name| is_annotation(name)));
    // Several may be drives of their own.
    let other = (other.len() == 1).then_some(other).into_iter().flatten().map(|names| (names, false));
    known.chain(other).map(|(names, is_known)| (names.map(str::to_owned), is_known)).collect()
}

/// Rigs whose folders are in a folder, with their pictures.
fn find_rigs(folder: &Path, listing: &Listing, drive: &str, remarks: &mut Remarks) -> Vec<RigFolders> {
    let numbers = |pictures: &BTreeMap<String, PathBuf>| -> BTreeSet<u32> {
        Numbering::of(pictures.keys().map(String::as_str)).frames.into_keys().collect()
    };
    let mut found = Vec::new();
    for (cameras, is_known) in rigs(&listing.folders.keys().map(String::as_str).collect()) {
        let mut of_rig = Remarks::default();
        let pictures = cameras.each_ref().map(|name| pictures_of(&folder.join(name), drive, &mut of_rig));
        if is_known || are_pairs(&numbers(&pictures[0]), &numbers(&pictures[1])) {
            remarks.extend(of_rig);
            found.push(RigFolders { cameras, is_known, pictures });
        }
    }
    found
}

/// Folders that may hold the pictures of a camera.
fn places(camera: &Path) -> [PathBuf; 2] {
    [camera.to_owned(), camera.join("data")]
}

fn find_drive(
    name: String,
    folder: &Path,
    mut pictures: BTreeMap<String, PathBuf>,
    rigs: Vec<RigFolders>,
    remarks: &mut Remarks,
) -> Option<FoundDrive> {
    let mut found: Option<[BTreeMap<String, PathBuf>; 2]> = None;
    for rig in rigs {
        if rig.pictures.iter().all(BTreeMap::is_empty) {
            continue;
        }
        let said = match found {
            Some(_) => Some((RemarkKind::LeftOut, "folders of further cameras left out")),
            None if rig.is_known => None,
            None => Some((RemarkKind::Paired, "folders taken for those of a stereo pair, by their names")),
        };
        if let Some((kind, what)) = said {
            rig.cameras.iter().for_each(|camera| remarks.add(kind, Some(&name), what, camera));
        }
        found.get_or_insert(rig.pictures);
    }
    leave_out_depth_beside(&mut pictures, &name, remarks);
    if found.is_some() {
        let what = "pictures beside the folders of a stereo pair left out";
        pictures.keys().for_each(|stem| remarks.add(RemarkKind::LeftOut, Some(&name), what, stem));
    } else if let Some(sides) = split_by_side(&pictures) {
        let what = "pictures paired as left and right, as their names say";
        pictures.keys().for_each(|stem| remarks.add(RemarkKind::Paired, Some(&name), what, stem));
        found = Some(sides);
    }
    let [left, right] = found.unwrap_or_else(|| [pictures, BTreeMap::new()]);
    let mut remarks = Remarks::default();
    let listed = number(&left, &right, &name, &mut remarks);
    (!listed.cameras.is_empty()).then(|| FoundDrive { name, folder: folder.to_owned(), listed, remarks })
}

/// Pictures of a camera, in its folder or in `data` there.
fn pictures_of(camera: &Path, drive: &str, remarks: &mut Remarks) -> BTreeMap<String, PathBuf> {
    for folder in places(camera) {
        let listing = Listing::of(&folder).unwrap_or_default();
        listing.remark(remarks, Some(drive), "");
        if !listing.pictures.is_empty() {
            return listing.pictures;
        }
    }
    BTreeMap::new()
}

/// Numbers the pictures of a drive's cameras. Pictures of the same name are pairs.
fn number(
    left: &BTreeMap<String, PathBuf>,
    right: &BTreeMap<String, PathBuf>,
    drive: &str,
    remarks: &mut Remarks,
) -> ListedDrive {
    let shared = left.keys().filter(|name| right.contains_key(*name)).count();
    let is_paired = SHARED * shared >= left.len().max(right.len());
    let mut listed = ListedDrive::new(Cameras::new());
    if is_paired || right.is_empty() || left.is_empty() {
        let names: BTreeSet<&str> = left.keys().chain(right.keys()).map(String::as_str).collect();
        let numbering = Numbering::of(names.iter().copied());
        numbering.remark(remarks, drive);
        for (side, pictures) in [(Side::Left, left), (Side::Right, right)] {
            insert(&mut listed, side, images(&numbering, pictures));
        }
        (listed.step, listed.breaks, listed.numbered_by) = (numbering.step, numbering.breaks, numbering.by);
        return listed;
    }
    let [numbered, other] = [left, right].map(|pictures| Numbering::of(pictures.keys().map(String::as_str)));
    numbered.remark(remarks, drive);
    let is_alike = numbered.by == other.by && numbered.step == other.step;
    if !is_alike || numbered.frames.len() != other.frames.len() {
        let what = "pictures of the left camera paired by number with pictures of the right one, in spite of other \
                    names";
        numbered.frames.values().for_each(|name| remarks.add(RemarkKind::Doubtful, Some(drive), what, name));
    }
    insert(&mut listed, Side::Left, images(&numbered, left));
    insert(&mut listed, Side::Right, images(&other, right));
    listed.step = if is_alike { numbered.step } else { 1 };
    listed.numbered_by = numbered.by;
    listed.breaks = numbered.breaks.union(&other.breaks).copied().collect();
    listed
}

fn insert(listed: &mut ListedDrive, side: Side, images: CameraImages) {
    if !images.is_empty() {
        listed.cameras.insert(side, images);
    }
}

fn images(numbering: &Numbering<'_>, pictures: &BTreeMap<String, PathBuf>) -> CameraImages {
    let image = |(number, name): (&u32, &&str)| Some((*number, pictures.get(*name)?.clone()));
    numbering.frames.iter().filter_map(image).collect()
}

/// Leaves out pictures of depth that lie beside colour pictures, as `000001_depth.png`.
fn leave_out_depth_beside(pictures: &mut BTreeMap<String, PathBuf>, drive: &str, remarks: &mut Remarks) {
    let is_named = |name: &String| name.to_lowercase().contains("depth");
    let named: Vec<String> = pictures.keys().filter(|name| is_named(name)).cloned().collect();
    let is_some = !named.is_empty() && named.len() < pictures.len();
    if is_some && pictures.get(&named[0]).is_some_and(|picture| is_depth("depth", picture, true)) {
        for name in named {
            pictures.remove(&name);
            remarks.add(RemarkKind::LeftOut, Some(drive), super::depth::LEFT_OUT, &name);
        }
    }
}

/// Leaves out drives of 16-bit depth.
fn leave_out_depth(drives: &mut Vec<FoundDrive>, remarks: &mut Remarks) {
    let first =
        |drive: &FoundDrive| drive.listed.cameras.values().find_map(|images| images.values().next().cloned());
    let is_one = drives.len() == 1;
    drives.retain(|drive| {
        let is_depth = first(drive).is_some_and(|picture| is_depth(&drive.name, &picture, !is_one));
        if is_depth {
            let files = drive.listed.cameras.values().flat_map(BTreeMap::values);
            files.for_each(|file| {
                let name = crate::data::listing::name_of(file);
                remarks.add(RemarkKind::LeftOut, Some(&drive.name), super::depth::LEFT_OUT, &name);
            });
        }
        !is_depth
    });
}

/// Leaves out drives whose names say that their pictures describe those of another drive, and that have its numbers.
fn leave_out_annotations(drives: &mut Vec<FoundDrive>, remarks: &mut Remarks) {
    let numbers = |drive: &FoundDrive| -> BTreeSet<u32> {
        drive.listed.cameras.values().flat_map(BTreeMap::keys).copied().collect()
    };
    let (annotations, others): (Vec<&FoundDrive>, Vec<&FoundDrive>) =
        drives.iter().partition(|drive| is_annotation(&drive.name));
    let is_described = |drive: &&FoundDrive| {
        let numbered = numbers(drive);
        // Not every picture need have its annotation.
        others.iter().any(|other| 2 * numbered.intersection(&numbers(other)).count() >= numbered.len())
    };
    let left_out: BTreeSet<String> =
        annotations.into_iter().filter(is_described).map(|drive| drive.name.clone()).collect();
    drives.retain(|drive| {
        let is_left_out = left_out.contains(&drive.name);
        if is_left_out {
            let files = drive.listed.cameras.values().map(BTreeMap::len).sum();
            remarks.add_all(RemarkKind::LeftOut, Some(&drive.name), annotation::LEFT_OUT, files);
        }
        !is_left_out
    });
}
