//! Point clouds: pixels back-projected by their depth, as PLY files.

use crate::{data::atomic_file::write_whole, geometry::Intrinsics};
use anyhow::{Context, Result};
use glam::Vec3;
use image::RgbImage;
use std::{
    io::{self, Write},
    path::Path,
};

/// Bytes of a point in a file: three floats and three levels.
const VERTEX: usize = 15;

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

/// The points of a picture, row by row: one for every pixel that the filter leaves. `depth` gives the depth of a pixel,
/// counted row by row.
pub fn cloud(
    image: &RgbImage,
    depth: impl Fn(usize) -> f32 + Clone,
    intrinsics: Intrinsics,
    filter: CloudFilter,
) -> impl Iterator<Item = CloudPoint> + Clone {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let [focal_x, focal_y, ..] = intrinsics.in_pixels(width, height);
    let steepest = filter.flattest.map(|angle| 1.0 / angle.tan());
    // As in cloud.wgsl: compares depth with the length perpendicular to the line of sight.
    let is_edge = |steepest: f32, here: f32, neighbour: f32, focal_length: f32| {
        (neighbour - here).abs() * focal_length > steepest * here.min(neighbour)
    };
    (0..width * height).filter_map(move |index| {
        let (column, row, here) = (index % width, index / width, depth(index));
        let right = row * width + (column + 1).min(width - 1);
        let below = (row + 1).min(height - 1) * width + column;
        let is_wanted = here > 0.0
            && here.is_finite()
            && filter.farthest.is_none_or(|farthest| here <= farthest)
            && !steepest.is_some_and(|steepest| {
                is_edge(steepest, here, depth(right), focal_x)
                    || is_edge(steepest, here, depth(below), focal_y)
            });
        is_wanted.then(|| CloudPoint {
            position: intrinsics.ray(column, row, width, height) * here,
            colour: image.get_pixel(column as u32, row as u32).0,
        })
    })
}

/// Points as a PLY file, binary little endian: float x, y, z and uchar red, green, blue. The comment, one
/// line, states what a reader of the file must know, such as the unit.
pub fn ply(points: &[CloudPoint], comment: &str) -> Vec<u8> {
    let mut bytes = header(points.len(), comment).into_bytes();
    points.iter().for_each(|point| bytes.extend(vertex(point)));
    bytes
}

fn header(points: usize, comment: &str) -> String {
    let mut header = format!(
        "ply\nformat binary_little_endian 1.0\ncomment {}\nelement vertex {points}\n",
        comment.replace(['\n', '\r'], " "),
    );
    for property in ["float x", "float y", "float z", "uchar red", "uchar green", "uchar blue"] {
        header += "property ";
        header += property;
        header += "\n";
    }
    header += "end_header\n";
    header
}

fn vertex(CloudPoint { position, colour }: &CloudPoint) -> impl Iterator<Item = u8> {
    position.to_array().into_iter().flat_map(f32::to_le_bytes).chain(*colour)
}

/// Writes points in the format of [`ply`], atomically. Returns the number of points. It counts them first instead of
/// holding them.
///
/// # Errors
/// The file cannot be written.
pub fn write_ply(
    path: &Path,
    mut points: impl Iterator<Item = CloudPoint> + Clone,
    comment: &str,
) -> Result<usize> {
    let count = points.clone().count();
    let written = write_whole(path, |file| {
        file.write_all(header(count, comment).as_bytes())?;
        points.try_for_each(|point| -> io::Result<()> {
            let mut bytes = [0; VERTEX];
            bytes.iter_mut().zip(vertex(&point)).for_each(|(byte, value)| *byte = value);
            file.write_all(&bytes)
        })
    });
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(count)
}
