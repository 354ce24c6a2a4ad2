//! View synthesis on the GPU: disparity to depth to source pixel to colour, one thread per pixel.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use crate::compute::ops::{
    loss_constants::SMALLEST_DEPTH,
    sample::cube::{colour_at, locate, min_index},
};
use cubecl::prelude::*;

/// Taps of bilinear upsampling along one axis: the two input pixels that an output pixel lies between, and the weight of
/// the second. The same as `resize::taps`.
#[derive(CubeType)]
pub(super) struct UpsampleTaps {
    pub first: usize,
    pub second: usize,
    pub weight: f32,
}

#[cube]
pub(super) fn taps(index: usize, input: usize, output: usize) -> UpsampleTaps {
    let ratio = f32::cast_from(input) / f32::cast_from(output);
    let position = (f32::cast_from(index) + 0.5) * ratio - 0.5;
    let held = select(position > 0.0, position, 0.0);
    let first = min_index(usize::cast_from(held), input - 1);
    UpsampleTaps { first, second: min_index(first + 1, input - 1), weight: held - f32::cast_from(first) }
}

/// A pixel of an image of the batch.
#[derive(CubeType)]
pub(super) struct Pixel {
    pub item: usize,
    pub row: usize,
    pub column: usize,
}

/// Depth at a pixel of an image of this size, from a disparity of any size: 1 / (offset + slope·disparity).
#[cube]
pub(super) fn depth_at(
    disparity: &Tensor<f32>,
    pixel: &Pixel,
    height: usize,
    width: usize,
    offset: f32,
    slope: f32,
) -> f32 {
    let (rows, columns) = (disparity.shape(2), disparity.shape(3));
    let y_taps = taps(pixel.row, rows, height);
    let x_taps = taps(pixel.column, columns, width);
    let above = (pixel.item * rows + y_taps.first) * columns;
    let below = (pixel.item * rows + y_taps.second) * columns;
    let upper_left = disparity[above + x_taps.first];
    let upper_right = disparity[above + x_taps.second];
    let left = upper_left + y_taps.weight * (disparity[below + x_taps.first] - upper_left);
    let right = upper_right + y_taps.weight * (disparity[below + x_taps.second] - upper_right);
    f32::new(1.0) / (offset + slope * (left + x_taps.weight * (right - left)))
}

/// Product of (u, v, 1) and the first three columns of row `axis` of the 3×4 projection at index `matrix`.
#[cube]
pub(super) fn direction(projections: &Tensor<f32>, matrix: usize, axis: usize, pixel: &Pixel) -> f32 {
    let start = matrix + 4 * axis;
    projections[start] * f32::cast_from(pixel.column)
        + projections[start + 1] * f32::cast_from(pixel.row)
        + projections[start + 2]
}

/// A homogeneous pixel of the source.
#[derive(CubeType)]
pub(super) struct Point {
    pub x: f32,
    pub y: f32,
    /// 1 / (z + ε), which stays finite in the camera's plane.
    pub inverse: f32,
}

/// Projection of a target pixel with this depth into the source: depth times direction, plus the matrix's last column.
#[cube]
pub(super) fn project(projections: &Tensor<f32>, matrix: usize, pixel: &Pixel, depth: f32) -> Point {
    let x = depth * direction(projections, matrix, 0, pixel) + projections[matrix + 3];
    let y = depth * direction(projections, matrix, 1, pixel) + projections[matrix + 7];
    let z = depth * direction(projections, matrix, 2, pixel) + projections[matrix + 11];
    Point { x, y, inverse: f32::new(1.0) / (z + SMALLEST_DEPTH) }
}

/// Factor from pixels to sampling positions (see `ReprojectionOptions::align_corners`).
#[cube]
pub(super) fn stretch(length: usize, #[comptime] align_corners: bool) -> f32 {
    let length = f32::cast_from(length);
    if align_corners { f32::new(1.0) } else { length / (length - 1.0) }
}

/// Sampling position of a pixel coordinate.
#[cube]
pub(super) fn stretched(coordinate: f32, length: usize, #[comptime] align_corners: bool) -> f32 {
    if align_corners { coordinate } else { coordinate * stretch(length, align_corners) - 0.5 }
}

/// Sources warped into the target, in the shape of `sources [B, 3·sources, H, W]`.
#[cube(launch)]
pub(super) fn warp_kernel(
    disparity: &Tensor<f32>,
    projections: &Tensor<f32>,
    sources: &Tensor<f32>,
    warped: &mut Tensor<f32>,
    depth_offset: f32,
    depth_slope: f32,
    #[comptime] align_corners: bool,
) {
    let (height, width) = (sources.shape(2), sources.shape(3));
    let pixels = height * width;
    if ABSOLUTE_POS >= sources.shape(0) * pixels {
        terminate!();
    }
    let index = ABSOLUTE_POS % pixels;
    let pixel = Pixel { item: ABSOLUTE_POS / pixels, row: index / width, column: index % width };
    let depth = depth_at(disparity, &pixel, height, width, depth_offset, depth_slope);
    for source in 0..projections.shape(1) {
        let image = pixel.item * projections.shape(1) + source;
        let point = project(projections, image * 12, &pixel, depth);
        let x = stretched(point.x * point.inverse, width, align_corners);
        let y = stretched(point.y * point.inverse, height, align_corners);
        let cell = locate(x, y, height, width);
        for colour in 0..3 {
            let plane = (image * 3 + colour) * pixels;
            warped[plane + index] = colour_at(sources, plane, &cell);
        }
    }
}
