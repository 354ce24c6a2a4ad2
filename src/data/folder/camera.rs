//! Camera of a drive: from `camera.toml`, from a calibration file of KITTI, or given by an option.

use crate::{
    config::{CameraChoice, ImageSize, toml_reason},
    data::{
        DataError, RemarkKind, Remarks,
        kitti::{parse_calibration, parse_calibration_of_kitti},
        rig::{Rig, from_field_of_view, normalised},
        text::read_side_text,
    },
    geometry::Intrinsics,
};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Name of the file that describes the camera of own frames.
pub const CAMERA_FILE: &str = "camera.toml";
const RAW_CALIBRATION: &str = "calib_cam_to_cam.txt";
/// Keys of `camera.toml`. Lengths are in pixels of an image of `width` × `height`; without these in pixels of the
/// drive's images, or in widths and heights of the image if the centre is at most 1. The horizontal field of view in
/// degrees is given instead of the lengths.
const KEYS: [&str; 8] =
    ["field_of_view", "focal_x", "focal_y", "centre_x", "centre_y", "width", "height", "baseline_metres"];

/// Parser of a camera from the text of a file, for images of a size.
type Parser = fn(&str, ImageSize) -> Result<Rig, String>;
/// Files that describe a camera, by priority.
type CameraFiles = [(&'static str, Parser); 3];
const FILES: CameraFiles = [
    (CAMERA_FILE, parse_camera),
    (RAW_CALIBRATION, parse_calibration_of_kitti),
    ("calib.txt", parse_calibration),
];
/// Files of one camera matrix, which count where there is none of the others.
const MATRICES: [(&str, Parser); 3] = [
    ("K.txt", parse_calibration),
    ("intrinsics.txt", parse_calibration),
    ("intrinsic.txt", parse_calibration),
];
/// Words in the names of files that may describe a camera, and endings of such files, in small letters.
const CAMERA_WORDS: [&str; 3] = ["camera", "calib", "intrinsic"];
const CAMERA_ENDINGS: [&str; 11] =
    ["cfg", "csv", "ini", "json", "npy", "npz", "toml", "txt", "xml", "yaml", "yml"];
/// Files that describe a camera in the layouts of KITTI, by priority.
const KITTI_FILES: CameraFiles = [
    (CAMERA_FILE, parse_camera),
    (RAW_CALIBRATION, parse_calibration_of_kitti),
    ("calib.txt", parse_calibration_of_kitti),
];

/// Camera of a drive with its origin.
pub struct FoundRig {
    /// The camera.
    pub rig: Rig,
    /// True if an option gave it.
    pub is_given: bool,
    /// File that describes the camera, whether it counts or not.
    file: Option<PathBuf>,
    /// True if the frames are a drive of KITTI, or if the file is named as KITTI's.
    is_of_kitti: bool,
}

impl FoundRig {
    /// Finds the camera of the images in a folder, such as `image` of this size: the given one, else that of a file in
    /// the folder, the folder of the image, or the parent.
    ///
    /// # Errors
    /// The camera is unknown, malformed or implausible.
    pub fn of(
        folder: &Path,
        image: &Path,
        size: ImageSize,
        given: Option<CameraChoice>,
    ) -> Result<Self, DataError> {
        let mut folders = with_parent(folder);
        folders.splice(1..1, image.parent().map(Path::to_owned));
        let found = Self::find(&folders, image, size, given, &[&FILES, &MATRICES])?;
        found.ok_or_else(|| unknown(folder, image))
    }

    /// Finds the camera of images of KITTI as [`Self::of`] does; `None` if there is no file and no option.
    ///
    /// # Errors
    /// The camera is malformed or implausible.
    pub fn of_kitti(
        folder: &Path,
        image: &Path,
        size: ImageSize,
        given: Option<CameraChoice>,
    ) -> Result<Option<Self>, DataError> {
        let found = Self::find(&with_parent(folder), image, size, given, &[&KITTI_FILES])?;
        Ok(found.map(|found| Self { is_of_kitti: true, ..found }))
    }

    /// Finds the file that describes the camera of KITTI's images in a folder.
    pub fn file_of_kitti(folder: &Path) -> Option<PathBuf> {
        find_file(&with_parent(folder), &[&KITTI_FILES]).map(|(path, _)| path)
    }

    fn find(
        folders: &[PathBuf],
        image: &Path,
        size: ImageSize,
        given: Option<CameraChoice>,
        files: &[&CameraFiles],
    ) -> Result<Option<Self>, DataError> {
        let found = find_file(folders, files);
        let parse = |path: &Path, parse: Parser| read_side_text(path).and_then(|text| parse(&text, size));
        if let Some(given) = given {
            let baseline =
                found.as_ref().and_then(|(path, parser)| parse(path, *parser).ok()?.baseline_metres);
            let rig =
                Rig { baseline_metres: baseline, ..of_choice(given, size).map_err(DataError::Unusable)? };
            return Ok(Some(Self {
                rig,
                is_given: true,
                file: found.map(|(path, _)| path),
                is_of_kitti: false,
            }));
        }
        let Some((path, parser)) = found else { return Ok(None) };
        match parse(&path, parser) {
            Ok(rig) => {
                let is_of_kitti = path.ends_with(RAW_CALIBRATION);
                Ok(Some(Self { rig, is_given: false, file: Some(path), is_of_kitti }))
            }
            Err(reason) => Err(doubtful(&path, reason, image)),
        }
    }

    /// Description of where the camera is from: a file, or the options.
    pub fn origin(&self) -> String {
        match self.file.as_deref().filter(|_| !self.is_given) {
            Some(file) => file.display().to_string(),
            None => "given by an option".to_owned(),
        }
    }

    /// Adds remarks about a drive, whose images have this size: a given camera, and what is unusual about it.
    pub fn remark(&self, drive: &str, size: ImageSize, remarks: &mut Remarks) {
        let file = self.file.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
        match (&file, self.is_given) {
            (Some(file), true) => {
                let what =
                    format!("drives whose {file} does not count, because a camera is given by an option");
                remarks.add(RemarkKind::Assumed, None, &what, drive);
            }
            (None, true) => {
                let what = "drives without a camera file, with the camera that is given by an option";
                remarks.add(RemarkKind::Assumed, None, what, drive);
            }
            (Some(file), false) if self.is_of_kitti && self.rig.left != Intrinsics::KITTI => {
                let what =
                    format!("drives with the camera of {file}, which differs from KITTI's published one");
                remarks.add(RemarkKind::Doubtful, None, &what, drive);
            }
            _ => {}
        }
        let file = file.as_deref().filter(|_| !self.is_given).unwrap_or("the option");
        for doubt in self.rig.doubts(size) {
            let what = format!("drives with a doubtful camera by {file}: {doubt}");
            remarks.add(RemarkKind::Doubtful, None, &what, drive);
        }
    }
}

/// First of the first of these files that describes a camera, in the first of these folders.
fn find_file(folders: &[PathBuf], files: &[&CameraFiles]) -> Option<(PathBuf, Parser)> {
    let mut found = files.iter().flat_map(|files| {
        folders.iter().flat_map(|folder| files.iter().map(|(name, parse)| (folder.join(name), *parse)))
    });
    found.find(|(path, _)| path.is_file())
}

/// A folder, and the one above it.
fn with_parent(folder: &Path) -> Vec<PathBuf> {
    let parent = folder.canonicalize().ok().and_then(|folder| Some(folder.parent()?.to_owned()));
    std::iter::once(folder.to_owned()).chain(parent).collect()
}

/// Camera that the user gave, for images of this size.
fn of_choice(choice: CameraChoice, size: ImageSize) -> Result<Rig, String> {
    let camera = match choice {
        CameraChoice::FieldOfView(degrees) => from_field_of_view(f64::from(degrees), size),
        CameraChoice::Intrinsics(lengths) => normalised(lengths.map(f64::from), None, size),
    };
    camera.and_then(|camera| Rig::with_one_camera(camera, None))
}

/// Error that no camera is known for a drive, with advice.
fn unknown(folder: &Path, image: &Path) -> DataError {
    let usual = "give --field-of-view DEGREES (across: phones 66, dashcams 110) or --intrinsics FX,FY,CX,CY; or write \
                 that file, there or in the folder above, with the line 'field_of_view = 90' or with focal_x, focal_y, \
                 centre_x, centre_y, width and height in pixels";
    let advice = match near_file(folder) {
        Some((path, Some(name))) => format!("rename {} to {name}", path.display()),
        Some((path, None)) => format!("there is {}, whose form is not known; {usual}", path.display()),
        None => usual.to_owned(),
    };
    let path = folder.join(CAMERA_FILE);
    let error = Box::new(DataError::Missing { what: "camera of the frames".to_owned(), path, advice });
    DataError::Camera { error, folder: folder.to_owned(), image: image.to_owned(), has_file: false }
}

/// First file that may be meant as a camera file: in a folder or the one above it one that is named almost like one,
/// with the name that it should have, or else in the folder itself one of another form.
fn near_file(folder: &Path) -> Option<(PathBuf, Option<&'static str>)> {
    let mut found: Vec<(PathBuf, Option<&str>)> = Vec::new();
    for searched in with_parent(folder) {
        for entry in std::fs::read_dir(&searched).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().to_lowercase();
            // Windows' editors add an ending that its folders do not show.
            let is_misnamed = |known: &&str| {
                let known = known.to_lowercase();
                name == known || name == format!("{known}.txt")
            };
            let right = FILES.iter().chain(&MATRICES).map(|(known, _)| *known).find(is_misnamed);
            let (stem, ending) = name.rsplit_once('.').unwrap_or_default();
            let is_like = searched == folder
                && CAMERA_ENDINGS.contains(&ending)
                && (stem == "k" || CAMERA_WORDS.iter().any(|word| stem.contains(word)));
            if (right.is_some() || is_like) && entry.path().is_file() {
                found.push((entry.path(), right));
            }
        }
    }
    found.into_iter().min_by_key(|(path, right)| (right.is_none(), path.clone()))
}

/// Error that the camera of a file cannot be right.
fn doubtful(path: &Path, reason: String, image: &Path) -> DataError {
    let error = Box::new(DataError::unreadable("camera", path, reason));
    let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
    if path.ends_with(CAMERA_FILE) {
        *error
    } else {
        DataError::Camera { error, folder, image: image.to_owned(), has_file: true }
    }
}

/// Parses `camera.toml` for images of this size.
///
/// # Errors
/// A value is missing, contradictory or implausible.
pub fn parse_camera(text: &str, size: ImageSize) -> Result<Rig, String> {
    let table: Table = text.parse().map_err(|error| {
        format!("{}; each line is KEY = NUMBER, such as field_of_view = 70", toml_reason(text, &error))
    })?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let key: String = key.chars().take(40).collect();
        return Err(format!("it has the unknown key {key:?}; the keys are {}", KEYS.join(", ")));
    }
    let number = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::Float(number)) => Ok(Some(*number)),
        Some(Value::Integer(number)) => Ok(Some(*number as f64)),
        Some(_) => Err(format!("{key} is not a number: write it without quotes")),
    };
    let calibrated = match (number("width")?, number("height")?) {
        (Some(width), Some(height)) => Some([width, height]),
        (None, None) => None,
        _ => return Err("it has one of width and height: give both".to_owned()),
    };
    let lengths = [number("focal_x")?, number("focal_y")?, number("centre_x")?, number("centre_y")?];
    let camera = match (lengths, number("field_of_view")?) {
        ([None, None, None, None], Some(degrees)) => from_field_of_view(degrees, size)?,
        ([Some(focal_x), Some(focal_y), Some(centre_x), Some(centre_y)], None) => {
            normalised([focal_x, focal_y, centre_x, centre_y], calibrated, size)?
        }
        (_, Some(_)) => return Err("it has a field_of_view and lengths: give one of them".to_owned()),
        _ => {
            return Err("it lacks one of focal_x, focal_y, centre_x and centre_y: give all four, \
                        or only the field_of_view"
                .to_owned());
        }
    };
    Rig::with_one_camera(camera, number("baseline_metres")?)
}
