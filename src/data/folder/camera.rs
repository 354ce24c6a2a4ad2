//! Camera of a drive: from `camera.toml`, from a calibration file of KITTI, or assumed.

use crate::{
    config::{CameraChoice, ImageSize},
    data::{
        DataError, Side,
        kitti::calibration::{self, CalibrationValue, numbers},
        text::read_parsed,
    },
    geometry::Intrinsics,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

const CAMERA_FILE: &str = "camera.toml";
/// Plausible focal lengths in widths of the image: horizontal fields of view of 136° to 11°.
const FOCAL_LENGTHS: std::ops::RangeInclusive<f64> = 0.2..=5.0;
/// Largest relative difference between the aspect ratios of the calibrated image and the images.
const ASPECT_TOLERANCE: f64 = 0.03;

/// Camera, or stereo pair of cameras, of a drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rig {
    left: Intrinsics,
    right: Intrinsics,
    /// Distance of the two cameras, metres; `None` if unknown or if there is only one.
    pub baseline_metres: Option<f32>,
}

/// Content of `camera.toml`. Lengths are in pixels of an image of `width` × `height`; without these in pixels
/// of the drive's images, or in widths and heights of the image if the centre is at most 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CameraFile {
    width: Option<f64>,
    height: Option<f64>,
    focal_x: Option<f64>,
    focal_y: Option<f64>,
    centre_x: Option<f64>,
    centre_y: Option<f64>,
    /// Horizontal field of view in degrees, instead of the lengths.
    field_of_view: Option<f64>,
    baseline_metres: Option<f64>,
}

/// Parser of a camera from the text of a file, for images of a size.
type Parser = fn(&str, ImageSize) -> Result<Rig, String>;
/// Files that describe a camera, by priority.
const FILES: [(&str, Parser); 3] = [
    (CAMERA_FILE, parse_camera),
    ("calib_cam_to_cam.txt", parse_kitti_calibration),
    ("calib.txt", parse_kitti_calibration),
];

impl Rig {
    /// Camera of the images in a folder, which have this size: from a file in the folder or its parent, else
    /// `assumed`. The flag is true if the camera is assumed.
    ///
    /// # Errors
    /// The camera is unknown, malformed or implausible.
    pub fn of(
        folder: &Path,
        size: ImageSize,
        assumed: Option<CameraChoice>,
    ) -> Result<(Self, bool), DataError> {
        match (Self::find(folder, size)?, assumed) {
            (Some(rig), _) => Ok((rig, false)),
            (None, Some(assumed)) => Ok((Self::assumed(assumed, size).map_err(DataError::Unusable)?, true)),
            (None, None) => Err(unknown(folder)),
        }
    }

    /// Reads the camera from a file in the drive's folder or its parent; `None` if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or is implausible.
    fn find(folder: &Path, size: ImageSize) -> Result<Option<Self>, DataError> {
        let parent = folder.canonicalize().ok().and_then(|folder| Some(folder.parent()?.to_owned()));
        for folder in std::iter::once(folder).chain(parent.as_deref()) {
            for (name, parse) in FILES {
                let path = folder.join(name);
                if path.is_file() {
                    return read_parsed("camera", &path, |text| parse(text, size)).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// File that describes the camera of a drive, in its folder or the one above.
    pub fn file(folder: &Path) -> Option<PathBuf> {
        let parent = folder.canonicalize().ok().and_then(|folder| Some(folder.parent()?.to_owned()));
        let folders = [Some(folder.to_owned()), parent];
        let files = folders.into_iter().flatten().flat_map(|folder| FILES.map(|(name, _)| folder.join(name)));
        files.into_iter().find(|path| path.is_file())
    }

    /// Camera that the user gave, for images of this size.
    fn assumed(choice: CameraChoice, size: ImageSize) -> Result<Self, String> {
        let camera = match choice {
            CameraChoice::FieldOfView(degrees) => from_field_of_view(f64::from(degrees), size),
            CameraChoice::Intrinsics(lengths) => normalised(lengths.map(f64::from), None, size),
        };
        camera.and_then(|camera| Self::with_one_camera(camera, None))
    }

    fn with_one_camera(camera: Intrinsics, baseline_metres: Option<f64>) -> Result<Self, String> {
        let rounded = baseline_metres.map(|metres| metres as f32);
        if let (Some(metres), Some(rounded)) = (baseline_metres, rounded)
            && !(rounded > 0.0 && rounded.is_finite())
        {
            return Err(format!("baseline_metres {metres} is not a distance: give metres above 0"));
        }
        Ok(Self { left: camera, right: camera, baseline_metres: rounded })
    }

    /// Intrinsics of one of the cameras; both are the same if there is only one.
    pub fn camera(&self, side: Side) -> Intrinsics {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }
}

/// Error that no camera is known for a drive, with advice.
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

/// Parses `camera.toml` for images of this size.
///
/// # Errors
/// A value is missing, contradictory or implausible.
pub fn parse_camera(text: &str, size: ImageSize) -> Result<Rig, String> {
    let file: CameraFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let calibrated = match (file.width, file.height) {
        (Some(width), Some(height)) => Some([width, height]),
        (None, None) => None,
        _ => return Err("it has one of width and height: give both".to_owned()),
    };
    let lengths = [file.focal_x, file.focal_y, file.centre_x, file.centre_y];
    let camera = match (lengths, file.field_of_view) {
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
    Rig::with_one_camera(camera, file.baseline_metres)
}

/// Parses the projections of the colour cameras from `calib_cam_to_cam.txt` or `calib.txt` of KITTI, for
/// images of this size.
///
/// # Errors
/// A value is missing or implausible.
pub fn parse_kitti_calibration(text: &str, size: ImageSize) -> Result<Rig, String> {
    let values = calibration::parse(text);
    let projection = |[raw, odometry]: [&str; 2]| match numbers::<12>(&values, raw)? {
        None => numbers::<12>(&values, odometry),
        found => Ok(found),
    };
    let left = projection(["P_rect_02", "P2"])?.ok_or("it has neither P_rect_02 nor P2")?;
    let right = projection(["P_rect_03", "P3"])?.unwrap_or(left);
    let calibrated = match values.get("S_rect_02") {
        Some(CalibrationValue::Numbers(sides)) => Some(
            <[f64; 2]>::try_from(sides.as_slice()).map_err(|_| "S_rect_02 is not a width and a height")?,
        ),
        _ => None,
    };
    let camera = |p: [f64; 12]| normalised([p[0], p[5], p[2], p[6]], calibrated, size);
    // The fourth column holds the camera's shift times the focal length.
    let metres = (left[3] - right[3]) / left[0];
    let rig = Rig::with_one_camera(camera(left)?, (metres > 0.0).then_some(metres))?;
    Ok(Rig { right: camera(right)?, ..rig })
}

/// Camera with this horizontal field of view in degrees, square pixels and a centred principal point.
fn from_field_of_view(degrees: f64, size: ImageSize) -> Result<Intrinsics, String> {
    if !(degrees > 0.0 && degrees < 180.0) {
        return Err(format!("a field of view of {degrees}° is impossible: give degrees between 11 and 136"));
    }
    let focal = 0.5 / (0.5 * degrees.to_radians()).tan();
    let aspect = size.width as f64 / size.height as f64;
    checked([focal, focal * aspect, 0.5, 0.5], size)
}

/// Camera with these focal lengths and principal point, in pixels of an image of the size `calibrated`;
/// without that as described at [`CameraFile`].
fn normalised(
    [focal_x, focal_y, centre_x, centre_y]: [f64; 4],
    calibrated: Option<[f64; 2]>,
    size: ImageSize,
) -> Result<Intrinsics, String> {
    let [width, height] = match calibrated {
        Some(sides) => sides,
        None if centre_x <= 1.0 && centre_y <= 1.0 => [1.0, 1.0],
        None => [size.width as f64, size.height as f64],
    };
    let distortion = width / height * size.height as f64 / size.width as f64;
    if calibrated.is_some() && !(0.0..=ASPECT_TOLERANCE).contains(&(distortion - 1.0).abs()) {
        return Err(format!(
            "it is for pictures of {width} × {height}, which have another shape than the frames ({size}): \
             give the camera of the frames as they are"
        ));
    }
    checked([focal_x / width, focal_y / height, centre_x / width, centre_y / height], size)
}

/// Checks that normalised intrinsics are plausible for a pinhole camera.
fn checked(lengths: [f64; 4], size: ImageSize) -> Result<Intrinsics, String> {
    let [focal_x, focal_y, centre_x, centre_y] = lengths;
    let in_widths = [focal_x, focal_y * size.height as f64 / size.width as f64];
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
