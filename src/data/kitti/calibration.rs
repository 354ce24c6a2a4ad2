//! Calibration files of a recording day
//! ([Data layouts](crate::objective::method#data-layouts) of the method).

use crate::data::{DataError, Side, image::MAX_SIDE, text::read_text};
use glam::{DAffine3, DMat3, DMat4, DVec3, DVec4};
use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Value in a calibration file.
#[derive(Clone, Debug, PartialEq)]
pub enum CalibrationValue {
    /// Numbers, such as a matrix row by row.
    Numbers(Vec<f64>),
    /// Anything else, such as a date.
    Text(String),
}

/// Parses the text of a calibration file, `key: value` on every line. Lines without a colon are skipped.
pub fn parse(text: &str) -> BTreeMap<String, CalibrationValue> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim().to_owned(), parse_value(value.trim())))
        .collect()
}

fn parse_value(text: &str) -> CalibrationValue {
    if text.chars().all(|c| "0123456789.e+- ".contains(c))
        && let Ok(numbers) = text.split_whitespace().map(str::parse).collect()
    {
        return CalibrationValue::Numbers(numbers);
    }
    CalibrationValue::Text(text.to_owned())
}

/// Numbers of this key; `None` if the key is not there.
///
/// # Errors
/// The value is not `N` numbers.
pub(in crate::data) fn numbers<const N: usize>(
    values: &BTreeMap<String, CalibrationValue>,
    key: &str,
) -> Result<Option<[f64; N]>, String> {
    match values.get(key) {
        Some(CalibrationValue::Numbers(numbers)) => match numbers.as_slice().try_into() {
            Ok(numbers) => Ok(Some(numbers)),
            Err(_) => Err(format!("{key} has {} numbers instead of {N}", numbers.len())),
        },
        Some(CalibrationValue::Text(_)) => Err(format!("{key} is not numbers")),
        None => Ok(None),
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
        Ok(Self {
            image_from_scanner: image_from_rectified * rectified_from_camera * camera_from_scanner,
            width: cameras.side_length(width)?,
            height: cameras.side_length(height)?,
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
    values: BTreeMap<String, CalibrationValue>,
}

impl File {
    fn read(path: PathBuf) -> Result<Self, DataError> {
        match read_text(&path) {
            Ok(text) => Ok(Self { values: parse(&text), path }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(DataError::Missing {
                what: "calibration".to_owned(),
                path,
                advice: "unpack the calibration archive of that day next to its drives".to_owned(),
            }),
            Err(error) => Err(unreadable(&path, error.to_string())),
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

    fn side_length(&self, length: f64) -> Result<usize, DataError> {
        if (1.0..=f64::from(MAX_SIDE)).contains(&length) {
            return Ok(length as usize);
        }
        Err(unreadable(&self.path, format!("S_rect_02 has a side of {length} pixels")))
    }
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("calibration", path, reason)
}
