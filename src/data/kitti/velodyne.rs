//! Laser scans, and the depth maps that they give
//! ([Measured depth](crate::objective::method#measured-depth) of the method).

use super::calibration::ScannerProjection;
use crate::data::{DataError, DepthMap};
use glam::{DVec4, Vec3};
use std::{fs, path::Path};

/// Size of a point in bytes: x, y, z and reflectance, f32 each.
const POINT_BYTES: usize = 16;

/// Axis along which the depth of a point is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthAxis {
    /// The camera's axis: the depth that the networks predict.
    Camera,
    /// The scanner's forward axis, used by the published evaluation on raw scans.
    Scanner,
}

/// Reads the points of a `.bin` file: metres forward, left and up from the scanner.
///
/// # Errors
/// The file cannot be read or does not hold whole points.
pub fn read(path: &Path) -> Result<Vec<Vec3>, DataError> {
    let bytes = fs::read(path).map_err(|error| error.to_string());
    bytes.and_then(|bytes| parse(&bytes)).map_err(|reason| DataError::unreadable("laser scan", path, reason))
}

/// Parses the bytes of a `.bin` file.
///
/// # Errors
/// The bytes are not whole points.
pub fn parse(bytes: &[u8]) -> Result<Vec<Vec3>, String> {
    let (points, rest) = bytes.as_chunks::<POINT_BYTES>();
    if !rest.is_empty() {
        return Err(format!("{} bytes are not whole points of {POINT_BYTES}", bytes.len()));
    }
    Ok(points.iter().map(|point| Vec3::from_array([0, 4, 8].map(|start| number(point, start)))).collect())
}

fn number(point: &[u8; POINT_BYTES], start: usize) -> f32 {
    f32::from_le_bytes([point[start], point[start + 1], point[start + 2], point[start + 3]])
}

/// Projects a scan to a depth map, metres; 0 where no point falls.
///
/// Where several points share a pixel, the nearest counts. As in the reference, points are grouped by the index
/// `y · (width − 1) + x − 1` which the last column shares with the first column of the row below,
/// and the minimum of a group is written to the pixel of its first point.
pub fn project(points: &[Vec3], projection: &ScannerProjection, axis: DepthAxis) -> DepthMap {
    let (width, height) = (projection.width, projection.height);
    let mut depths = vec![0.0; width * height];
    // One group more than there are pixels, because the indices begin at −1.
    let mut groups = vec![PixelGroup::default(); width * height + 1];
    for point in points.iter().filter(|point| point.x >= 0.0) {
        let DVec4 { x, y, z, .. } = projection.image_from_scanner * point.as_dvec3().extend(1.0);
        // KITTI's image coordinates count from 1.
        let column = (x / z).round_ties_even() - 1.0;
        let row = (y / z).round_ties_even() - 1.0;
        if !((0.0..width as f64).contains(&column) && (0.0..height as f64).contains(&row)) {
            continue;
        }
        let (column, row) = (column as usize, row as usize);
        let depth = match axis {
            DepthAxis::Camera => z,
            DepthAxis::Scanner => f64::from(point.x),
        };
        let pixel = row * width + column;
        depths[pixel] = depth;
        groups[row * (width - 1) + column].add(pixel, depth);
    }
    for group in groups.iter().filter(|group| group.points > 1) {
        depths[group.first_pixel] = group.min;
    }
    DepthMap { width, height, metres: depths.into_iter().map(|depth| depth.max(0.0) as f32).collect() }
}

/// Points that share an index of the reference.
#[derive(Clone, Default)]
struct PixelGroup {
    points: usize,
    first_pixel: usize,
    min: f64,
}

impl PixelGroup {
    fn add(&mut self, pixel: usize, depth: f64) {
        if self.points == 0 {
            (self.first_pixel, self.min) = (pixel, depth);
        }
        self.points += 1;
        self.min = self.min.min(depth);
    }
}
