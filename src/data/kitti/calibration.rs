//! The calibration files of a recording day (ALGORITHM 1.2).

use crate::data::{DataError, Side};
use glam::{DMat3, DMat4, DVec3, DVec4};
use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path, path::PathBuf};

/// A value of a calibration file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Numbers, such as a matrix row by row.
    Numbers(Vec<f64>),
    /// Anything else, such as a date.
    Text(String),
}

/// The values of calibration text by key: a `key: value` on every line. Lines without a colon say
/// nothing and are passed over.
pub fn parse(text: &str) -> BTreeMap<String, Value> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim().to_owned(), parse_value(value.trim())))
        .collect()
}

fn parse_value(text: &str) -> Value {
    if text.chars().all(|c| "0123456789.e+- ".contains(c))
        && let Ok(numbers) = text.split_whitespace().map(str::parse).collect()
    {
        return Value::Numbers(numbers);
    }
    Value::Text(text.to_owned())
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
        let [r0, r1, r2] = rows(cameras.numbers::<9>("R_rect_00")?);
        let rectified_from_camera = DMat4::from_mat3(DMat3::from_cols(r0, r1, r2).transpose());
        let [r0, r1, r2] = rows(scanner.numbers::<9>("R")?);
        let shift = DVec3::from_array(scanner.numbers("T")?);
        let camera_from_scanner =
            DMat4::from_translation(shift) * DMat4::from_mat3(DMat3::from_cols(r0, r1, r2).transpose());
        let projection = cameras.numbers::<12>(match side {
            Side::Left => "P_rect_02",
            Side::Right => "P_rect_03",
        })?;
        let row = |index: usize| DVec4::from_slice(&projection[index * 4..]);
        let picture_from_rectified = DMat4::from_cols(row(0), row(1), row(2), DVec4::W).transpose();
        // The left picture's size serves both cameras, as in the reference.
        let [width, height] = cameras.numbers("S_rect_02")?;
        Ok(Self {
            picture_from_scanner: picture_from_rectified * rectified_from_camera * camera_from_scanner,
            width: cameras.side_length(width)?,
            height: cameras.side_length(height)?,
        })
    }
}

fn rows(numbers: [f64; 9]) -> [DVec3; 3] {
    [0, 3, 6].map(|start| DVec3::from_slice(&numbers[start..]))
}

/// A calibration file with its path, for messages.
struct File {
    path: PathBuf,
    values: BTreeMap<String, Value>,
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
            Some(Value::Numbers(numbers)) => numbers.as_slice().try_into().map_err(|_| {
                unreadable(&self.path, format!("{key} has {} numbers instead of {N}", numbers.len()))
            }),
            Some(Value::Text(_)) => Err(unreadable(&self.path, format!("{key} is not numbers"))),
            None => Err(unreadable(&self.path, format!("{key} is not in it"))),
        }
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
