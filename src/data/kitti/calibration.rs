//! Calibration files of a recording day
//! ([Data layouts](crate::objective::method#data-layouts) of the method).

use crate::data::{DataError, Side, text::read_side_text};
use glam::{DAffine3, DMat3, DMat4, DVec3, DVec4};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Most pixels of a picture onto which a scan is projected: KITTI's have half a million.
const MAX_PIXELS: f64 = 8e6;

/// Value in a calibration file.
#[derive(Clone, Debug, PartialEq)]
pub enum CalibrationValue {
    /// Numbers, such as a matrix row by row.
    Numbers(Vec<f64>),
    /// Anything else, such as a date.
    Text(String),
}

/// Values of a calibration file by their keys.
pub type Values = BTreeMap<String, CalibrationValue>;

/// Parses the text of a calibration file, `key: value` or `key = value` on every line. A colon may be missing before
/// numbers; other lines, and what follows a `#`, are skipped.
pub fn parse(text: &str) -> Values {
    text.trim_start_matches('\u{feff}').lines().filter_map(parse_line).collect()
}

/// First of these keys that stands in several lines with other values, of which the last counts.
pub(super) fn repeated_key<'a>(text: &str, keys: &[&'a str]) -> Option<&'a str> {
    let text = text.trim_start_matches('\u{feff}');
    let lines: Vec<(String, CalibrationValue)> = text.lines().filter_map(parse_line).collect();
    keys.iter().copied().find(|key| {
        let mut values =
            lines.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        values.next().is_some_and(|first| values.any(|value| value != first))
    })
}

fn parse_line(line: &str) -> Option<(String, CalibrationValue)> {
    let line = line.split('#').next().unwrap_or_default().trim();
    if let Some((key, value)) = line.split_once([':', '=']) {
        return Some((key.trim().to_owned(), parse_value(value)));
    }
    let (key, value) = line.split_once([' ', '\t'])?;
    let value = Some(parse_value(value)).filter(|value| matches!(value, CalibrationValue::Numbers(_)))?;
    key.starts_with(|letter: char| letter.is_alphabetic()).then(|| (key.to_owned(), value))
}

/// Parses numbers that are separated by spaces, tabs, commas or semicolons, perhaps within brackets; anything else is
/// text. Of several words, those with a comma in their middle have a decimal comma.
pub(super) fn parse_value(text: &str) -> CalibrationValue {
    let text = text.trim();
    let inner = text.trim_matches(|letter| "[](){}".contains(letter));
    let words: Vec<&str> = inner.split_whitespace().collect();
    let is_decimal =
        |word: &&str| word.split(',').count() <= 2 && !word.starts_with(',') && !word.ends_with(',');
    let numbers: Option<Vec<f64>> = if words.len() > 1 && inner.contains(',') && words.iter().all(is_decimal)
    {
        words.iter().map(|word| word.replace(',', ".").parse().ok()).collect()
    } else {
        let words = inner.split(|letter: char| letter.is_whitespace() || ",;".contains(letter));
        words.filter(|word| !word.is_empty()).map(|word| word.parse().ok()).collect()
    };
    numbers.map_or_else(|| CalibrationValue::Text(text.to_owned()), CalibrationValue::Numbers)
}

/// Value of this key, in small or capital letters.
pub(super) fn find<'a>(values: &'a Values, key: &str) -> Option<&'a CalibrationValue> {
    let is_it = |(name, _): &(&String, _)| name.eq_ignore_ascii_case(key);
    values.get(key).or_else(|| values.iter().find(is_it).map(|(_, value)| value))
}

/// Numbers of this key; `None` if the key is not there.
///
/// # Errors
/// The value is not `N` finite numbers.
pub(in crate::data) fn numbers<const N: usize>(
    values: &Values,
    key: &str,
) -> Result<Option<[f64; N]>, String> {
    match find(values, key) {
        Some(CalibrationValue::Numbers(numbers)) => {
            let exact = numbers.as_slice().try_into();
            let exact = exact.map_err(|_| format!("{key} has {} numbers instead of {N}", numbers.len()))?;
            finite(numbers).map_err(|reason| format!("{key} {reason}"))?;
            Ok(Some(exact))
        }
        Some(CalibrationValue::Text(_)) => Err(format!("{key} is not numbers")),
        None => Ok(None),
    }
}

/// Checks that numbers are finite.
///
/// # Errors
/// The first that is not.
pub(super) fn finite(numbers: &[f64]) -> Result<(), String> {
    match numbers.iter().find(|number| !number.is_finite()) {
        Some(number) => Err(format!("holds {number}, which is no number to calculate with")),
        None => Ok(()),
    }
}

/// Projection of the laser scanner's points into the image of one camera.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannerProjection {
    /// Transform of a homogeneous scanner point to (x · z, y · z, z, 1) of the rectified image.
    pub image_from_scanner: DMat4,
    /// Width of the image in pixels.
    pub width: usize,
    /// Height of the image in pixels.
    pub height: usize,
}

impl ScannerProjection {
    /// Reads `calib_cam_to_cam.txt` and `calib_velo_to_cam.txt` of a date folder.
    ///
    /// # Errors
    /// A file is missing, or lacks a matrix.
    pub fn read(date_folder: &Path, side: Side) -> Result<Self, DataError> {
        Self::of_camera(date_folder, colour_camera(side))
    }

    /// Reads the files for the camera of this number: 0 and 1 are grey, 2 and 3 in colour.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub(super) fn of_camera(date_folder: &Path, camera: u8) -> Result<Self, DataError> {
        let cameras = File::read(date_folder.join("calib_cam_to_cam.txt"))?;
        let scanner = File::read(date_folder.join("calib_velo_to_cam.txt"))?;
        let rectified_from_camera = DMat4::from_mat3(cameras.rotation("R_rect_00")?);
        let camera_from_scanner = DMat4::from(scanner.rigid()?);
        let image_from_rectified = cameras.projection(camera)?;
        // The size of the left image is used for both cameras, as in the reference.
        let [width, height] = cameras.numbers("S_rect_02")?;
        if !(width >= 1.0 && height >= 1.0 && width * height <= MAX_PIXELS) {
            let reason = format!("S_rect_02 is {width} × {height} pixels, which no camera of KITTI has");
            return Err(unreadable(&cameras.path, reason));
        }
        Ok(Self {
            image_from_scanner: image_from_rectified * rectified_from_camera * camera_from_scanner,
            width: width as usize,
            height: height as usize,
        })
    }
}

/// Number of a colour camera.
pub(super) fn colour_camera(side: Side) -> u8 {
    match side {
        Side::Left => 2,
        Side::Right => 3,
    }
}

/// Transform of points of the inertial unit to the rectified camera of this number, metres, from the three
/// calibration files of a date folder.
///
/// # Errors
/// A file is missing or lacks a matrix, or the matrices give no rigid motion.
pub(super) fn camera_from_inertial(date_folder: &Path, camera: u8) -> Result<DAffine3, DataError> {
    let cameras = File::read(date_folder.join("calib_cam_to_cam.txt"))?;
    let scanner_from_inertial = File::read(date_folder.join("calib_imu_to_velo.txt"))?.rigid()?;
    let camera_from_scanner = File::read(date_folder.join("calib_velo_to_cam.txt"))?.rigid()?;
    let projection = cameras.projection(camera)?;
    let intrinsics = DMat3::from_mat4(projection);
    if intrinsics.determinant().abs() < f64::EPSILON {
        return Err(unreadable(&cameras.path, "its projection of a camera is flat".to_owned()));
    }
    // The projection is relative to the reference camera, so its last column holds the shift to this camera.
    let shift = intrinsics.inverse() * projection.w_axis.truncate();
    let rectified_from_camera = DAffine3::from_mat3(cameras.rotation("R_rect_00")?);
    let camera_from_rectified = DAffine3::from_translation(shift);
    let camera_from_inertial =
        camera_from_rectified * rectified_from_camera * camera_from_scanner * scanner_from_inertial;
    if !camera_from_inertial.is_finite() || (camera_from_inertial.matrix3.determinant() - 1.0).abs() > 0.1 {
        return Err(unreadable(
            &cameras.path,
            "with calib_velo_to_cam.txt and calib_imu_to_velo.txt it gives no \
            rigid motion from the inertial unit to the camera"
                .to_owned(),
        ));
    }
    Ok(camera_from_inertial)
}

/// Calibration file with its path, for error messages.
struct File {
    path: PathBuf,
    values: Values,
}

impl File {
    fn read(path: PathBuf) -> Result<Self, DataError> {
        if !path.exists() {
            return Err(DataError::Missing {
                what: "calibration".to_owned(),
                path,
                advice: "unpack the calibration archive of that day next to its drives".to_owned(),
            });
        }
        match read_side_text(&path) {
            Ok(text) => Ok(Self { values: parse(&text), path }),
            Err(reason) => Err(unreadable(&path, reason)),
        }
    }

    fn numbers<const N: usize>(&self, key: &str) -> Result<[f64; N], DataError> {
        let found = numbers(&self.values, key).map_err(|reason| unreadable(&self.path, reason))?;
        found.ok_or_else(|| unreadable(&self.path, format!("{key} is not in it")))
    }

    /// 3×3 matrix, stored row by row.
    fn rotation(&self, key: &str) -> Result<DMat3, DataError> {
        Ok(DMat3::from_cols_array(&self.numbers::<9>(key)?).transpose())
    }

    /// Rigid motion of rotation `R` and translation `T`, metres.
    fn rigid(&self) -> Result<DAffine3, DataError> {
        let shift = DVec3::from_array(self.numbers("T")?);
        Ok(DAffine3::from_mat3_translation(self.rotation("R")?, shift))
    }

    /// Projection of points of the rectified reference camera into a camera.
    fn projection(&self, camera: u8) -> Result<DMat4, DataError> {
        let projection = self.numbers::<12>(&format!("P_rect_{camera:02}"))?;
        let row = |index: usize| DVec4::from_slice(&projection[index * 4..]);
        Ok(DMat4::from_cols(row(0), row(1), row(2), DVec4::W).transpose())
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("calibration", path, reason)
}
