//! Laser scans, and the depth maps that they give
//! ([Measured depth](crate::objective::method#measured-depth) of the method).

use super::calibration::ScannerProjection;
use crate::data::{
    DataError, DepthMap,
    atomic_file::read_within,
    foreign_content::{ForeignContent, START, foreign_content},
    unreadable::io_reason,
};
use glam::{DVec4, Vec3};
use std::path::Path;
use tracing::warn;

/// Size of a point in bytes: x, y, z and reflectance, f32 each.
const POINT_BYTES: usize = 16;
/// Largest file of a scan, bytes: 16 million points, more than a scanner gives in a minute.
const MAX_BYTES: u64 = 256 << 20;
/// Longest distance from a scanner, metres, and shortest. Others are not measured.
const RANGE_METRES: std::ops::Range<f32> = 0.01..1000.0;

/// Axis along which the depth of a point is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DepthAxis {
    /// The camera's axis: the depth that the networks predict.
    Camera,
    /// The scanner's forward axis, used by the published evaluation on raw scans.
    Scanner,
}

/// Reads the points of a `.bin` file: metres forward, left and up from the scanner. Points that are not numbers are
/// left out, and logged.
///
/// # Errors
/// The file cannot be read, or does not hold the points of a scan.
pub fn read(path: &Path) -> Result<Vec<Vec3>, DataError> {
    let unreadable = |reason: String| DataError::unreadable("laser scan", path, reason);
    let bytes = read_within(path, MAX_BYTES).map_err(|error| unreadable(io_reason(&error)))?;
    let points = parse(&bytes).map_err(unreadable)?;
    let left_out = bytes.len() / POINT_BYTES - points.len();
    if left_out > 0 {
        let points = points.len();
        warn!(path = %path.display(), left_out, points, "points of a laser scan that are not numbers left out");
    }
    Ok(points)
}

/// Parses the bytes of a `.bin` file, without the points that are not numbers.
///
/// # Errors
/// The bytes are not whole points, or no scanner measures such points.
pub fn parse(bytes: &[u8]) -> Result<Vec<Vec3>, String> {
    let rows = Rows::<4>::of(bytes);
    let is_plausible = rows.as_ref().is_some_and(|rows| rows.is_scan() && !rows.has_coordinates_as_fourth());
    if let (false, Some(layout)) = (is_plausible, likely_layout(bytes)) {
        return Err(format!(
            "it does not have four numbers a point (x, y, z, reflectance, f32 each), but probably {layout}; write it \
             anew with four"
        ));
    }
    let foreign = || foreign_content(&bytes[..bytes.len().min(START)]).map(ForeignContent::reason);
    match rows {
        Some(rows) if rows.is_scan() => {
            let points = rows.0.iter().map(|[x, y, z, _]| Vec3::new(*x, *y, *z));
            Ok(points.filter(|point| point.is_finite()).collect())
        }
        Some(rows) => Err(foreign().unwrap_or_else(|| {
            let (count, near, far) = (rows.0.len(), RANGE_METRES.start, RANGE_METRES.end);
            format!(
                "most of its {count} points are not between {near} and {far} m away: it is no scan of x, y, z and \
                 reflectance, f32 each"
            )
        })),
        None => Err(foreign().unwrap_or_else(|| {
            let count = bytes.len();
            format!(
                "its {count} bytes are not whole points of {POINT_BYTES}: it is cut off, or has another layout"
            )
        })),
    }
}

/// Points of `N` numbers each.
struct Rows<const N: usize>(Vec<[f32; N]>);

impl<const N: usize> Rows<N> {
    /// The points, if there are some and all of them are whole.
    fn of(bytes: &[u8]) -> Option<Self> {
        Self::from_numbers(bytes, |bytes: [u8; 4]| f32::from_le_bytes(bytes))
    }

    fn from_numbers<const B: usize>(bytes: &[u8], number: impl Fn([u8; B]) -> f32) -> Option<Self> {
        let (numbers, []) = bytes.as_chunks::<B>() else { return None };
        let numbers: Vec<f32> = numbers.iter().map(|bytes| number(*bytes)).collect();
        let (rows, []) = numbers.as_chunks::<N>() else { return None };
        (!rows.is_empty()).then(|| Self(rows.to_vec()))
    }

    /// True if at least half of the points are in the range of a scanner. Zeros and what is not a number do not count:
    /// some programs write them where nothing was measured.
    fn is_scan(&self) -> bool {
        let distances = self.0.iter().map(|row| Vec3::new(row[0], row[1], row[2]).length());
        let (mut near, mut all) = (0, 0);
        for distance in distances.filter(|distance| *distance != 0.0 && !distance.is_nan()) {
            all += 1;
            near += usize::from(RANGE_METRES.contains(&distance));
        }
        near > 0 && 2 * near >= all
    }

    /// Share of the points whose number at an index is below −1. Coordinates often are; reflectances, rings and
    /// times are not, though some programs write −1 where they know none.
    fn share_below(&self, index: usize) -> f64 {
        self.0.iter().filter(|row| row[index] < -1.0).count() as f64 / self.0.len() as f64
    }

    /// True if the fourth number is often as negative as only coordinates are.
    fn has_coordinates_as_fourth(&self) -> bool {
        self.share_below(3) > MOST_BELOW
    }

    /// True if the points are those of a scanner, with other numbers after the coordinates that no coordinates are.
    fn is_likely(&self) -> bool {
        self.is_scan() && (3..N).all(|index| self.share_below(index) <= MOST_BELOW)
    }
}

/// Largest share of points whose reflectance may be below −1.
const MOST_BELOW: f64 = 0.01;

/// The layout that bytes probably have, if not four numbers of f32 for each point.
fn likely_layout(bytes: &[u8]) -> Option<&'static str> {
    let double = |bytes: [u8; 8]| f64::from_le_bytes(bytes) as f32;
    let is_likely = [
        (
            Rows::<4>::from_numbers(bytes, f32::from_be_bytes).is_some_and(|rows| rows.is_likely()),
            "four in big-endian order",
        ),
        (Rows::<4>::from_numbers(bytes, double).is_some_and(|rows| rows.is_likely()), "four of f64"),
        (Rows::<5>::of(bytes).is_some_and(|rows| rows.is_likely()), "five, as nuScenes has"),
        (Rows::<3>::from_numbers(bytes, double).is_some_and(|rows| rows.is_likely()), "three of f64"),
        (Rows::<6>::of(bytes).is_some_and(|rows| rows.is_likely()), "six"),
        (Rows::<3>::of(bytes).is_some_and(|rows| rows.is_likely()), "three (x, y, z)"),
    ];
    is_likely.into_iter().find_map(|(is_likely, layout)| is_likely.then_some(layout))
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
