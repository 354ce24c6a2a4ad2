//! Cameras of a calibration file of KITTI, or of one that is written alike.

use super::{
    BASELINE_METRES,
    calibration::{self, CalibrationValue, Values, finite, numbers},
    published::is_published,
};
use crate::{
    config::ImageSize,
    data::rig::{Rig, normalised},
    geometry::Intrinsics,
};

/// Keys of the left and the right camera: the colour cameras of KITTI raw and odometry, their grey ones, and those of
/// Middlebury's stereo pairs.
const KEYS: [[&str; 2]; 6] = [
    ["P_rect_02", "P_rect_03"],
    ["P2", "P3"],
    ["P_rect_00", "P_rect_01"],
    ["P0", "P1"],
    ["cam0", "cam1"],
    ["K", "K_right"],
];
/// Largest difference between the third row of a camera matrix and 0 0 1.
const THIRD_ROW: f64 = 0.01;

/// Projection to pixels, 3 × 4 row by row.
type Projection = [f64; 12];

/// Cameras as they stand in a file.
struct Cameras {
    left: Projection,
    right: Option<Projection>,
    /// Key that stands in the file with several values.
    repeated: Option<&'static str>,
    /// Width and height of the pictures that they are for, if they are stated.
    size: Option<[f64; 2]>,
}

/// Parses the cameras of `calib_cam_to_cam.txt` or `calib.txt` of KITTI, for images of this size. A file of only numbers
/// is one camera matrix.
///
/// # Errors
/// A value is missing or implausible.
pub fn parse_calibration(text: &str, size: ImageSize) -> Result<Rig, String> {
    let cameras = Cameras::parse(text)?;
    let camera = |projection: Projection| normalised(lengths(projection), cameras.size, size);
    let shift = cameras.shift_metres();
    let left = camera(cameras.left)?;
    let right = camera(cameras.right.unwrap_or(cameras.left));
    let right = right.map_err(|reason| format!("the right camera: {reason}"))?;
    let rig = Rig::with_one_camera(left, shift.filter(|metres| *metres > 0.0))?;
    let is_crossed = shift.is_some_and(|metres| metres < 0.0);
    Ok(Rig { right, is_crossed, repeated: cameras.repeated, ..rig })
}

/// Parses the cameras of a drive of KITTI as [`parse_calibration`] does, but cameras that KITTI published are the one
/// camera that the method takes for all of KITTI, whatever the size of the images.
///
/// # Errors
/// A value is missing or implausible.
pub fn parse_calibration_of_kitti(text: &str, size: ImageSize) -> Result<Rig, String> {
    let cameras = Cameras::parse(text)?;
    let sides = cameras.size.unwrap_or([size.width as f64, size.height as f64]);
    if is_published(lengths(cameras.left), sides, cameras.shift_metres()) {
        return Rig::with_one_camera(Intrinsics::KITTI, Some(BASELINE_METRES));
    }
    parse_calibration(text, size)
}

impl Cameras {
    fn parse(text: &str) -> Result<Self, String> {
        let values = calibration::parse(text);
        let (key, left, right) = projections(text, &values)?;
        let size = match key.strip_prefix("P_rect_") {
            Some(number) => numbers::<2>(&values, &format!("S_rect_{number}"))?,
            None => {
                let width = numbers::<1>(&values, "width")?;
                width.zip(numbers::<1>(&values, "height")?).map(|([width], [height])| [width, height])
            }
        };
        let repeated = KEYS.iter().find(|keys| keys[0] == key);
        let repeated = repeated.and_then(|keys| calibration::repeated_key(text, keys));
        Ok(Self { left, right, repeated, size })
    }

    /// Distance of the right camera to the right of the left one, metres; `None` if it is not stated.
    fn shift_metres(&self) -> Option<f64> {
        // The fourth column holds the camera's shift times the focal length.
        let metres = (self.left[3] - self.right?[3]) / self.left[0];
        Some(metres).filter(|metres| *metres != 0.0)
    }
}

fn lengths(projection: Projection) -> [f64; 4] {
    [projection[0], projection[5], projection[2], projection[6]]
}

/// Projections of the first pair of cameras of which there is the left one, with its key.
fn projections(
    text: &str,
    values: &Values,
) -> Result<(&'static str, Projection, Option<Projection>), String> {
    for [left, right] in KEYS {
        if let Some(projection) = projection(values, left)? {
            return Ok((left, projection, self::projection(values, right)?));
        }
    }
    let without_comments: Vec<&str> = text.lines().filter_map(|line| line.split('#').next()).collect();
    match calibration::parse_value(&without_comments.join(" ")) {
        CalibrationValue::Numbers(numbers) if !numbers.is_empty() => {
            Ok(("", matrix(&numbers).map_err(|reason| format!("it {reason}"))?, None))
        }
        _ => Err("it has no camera: neither P_rect_02 nor P2, P_rect_00, P0 or K is a key of it; write lines such as \
                  'P2: 707 0 604 0 0 707 180 0 0 0 1 0'"
            .to_owned()),
    }
}

fn projection(values: &Values, key: &str) -> Result<Option<Projection>, String> {
    let Some(value) = calibration::find(values, key) else { return Ok(None) };
    let CalibrationValue::Numbers(numbers) = value else { return Err(format!("{key} is not numbers")) };
    finite(numbers).map_err(|reason| format!("{key} {reason}"))?;
    matrix(numbers).map(Some).map_err(|reason| format!("{key} {reason}"))
}

/// Camera matrix of 3 × 4, 3 × 3 or 4 × 4 numbers, or of the two focal lengths and the principal point.
fn matrix(numbers: &[f64]) -> Result<Projection, String> {
    finite(numbers)?;
    let matrix = match *numbers {
        [focal_x, focal_y, centre_x, centre_y] => {
            [focal_x, 0.0, centre_x, 0.0, 0.0, focal_y, centre_y, 0.0, 0.0, 0.0, 1.0, 0.0]
        }
        [a, b, c, d, e, f, g, h, i] => [a, b, c, 0.0, d, e, f, 0.0, g, h, i, 0.0],
        [ref rows @ .., 0.0, 0.0, 0.0, 1.0] if rows.len() == 12 => {
            rows.try_into().map_err(|_| "is no matrix".to_owned())?
        }
        _ => numbers.try_into().map_err(|_| {
            format!(
                "has {} numbers instead of 12 (3 × 4), 16 (4 × 4 with the last row 0 0 0 1) or 9 (3 × 3)",
                numbers.len()
            )
        })?,
    };
    let third = [matrix[8], matrix[9], matrix[10] - 1.0];
    if third.iter().any(|change| change.abs() > THIRD_ROW) {
        return Err("is no camera matrix: its third row is not 0 0 1; write it row by row".to_owned());
    }
    Ok(matrix)
}
