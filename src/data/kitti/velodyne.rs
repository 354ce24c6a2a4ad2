//! Laser scans, and the depth they give a picture
//! ([Measured depth](crate::objective::method#measured-depth) of the method).

use super::calibration::ScannerProjection;
use crate::data::{DataError, DepthMap};
use glam::{DVec4, Vec3};
use std::{fs, path::Path};

/// Bytes of a point: x, y, z and reflectance.
const POINT_BYTES: usize = 16;

/// Which distance of a point counts as its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthOf {
    /// Along the camera's axis: the depth that the networks predict.
    Camera,
    /// Along the scanner's forward axis: what the published evaluation on raw scans uses.
    Scanner,
}

/// Reads the points of a `.bin` file: metres forward, left and up from the scanner.
///
/// # Errors
/// The file cannot be read or does not hold whole points.
pub fn read(path: &Path) -> Result<Vec<Vec3>, DataError> {
    let unreadable = |reason: String| DataError::Unreadable {
        what: "laser scan".to_owned(),
        path: path.to_owned(),
        reason,
    };
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&bytes).map_err(unreadable)
}

/// The points in the bytes of a `.bin` file.
///
/// # Errors
/// Why the bytes are not whole points.
pub fn parse(bytes: &[u8]) -> Result<Vec<Vec3>, String> {
    let (points, rest) = bytes.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(format!("{} bytes are not whole points of {POINT_BYTES}", bytes.len()));
    }
    Ok(points.iter().map(|point| Vec3::from_array([0, 4, 8].map(|at| number(point, at)))).collect())
}

fn number(point: &[u8; POINT_BYTES], at: usize) -> f32 {
    f32::from_le_bytes([point[at], point[at + 1], point[at + 2], point[at + 3]])
}

/// The depth that a scan gives the picture; 0 where no point falls.
///
/// Where several points share a pixel, the nearest counts. Points are grouped by the reference's
/// index `row · (width − 1) + column − 1`, which the last column shares with the first of the row
/// below, and a group sets the pixel of its first point.
pub fn project(points: &[Vec3], projection: &ScannerProjection, depth_of: DepthOf) -> DepthMap {
    let (width, height) = (projection.width, projection.height);
    let mut depths = vec![0.0; width * height];
    // One index more than there are pixels at most, because the first is −1.
    let mut groups = vec![PixelGroup::default(); width * height + 1];
    for point in points.iter().filter(|point| point.x >= 0.0) {
        let DVec4 { x, y, z, .. } = projection.picture_from_scanner * point.as_dvec3().extend(1.0);
        // The picture's coordinates count from 1.
        let column = (x / z).round_ties_even() - 1.0;
        let row = (y / z).round_ties_even() - 1.0;
        if !((0.0..width as f64).contains(&column) && (0.0..height as f64).contains(&row)) {
            continue;
        }
        let (column, row) = (column as usize, row as usize);
        let depth = match depth_of {
            DepthOf::Camera => z,
            DepthOf::Scanner => f64::from(point.x),
        };
        let pixel = row * width + column;
        depths[pixel] = depth;
        groups[row * (width - 1) + column].add(pixel, depth);
    }
    for group in groups.iter().filter(|group| group.points > 1) {
        depths[group.first_pixel] = group.nearest;
    }
    DepthMap { width, height, metres: depths.into_iter().map(|depth| depth.max(0.0) as f32).collect() }
}

/// Points that share an index.
#[derive(Clone, Default)]
struct PixelGroup {
    points: usize,
    first_pixel: usize,
    nearest: f64,
}

impl PixelGroup {
    fn add(&mut self, pixel: usize, depth: f64) {
        if self.points == 0 {
            (self.first_pixel, self.nearest) = (pixel, depth);
        }
        self.points += 1;
        self.nearest = self.nearest.min(depth);
    }
}
