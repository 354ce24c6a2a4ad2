//! The camera of a drive: from `camera.toml`, from a calibration file of KITTI, or assumed.

use crate::{
    config::{CameraChoice, ImageSize},
    data::{
        DataError, Side,
        kitti::calibration::{self, CalibrationValue},
    },
    geometry::Intrinsics,
};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

const CAMERA_FILE: &str = "camera.toml";
/// Focal lengths in widths of the picture that a pinhole camera may have: 136° to 11° across.
const FOCAL_LENGTHS: std::ops::RangeInclusive<f64> = 0.2..=5.0;
/// How far the shape of the calibrated picture may be from that of the pictures.
const SHAPE_TOLERANCE: f64 = 0.03;

/// The camera, or the pair of cameras side by side, that took a drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rig {
    left: Intrinsics,
    right: Intrinsics,
    /// Distance of the two cameras, metres, if it is known.
    pub baseline_metres: Option<f32>,
}

/// What `camera.toml` may say. Lengths are in pixels of a picture of `width` × `height`; without these in
/// pixels of the drive's pictures, or in parts of their width and height if the centre is below 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CameraFile {
    width: Option<f64>,
    height: Option<f64>,
    focal_x: Option<f64>,
    focal_y: Option<f64>,
    centre_x: Option<f64>,
    centre_y: Option<f64>,
    /// Degrees across, instead of the lengths.
    field_of_view: Option<f64>,
    baseline_metres: Option<f64>,
}

/// A way to read a camera from a file's text, for pictures of this size.
type Reader = fn(&str, ImageSize) -> Result<Rig, String>;
/// Files that tell a camera, the one that counts first.
const FILES: [(&str, Reader); 3] = [
    (CAMERA_FILE, parse_camera),
    ("calib_cam_to_cam.txt", parse_kitti_calibration),
    ("calib.txt", parse_kitti_calibration),
];

impl Rig {
    /// The camera of the pictures of this size in a folder: as a file tells it, there or in the folder above,
    /// else as assumed. Also whether it is assumed.
    ///
    /// # Errors
    /// It is not known, malformed or implausible.
    pub fn of(
        folder: &Path,
        picture: ImageSize,
        assumed: Option<CameraChoice>,
    ) -> Result<(Self, bool), DataError> {
        match (Self::find(folder, picture)?, assumed) {
            (Some(rig), _) => Ok((rig, false)),
            (None, Some(assumed)) => {
                Ok((Self::assumed(assumed, picture).map_err(DataError::Unusable)?, true))
            }
            (None, None) => Err(unknown(folder)),
        }
    }

    /// Looks for a file that tells the camera, in the drive's folder and the one above it.
    ///
    /// # Errors
    /// There is one that cannot be read or is implausible.
    fn find(folder: &Path, picture: ImageSize) -> Result<Option<Self>, DataError> {
        let above = folder.canonicalize().ok().and_then(|folder| Some(folder.parent()?.to_owned()));
        for place in std::iter::once(folder).chain(above.as_deref()) {
            for (name, parse) in FILES {
                let path = place.join(name);
                if path.is_file() {
                    let rig = fs::read(&path)
                        .map_err(|error| error.to_string())
                        .and_then(|bytes| parse(&String::from_utf8_lossy(&bytes), picture));
                    return rig.map(Some).map_err(|reason| DataError::Unreadable {
                        what: "camera".to_owned(),
                        path,
                        reason,
                    });
                }
            }
        }
        Ok(None)
    }

    /// The camera that a person gave for pictures of this size.
    fn assumed(choice: CameraChoice, picture: ImageSize) -> Result<Self, String> {
        let camera = match choice {
            CameraChoice::FieldOfView(degrees) => across(f64::from(degrees), picture),
            CameraChoice::Intrinsics(lengths) => normalised(lengths.map(f64::from), None, picture),
        };
        camera.and_then(|camera| Self::one(camera, None))
    }

    fn one(camera: Intrinsics, baseline_metres: Option<f64>) -> Result<Self, String> {
        if let Some(metres) = baseline_metres
            && !(metres > 0.0 && metres.is_finite())
        {
            return Err(format!("baseline_metres {metres} is no distance: give metres above 0"));
        }
        let baseline_metres = baseline_metres.map(|metres| metres as f32);
        Ok(Self { left: camera, right: camera, baseline_metres })
    }

    /// One of the cameras; both are the same where there is but one.
    pub fn camera(&self, side: Side) -> Intrinsics {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

/// That no camera is known for a drive, and what to write.
fn unknown(folder: &Path) -> DataError {
    DataError::Missing {
        what: "camera of the frames".to_owned(),
        path: folder.join(CAMERA_FILE),
        advice:
            "write it, there or in the folder above, with the line 'field_of_view = 90' (degrees across) or \
                 with focal_x, focal_y, centre_x, centre_y, width and height in pixels; or give \
                 --field-of-view or --intrinsics"
                .to_owned(),
    }
}

/// Reads `camera.toml` for pictures of this size.
///
/// # Errors
/// What is missing, contradictory or implausible.
pub fn parse_camera(text: &str, picture: ImageSize) -> Result<Rig, String> {
    let file: CameraFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let calibrated = match (file.width, file.height) {
        (Some(width), Some(height)) => Some([width, height]),
        (None, None) => None,
        _ => return Err("it has one of width and height: give both".to_owned()),
    };
    let lengths = [file.focal_x, file.focal_y, file.centre_x, file.centre_y];
    let camera = match (lengths, file.field_of_view) {
        ([None, None, None, None], Some(degrees)) => across(degrees, picture)?,
        ([Some(focal_x), Some(focal_y), Some(centre_x), Some(centre_y)], None) => {
            normalised([focal_x, focal_y, centre_x, centre_y], calibrated, picture)?
        }
        (_, Some(_)) => return Err("it has a field_of_view besides lengths: give one of them".to_owned()),
        _ => {
            return Err("it lacks one of focal_x, focal_y, centre_x and centre_y: give all four, \
                        or only the field_of_view"
                .to_owned());
        }
    };
    Rig::one(camera, file.baseline_metres)
}

/// Reads the projections of the colour cameras from `calib_cam_to_cam.txt` or `calib.txt` of KITTI.
///
/// # Errors
/// What is missing or implausible.
pub fn parse_kitti_calibration(text: &str, picture: ImageSize) -> Result<Rig, String> {
    let values = calibration::parse(text);
    let left = projection(&values, ["P_rect_02", "P2"])?.ok_or("it has neither P_rect_02 nor P2")?;
    let right = projection(&values, ["P_rect_03", "P3"])?.unwrap_or(left);
    let calibrated = match values.get("S_rect_02") {
        Some(CalibrationValue::Numbers(size)) => {
            Some(<[f64; 2]>::try_from(size.as_slice()).map_err(|_| "S_rect_02 is not a width and a height")?)
        }
        _ => None,
    };
    let camera = |p: [f64; 12]| normalised([p[0], p[5], p[2], p[6]], calibrated, picture);
    // The fourth column is the camera's shift times the focal length.
    let metres = (left[3] - right[3]) / left[0];
    let rig = Rig::one(camera(left)?, (metres > 0.0).then_some(metres))?;
    Ok(Rig { right: camera(right)?, ..rig })
}

fn projection(
    values: &BTreeMap<String, CalibrationValue>,
    names: [&str; 2],
) -> Result<Option<[f64; 12]>, String> {
    let Some((name, value)) = names.iter().find_map(|name| Some((name, values.get(*name)?))) else {
        return Ok(None);
    };
    match value {
        CalibrationValue::Numbers(numbers) => <[f64; 12]>::try_from(numbers.as_slice())
            .map(Some)
            .map_err(|_| format!("{name} has {} numbers instead of 12", numbers.len())),
        CalibrationValue::Text(_) => Err(format!("{name} is not numbers")),
    }
}

/// The camera that sees so many degrees across, with square pixels and a centred principal point.
fn across(degrees: f64, picture: ImageSize) -> Result<Intrinsics, String> {
    if !(degrees > 0.0 && degrees < 180.0) {
        return Err(format!("a field of view of {degrees}° is impossible: give degrees between 11 and 136"));
    }
    let focal = 0.5 / (0.5 * degrees.to_radians()).tan();
    let shape = picture.width as f64 / picture.height as f64;
    plausible([focal, focal * shape, 0.5, 0.5], picture)
}

/// The camera with these focal lengths and principal point, in pixels of the calibrated picture.
fn normalised(
    [focal_x, focal_y, centre_x, centre_y]: [f64; 4],
    calibrated: Option<[f64; 2]>,
    picture: ImageSize,
) -> Result<Intrinsics, String> {
    let [width, height] = match calibrated {
        Some(size) => size,
        None if centre_x <= 1.0 && centre_y <= 1.0 => [1.0, 1.0],
        None => [picture.width as f64, picture.height as f64],
    };
    let distortion = width / height * picture.height as f64 / picture.width as f64;
    if calibrated.is_some() && !(0.0..=SHAPE_TOLERANCE).contains(&(distortion - 1.0).abs()) {
        return Err(format!(
            "it is for pictures of {width} × {height}, which have another shape than the frames ({picture}): \
             give the camera of the frames as they are"
        ));
    }
    plausible([focal_x / width, focal_y / height, centre_x / width, centre_y / height], picture)
}

/// Refuses numbers that no pinhole camera has.
fn plausible(lengths: [f64; 4], picture: ImageSize) -> Result<Intrinsics, String> {
    let [focal_x, focal_y, centre_x, centre_y] = lengths;
    let in_widths = [focal_x, focal_y * picture.height as f64 / picture.width as f64];
    if let Some(focal) = in_widths.into_iter().find(|focal| !FOCAL_LENGTHS.contains(focal)) {
        return Err(format!(
            "a focal length of {focal:.3} widths of the picture is implausible, 0.2 to 5 is usual: check that \
             the numbers are in pixels of the picture size that goes with them"
        ));
    }
    if !(0.0..=1.0).contains(&centre_x) || !(0.0..=1.0).contains(&centre_y) {
        return Err(format!(
            "the principal point ({centre_x:.3} widths, {centre_y:.3} heights) lies outside the picture: check \
             that the numbers are in pixels of the picture size that goes with them"
        ));
    }
    let [focal_x, focal_y, centre_x, centre_y] = lengths.map(|length| length as f32);
    Ok(Intrinsics { focal_x, focal_y, centre_x, centre_y })
}
