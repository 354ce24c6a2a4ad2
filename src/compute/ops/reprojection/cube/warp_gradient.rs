//! Gradient of view synthesis on the GPU, from the colours back to disparity and projections. A value that many pixels
//! contribute to is gathered by the thread that owns it, so no atomics are needed.

#![allow(clippy::too_many_arguments, reason = "a kernel is given every buffer that it touches")]

use super::{
    compare_gradient::colour_gradient,
    warp::{Pixel, depth_at, direction, project, stretch, stretched, taps},
};
use crate::compute::ops::{
    cube::workgroup_sum,
    reduction::{CHUNKS, THREADS, chunk_of},
    sample::cube::{freedom, locate, min_index, slopes_at},
};
use cubecl::prelude::*;

/// Gradients of the mean loss with respect to the homogeneous points in the sources, `[B, 3·sources, H, W]`, and to the
/// upsampled disparity. `share` is 1 / (B·H·W).
///
/// With the position p = (x, y)/z and its gradient g, the gradient of the point is (gₓ, gᵧ, −g·p)/z. The derivative of
/// the point with respect to depth is its direction, that of depth with respect to disparity −slope·depth².
#[cube(launch)]
pub(super) fn pull_back_kernel(
    disparity: &Tensor<f32>,
    projections: &Tensor<f32>,
    sources: &Tensor<f32>,
    warped: &Tensor<f32>,
    target: &Tensor<f32>,
    chosen: &Tensor<f32>,
    slopes: &Tensor<f32>,
    points: &mut Tensor<f32>,
    disparity_gradient: &mut Tensor<f32>,
    depth_offset: f32,
    depth_slope: f32,
    share: f32,
    #[comptime] identities: usize,
    #[comptime] use_ssim: bool,
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
    let mut depth_gradient = f32::new(0.0);
    for source in 0..projections.shape(1) {
        let image = pixel.item * projections.shape(1) + source;
        let matrix = image * 12;
        let point = project(projections, matrix, &pixel, depth);
        let (seen_x, seen_y) = (point.x * point.inverse, point.y * point.inverse);
        let x = stretched(seen_x, width, align_corners);
        let y = stretched(seen_y, height, align_corners);
        let cell = locate(x, y, height, width);
        let mut along_x = f32::new(0.0);
        let mut along_y = f32::new(0.0);
        for colour in 0..3 {
            let plane = (image * 3 + colour) * pixels;
            let (slope_x, slope_y) = slopes_at(sources, plane, &cell);
            let by_colour = share
                * colour_gradient(
                    warped, target, chosen, slopes, &pixel, source, colour, identities, use_ssim,
                );
            along_x += by_colour * slope_x;
            along_y += by_colour * slope_y;
        }
        along_x *= freedom(x, width) * stretch(width, align_corners);
        along_y *= freedom(y, height) * stretch(height, align_corners);
        // For a point in the camera's plane the inverse may be infinite, and 0·∞ must not become NaN.
        let moves = along_x != 0.0 || along_y != 0.0;
        let by_x = select(moves, along_x * point.inverse, 0.0);
        let by_y = select(moves, along_y * point.inverse, 0.0);
        let by_z = select(moves, -(along_x * seen_x + along_y * seen_y) * point.inverse, 0.0);
        let plane = image * 3 * pixels + index;
        points[plane] = by_x;
        points[plane + pixels] = by_y;
        points[plane + 2 * pixels] = by_z;
        depth_gradient += by_x * direction(projections, matrix, 0, &pixel)
            + by_y * direction(projections, matrix, 1, &pixel)
            + by_z * direction(projections, matrix, 2, &pixel);
    }
    disparity_gradient[ABSOLUTE_POS] = -depth_slope * depth * depth * depth_gradient;
}

/// Gradient with respect to the projections, by chunk of the image, `[B, 3·sources, 4, CHUNKS]`, from that with respect
/// to the points, `[B, 3·sources, H, W]`. One workgroup sums over the pixels of one chunk for one row of a matrix.
///
/// A point is the matrix times (u·depth, v·depth, depth, 1).
#[cube(launch)]
pub(super) fn moments_kernel(
    disparity: &Tensor<f32>,
    points: &Tensor<f32>,
    moments: &mut Tensor<f32>,
    depth_offset: f32,
    depth_slope: f32,
) {
    let (height, width) = (points.shape(2), points.shape(3));
    let pixels = height * width;
    let planes = points.shape(1);
    if CUBE_POS >= points.shape(0) * planes * CHUNKS {
        terminate!();
    }
    let plane = CUBE_POS / CHUNKS;
    let chunk = chunk_of(CUBE_POS % CHUNKS, pixels);
    let mut by_depth_x = f32::new(0.0);
    let mut by_depth_y = f32::new(0.0);
    let mut by_depth = f32::new(0.0);
    let mut by_translation = f32::new(0.0);
    let mut index = chunk.first + UNIT_POS as usize;
    while index < chunk.end {
        let pixel = Pixel { item: plane / planes, row: index / width, column: index % width };
        let depth = depth_at(disparity, &pixel, height, width, depth_offset, depth_slope);
        let gradient = points[plane * pixels + index];
        let by_direction = gradient * depth;
        by_depth_x += by_direction * f32::cast_from(pixel.column);
        by_depth_y += by_direction * f32::cast_from(pixel.row);
        by_depth += by_direction;
        by_translation += gradient;
        index += THREADS;
    }
    let by_depth_x = workgroup_sum::<f32>(by_depth_x, THREADS);
    let by_depth_y = workgroup_sum::<f32>(by_depth_y, THREADS);
    let by_depth = workgroup_sum::<f32>(by_depth, THREADS);
    let by_translation = workgroup_sum::<f32>(by_translation, THREADS);
    if UNIT_POS == 0 {
        let start = plane * 4 * CHUNKS + CUBE_POS % CHUNKS;
        moments[start] = by_depth_x;
        moments[start + CHUNKS] = by_depth_y;
        moments[start + 2 * CHUNKS] = by_depth;
        moments[start + 3 * CHUNKS] = by_translation;
    }
}

/// Weight of input pixel `input` in an output pixel of bilinear upsampling.
#[cube]
fn weight_of(output: usize, input: usize, inputs: usize, outputs: usize) -> f32 {
    let taps = taps(output, inputs, outputs);
    let as_first: f32 = select(taps.first == input, 1.0 - taps.weight, 0.0);
    let as_second: f32 = select(taps.second == input, taps.weight, 0.0);
    as_first + as_second
}

/// First output pixel that may depend on input pixel `input`. (May be too early by a few: their weights are 0.)
#[cube]
fn first_dependent(input: usize, inputs: usize, outputs: usize) -> usize {
    // Output pixel o lies at (o + ½)·inputs/outputs − ½, which must be greater than input − 1.
    let first = (2 * input + 1) * outputs / (2 * inputs);
    let margin = outputs / inputs + 2;
    select(first > margin, first - margin, 0)
}

/// End of the output pixels that may depend on input pixel `input`. (May be too late by a few: their weights are 0.)
#[cube]
fn end_of_dependent(input: usize, inputs: usize, outputs: usize) -> usize {
    min_index((2 * input + 3) * outputs / (2 * inputs) + 1, outputs)
}

/// Transpose of bilinear upsampling: the gradient `[B, 1, h, w]` of the map that was upsampled to `[B, 1, H, W]`.
#[cube(launch)]
pub(super) fn downsample_kernel(upsampled: &Tensor<f32>, gradient: &mut Tensor<f32>) {
    let (height, width) = (upsampled.shape(2), upsampled.shape(3));
    let (rows, columns) = (gradient.shape(2), gradient.shape(3));
    if ABSOLUTE_POS >= gradient.shape(0) * rows * columns {
        terminate!();
    }
    let item = ABSOLUTE_POS / (rows * columns);
    let row = ABSOLUTE_POS / columns % rows;
    let column = ABSOLUTE_POS % columns;
    let mut sum = f32::new(0.0);
    for y in first_dependent(row, rows, height)..end_of_dependent(row, rows, height) {
        let mut along = f32::new(0.0);
        for x in first_dependent(column, columns, width)..end_of_dependent(column, columns, width) {
            along += upsampled[(item * height + y) * width + x] * weight_of(x, column, columns, width);
        }
        sum += along * weight_of(y, row, rows, height);
    }
    gradient[ABSOLUTE_POS] = sum;
}
