//! The calibration files of a recording day
//! ([Data layouts](crate::objective::method#data-layouts) of the method).

use crate::data::{DataError, Side};
use glam::{DAffine3, DMat3, DMat4, DVec3, DVec4};
use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path, path::PathBuf};

/// A value of a calibration file.
#[derive(Clone, Debug, PartialEq)]
pub enum CalibrationValue {
    /// Numbers, such as a matrix row by row.
    Numbers(Vec<f64>),
    /// Anything else, such as a date.
    Text(String),
}

/// The values of calibration text by key: a `key: value` on every line. Lines without a colon say
/// nothing and are passed over.
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

/// How the laser scanner's points fall on the picture of one camera.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannerProjection {
    /// Takes a homogeneous scanner point to (column · z, row · z, z, 1) of the rectified picture.
    pub picture_from_scanner: DMat4,
    /// Columns of the picture.
    pub width: usize,
    /// Rows of the picture.
    pub height: usize,
}

impl ScannerProjection {
    /// Reads `calib_cam_to_cam.txt` and `calib_velo_to_cam.txt` of a date folder.
    ///
    /// # Errors
    /// A file is missing, or lacks a matrix.
    pub fn read(date_folder: &Path, side: Side) -> Result<Self, DataError> {
        let cameras = File::read(date_folder.join("calib_cam_to_cam.txt"))?;
        let scanner = File::read(date_folder.join("calib_velo_to_cam.txt"))?;
        let rectified_from_camera = DMat4::from_mat3(cameras.rotation("R_rect_00")?);
        let camera_from_scanner = DMat4::from(scanner.rigid()?);
        let picture_from_rectified = cameras.projection(side)?;
        // The left picture's size serves both cameras, as in the reference.
        let [width, height] = cameras.numbers("S_rect_02")?;
        Ok(Self {
            picture_from_scanner: picture_from_rectified * rectified_from_camera * camera_from_scanner,
            width: cameras.side_length(width)?,
            height: cameras.side_length(height)?,
        })
    }
}

/// Takes points of the inertial unit to a rectified colour camera, metres, by the three calibration files
/// of a date folder.
///
/// # Errors
/// A file is missing or lacks a matrix, or the camera's projection has none.
pub fn camera_from_inertial(date_folder: &Path, side: Side) -> Result<DAffine3, DataError> {
    let cameras = File::read(date_folder.join("calib_cam_to_cam.txt"))?;
    let scanner_from_inertial = File::read(date_folder.join("calib_imu_to_velo.txt"))?.rigid()?;
    let camera_from_scanner = File::read(date_folder.join("calib_velo_to_cam.txt"))?.rigid()?;
    let projection = cameras.projection(side)?;
    let lens = DMat3::from_mat4(projection);
    if lens.determinant().abs() < f64::EPSILON {
        return Err(unreadable(&cameras.path, "its projection of a colour camera is flat".to_owned()));
    }
    // The projection is that of the reference camera, so its last column holds the way to this one.
    let shift = lens.inverse() * projection.w_axis.truncate();
    let rectified_from_camera = DAffine3::from_mat3(cameras.rotation("R_rect_00")?);
    let camera_from_rectified = DAffine3::from_translation(shift);
    let whole = camera_from_rectified * rectified_from_camera * camera_from_scanner * scanner_from_inertial;
    if !whole.is_finite() || (whole.matrix3.determinant() - 1.0).abs() > 0.1 {
        return Err(unreadable(
            &cameras.path,
            "with calib_velo_to_cam.txt and calib_imu_to_velo.txt it gives no \
            rigid motion from the inertial unit to the camera"
                .to_owned(),
        ));
    }
    Ok(whole)
}

/// A calibration file with its path, for messages.
struct File {
    path: PathBuf,
    values: BTreeMap<String, CalibrationValue>,
}

impl File {
    fn read(path: PathBuf) -> Result<Self, DataError> {
        match fs::read(&path) {
            // Not all editors keep to UTF-8; keys and numbers are ASCII either way.
            Ok(bytes) => Ok(Self { values: parse(&String::from_utf8_lossy(&bytes)), path }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(DataError::Missing {
                what: "calibration".to_owned(),
                path,
                advice: "unpack the calibration archive of that day beside its drives".to_owned(),
            }),
            Err(error) => Err(unreadable(&path, error.to_string())),
        }
    }

    fn numbers<const N: usize>(&self, key: &str) -> Result<[f64; N], DataError> {
        match self.values.get(key) {
            Some(CalibrationValue::Numbers(numbers)) => numbers.as_slice().try_into().map_err(|_| {
                unreadable(&self.path, format!("{key} has {} numbers instead of {N}", numbers.len()))
            }),
            Some(CalibrationValue::Text(_)) => Err(unreadable(&self.path, format!("{key} is not numbers"))),
            None => Err(unreadable(&self.path, format!("{key} is not in it"))),
        }
    }

    /// A matrix of 3 rows.
    fn rotation(&self, key: &str) -> Result<DMat3, DataError> {
        Ok(DMat3::from_cols_array(&self.numbers::<9>(key)?).transpose())
    }

    /// `R` and `T`.
    fn rigid(&self) -> Result<DAffine3, DataError> {
        let shift = DVec3::from_array(self.numbers("T")?);
        Ok(DAffine3::from_mat3_translation(self.rotation("R")?, shift))
    }

    /// How a colour camera sees what is in the rectified reference camera.
    fn projection(&self, side: Side) -> Result<DMat4, DataError> {
        let projection = self.numbers::<12>(match side {
            Side::Left => "P_rect_02",
            Side::Right => "P_rect_03",
        })?;
        let row = |index: usize| DVec4::from_slice(&projection[index * 4..]);
        Ok(DMat4::from_cols(row(0), row(1), row(2), DVec4::W).transpose())
    }

    fn side_length(&self, length: f64) -> Result<usize, DataError> {
        const LARGEST: f64 = 16_384.0;
        if (1.0..=LARGEST).contains(&length) {
            return Ok(length as usize);
        }
        Err(unreadable(&self.path, format!("S_rect_02 has a side of {length} pixels")))
    }
}

fn unreadable(path: &Path, reason: String) -> DataError {
    DataError::Unreadable { what: "calibration".to_owned(), path: path.to_owned(), reason }
}
