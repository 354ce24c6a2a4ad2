//! Point clouds: pixels back-projected by their depth, as PLY files.

use crate::{data::atomic_file::write_whole, geometry::Intrinsics};
use anyhow::{Context, Result};
use glam::Vec3;
use image::RgbImage;
use std::{io::Write, path::Path};

/// Coloured point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloudPoint {
    /// Position in the camera's axes: x right, y down, z forward.
    pub position: Vec3,
    /// sRGB.
    pub colour: [u8; 3],
}

/// Choice of the pixels that become points; by default all that have a depth above 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloudFilter {
    /// Maximum depth of a point, in the unit of the depths.
    pub farthest: Option<f32>,
    /// Minimum angle between surface and line of sight, radians. It drops the flying pixels at depth
    /// discontinuities, where the network blends near with far.
    pub flattest: Option<f32>,
}

/// The points of a picture with these depths, row by row: one for every pixel that the filter leaves.
///
/// # Panics
/// If there are fewer depths than pixels.
pub fn cloud(
    image: &RgbImage,
    depths: &[f32],
    intrinsics: Intrinsics,
    filter: CloudFilter,
) -> impl Iterator<Item = CloudPoint> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let [focal_x, focal_y, ..] = intrinsics.in_pixels(width, height);
    let steepest = filter.flattest.map(|angle| 1.0 / angle.tan());
    // As in cloud.wgsl: compares depth with the length perpendicular to the line of sight.
    let is_edge = move |here: f32, neighbour: f32, focal_length: f32| {
        steepest
            .is_some_and(|steepest| (neighbour - here).abs() * focal_length > steepest * here.min(neighbour))
    };
    (0..width * height).filter_map(move |index| {
        let (column, row, depth) = (index % width, index / width, depths[index]);
        let right = depths[row * width + (column + 1).min(width - 1)];
        let below = depths[(row + 1).min(height - 1) * width + column];
        let is_wanted = depth > 0.0
            && depth.is_finite()
            && filter.farthest.is_none_or(|farthest| depth <= farthest)
            && !is_edge(depth, right, focal_x)
            && !is_edge(depth, below, focal_y);
        is_wanted.then(|| CloudPoint {
            position: intrinsics.ray(column, row, width, height) * depth,
            colour: image.get_pixel(column as u32, row as u32).0,
        })
    })
}

/// Points as a PLY file, binary little endian: float x, y, z and uchar red, green, blue. The comment, one
/// line, states what a reader of the file must know, such as the unit.
pub fn ply(points: &[CloudPoint], comment: &str) -> Vec<u8> {
    let mut header = format!(
        "ply\nformat binary_little_endian 1.0\ncomment {}\nelement vertex {}\n",
        comment.replace(['\n', '\r'], " "),
        points.len()
    );
    for property in ["float x", "float y", "float z", "uchar red", "uchar green", "uchar blue"] {
        header += "property ";
        header += property;
        header += "\n";
    }
    header += "end_header\n";
    let mut bytes = header.into_bytes();
    for CloudPoint { position, colour } in points {
        bytes.extend(position.to_array().into_iter().flat_map(f32::to_le_bytes));
        bytes.extend(colour);
    }
    bytes
}

/// Writes points in the format of [`ply`], atomically. Returns the number of points.
///
/// # Errors
/// The file cannot be written.
pub fn write_ply(path: &Path, points: impl IntoIterator<Item = CloudPoint>, comment: &str) -> Result<usize> {
    let points: Vec<CloudPoint> = points.into_iter().collect();
    let bytes = ply(&points, comment);
    let written = write_whole(path, |file| file.write_all(&bytes));
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(points.len())
}
