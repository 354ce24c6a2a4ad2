//! View synthesis of one row and its gradient: disparity to depth to source pixel to colour.

use crate::compute::ops::{loss_constants::SMALLEST_DEPTH, resize::taps};
use glam::Vec4;

/// Bilinear upsampling along one axis: for each output pixel two input pixels and the weight of the second.
pub(super) struct Upsampling(Vec<(u32, u32, f32)>);

impl Upsampling {
    pub fn new(input: usize, output: usize) -> Self {
        Self(
            taps(input, output)
                .map(|(first, second, weight)| (first as u32, second as u32, weight))
                .collect(),
        )
    }

    /// The two input rows of an output row, and the weight of the second.
    pub fn row(&self, row: usize) -> (usize, usize, f32) {
        let (first, second, weight) = self.0[row];
        (first as usize, second as usize, weight)
    }

    /// Upsamples a row.
    #[inline(always)]
    pub fn apply(&self, row: &[f32], stretched: &mut [f32]) {
        for (value, (first, second, weight)) in stretched.iter_mut().zip(&self.0) {
            let (first, second) = (row[*first as usize], row[*second as usize]);
            *value = first + weight * (second - first);
        }
    }

    /// Transpose of [`Self::apply`]: adds the gradient of an upsampled row to that of the row.
    #[inline(always)]
    pub fn apply_transposed(&self, stretched: &[f32], row: &mut [f32]) {
        for (value, (first, second, weight)) in stretched.iter().zip(&self.0) {
            row[*first as usize] += (1.0 - weight) * value;
            row[*second as usize] += weight * value;
        }
    }
}

/// Source image with the colours of a pixel side by side, so that one load fetches them all.
pub(super) struct InterleavedImage {
    pixels: Vec<Vec4>,
    height: usize,
    width: usize,
}

impl InterleavedImage {
    /// Interleaves three planes of at least two rows and columns.
    pub fn new(planes: &[f32], height: usize, width: usize) -> Self {
        let (red, rest) = planes.split_at(height * width);
        let (green, blue) = rest.split_at(height * width);
        let pixels = red.iter().zip(green).zip(blue).map(|((r, g), b)| Vec4::new(*r, *g, *b, 0.0)).collect();
        Self { pixels, height, width }
    }

    /// The four pixels of a cell: upper left, upper right, lower left, lower right.
    #[inline(always)]
    fn corners(&self, cell: u32) -> [Vec4; 4] {
        let above = &self.pixels[cell as usize..][..2];
        let below = &self.pixels[cell as usize + self.width..][..2];
        [above[0], above[1], below[0], below[1]]
    }
}

/// Cells of a row of sampling positions: the four pixels around each position, and the weights of interpolation.
pub(super) struct Cells {
    /// Index of the cell's upper left pixel.
    corner: Vec<u32>,
    /// Weight of the right column.
    x_weight: Vec<f32>,
    /// Weight of the lower row.
    y_weight: Vec<f32>,
}

impl Cells {
    pub fn new(width: usize) -> Self {
        Self { corner: vec![0; width], x_weight: vec![0.0; width], y_weight: vec![0.0; width] }
    }

    #[inline(always)]
    fn locate(&mut self, source: &InterleavedImage, xs: &[f32], ys: &[f32]) {
        let width = xs.len();
        let ys = &ys[..width];
        let (corner, x_weight, y_weight) =
            (&mut self.corner[..width], &mut self.x_weight[..width], &mut self.y_weight[..width]);
        let (last_x, last_y) = ((source.width - 1) as i32, (source.height - 1) as i32);
        for i in 0..width {
            // Given NaN, `max` returns its other operand, so NaN becomes pixel 0.
            let (x, y) = (xs[i].max(0.0).min(last_x as f32), ys[i].max(0.0).min(last_y as f32));
            let (column, row) = ((x as i32).min(last_x - 1), (y as i32).min(last_y - 1));
            corner[i] = (row * (last_x + 1) + column) as u32;
            (x_weight[i], y_weight[i]) = (x - column as f32, y - row as f32);
        }
    }
}

/// Projection of one row of target pixels into a source: the 3×4 matrix with the row substituted.
#[derive(Clone, Copy)]
pub(super) struct RowProjection {
    /// Change of the direction from one pixel of the row to the next, by homogeneous coordinate.
    slope: [f32; 3],
    /// Direction of the first pixel of the row.
    start: [f32; 3],
    /// Last column of the matrix.
    shift: [f32; 3],
    /// Ratio and offset from pixels to sampling positions, by axis (see [`super::ReprojectionOptions`]).
    sampling: [(f32, f32); 2],
}

impl RowProjection {
    /// Substitutes the row into a 3×4 matrix, given row by row.
    pub fn new(projection: &[f32; 12], row: usize, sampling: [(f32, f32); 2]) -> Self {
        let column = |index: usize| [projection[index], projection[4 + index], projection[8 + index]];
        let (along_x, along_y, start) = (column(0), column(1), column(2));
        let start = [0, 1, 2].map(|axis| along_y[axis] * row as f32 + start[axis]);
        Self { slope: along_x, start, shift: column(3), sampling }
    }

    #[inline(always)]
    fn direction(&self, column: usize) -> [f32; 3] {
        [0, 1, 2].map(|axis| self.slope[axis] * column as f32 + self.start[axis])
    }

    /// Computes the sampling positions of a row with this depth.
    #[inline(always)]
    pub fn positions(&self, depth: &[f32], xs: &mut [f32], ys: &mut [f32]) {
        let width = depth.len();
        let (xs, ys) = (&mut xs[..width], &mut ys[..width]);
        let [(ratio_x, offset_x), (ratio_y, offset_y)] = self.sampling;
        for column in 0..width {
            let [x, y, z] = self.direction(column);
            let d = depth[column];
            let inverse = 1.0 / (d * z + self.shift[2] + SMALLEST_DEPTH);
            xs[column] = (d * x + self.shift[0]) * inverse * ratio_x + offset_x;
            ys[column] = (d * y + self.shift[1]) * inverse * ratio_y + offset_y;
        }
    }

    /// Goes back from the gradient of the sampling positions to those of depth, added to `depth_gradient`, and of the
    /// projection, added to `projection_gradient`. `points` is overwritten with the gradient of the homogeneous points.
    #[inline(always)]
    pub fn pull_back(
        &self,
        row: usize,
        depth: &[f32],
        positions: [&[f32]; 2],
        points: [&mut [f32]; 3],
        depth_gradient: &mut [f32],
        projection_gradient: &mut [f64; 12],
    ) {
        let width = depth.len();
        let [xs, ys] = positions.map(|gradient| &gradient[..width]);
        let [g0, g1, g2] = points.map(|gradient| &mut gradient[..width]);
        let depth_gradient = &mut depth_gradient[..width];
        let [(ratio_x, _), (ratio_y, _)] = self.sampling;
        for i in 0..width {
            let [x, y, z] = self.direction(i);
            let (gx, gy, d) = (xs[i] * ratio_x, ys[i] * ratio_y, depth[i]);
            // For a point in the camera's plane the inverse may be infinite, and 0·∞ must not become NaN.
            let still = gx == 0.0 && gy == 0.0;
            let inverse = if still { 0.0 } else { 1.0 / (d * z + self.shift[2] + SMALLEST_DEPTH) };
            let (px, py) = ((d * x + self.shift[0]) * inverse, (d * y + self.shift[1]) * inverse);
            (g0[i], g1[i], g2[i]) = (gx * inverse, gy * inverse, -(gx * px + gy * py) * inverse);
            depth_gradient[i] += g0[i] * x + g1[i] * y + g2[i] * z;
        }
        for (axis, gradient) in [g0, g1, g2].into_iter().enumerate() {
            let [along, once, shift] = moments(gradient, depth);
            let gradient = &mut projection_gradient[4 * axis..4 * axis + 4];
            gradient[0] += along;
            gradient[1] += once * row as f64;
            gradient[2] += once;
            gradient[3] += shift;
        }
    }
}

/// Sums over a row of g·depth·column, g·depth and g.
#[inline(always)]
fn moments(gradient: &[f32], depth: &[f32]) -> [f64; 3] {
    // In lanes side by side, because each addition to a single sum would wait for the one before.
    const LANES: usize = 16;
    let mut sums = [[0.0_f32; LANES]; 3];
    let mut add = |first: usize, gradient: &[f32], depth: &[f32]| {
        for lane in 0..gradient.len() {
            let moved = gradient[lane] * depth[lane];
            sums[0][lane] += moved * (first + lane) as f32;
            sums[1][lane] += moved;
            sums[2][lane] += gradient[lane];
        }
    };
    let (gradients, depths) = (gradient.chunks_exact(LANES), depth.chunks_exact(LANES));
    let rest = gradient.len() / LANES * LANES;
    for (index, (gradient, depth)) in gradients.zip(depths).enumerate() {
        add(index * LANES, &gradient[..LANES], &depth[..LANES]);
    }
    add(rest, &gradient[rest..], &depth[rest..]);
    sums.map(|lanes| f64::from(lanes.iter().sum::<f32>()))
}

/// Samples colours at a row of positions, into one row of each colour's plane.
#[inline(always)]
pub(super) fn sample(
    source: &InterleavedImage,
    [xs, ys]: [&[f32]; 2],
    cells: &mut Cells,
    colours: [&mut [f32]; 3],
) {
    cells.locate(source, xs, ys);
    let width = xs.len();
    let [red, green, blue] = colours.map(|colour| &mut colour[..width]);
    for i in 0..width {
        let [a, b, c, d] = source.corners(cells.corner[i]);
        let (above, below) = (a + (b - a) * cells.x_weight[i], c + (d - c) * cells.x_weight[i]);
        let colour = above + (below - above) * cells.y_weight[i];
        [red[i], green[i], blue[i], _] = colour.to_array();
    }
}

/// Computes the gradient with respect to a row of positions from that with respect to the sampled colours.
#[inline(always)]
pub(super) fn sample_gradient(
    source: &InterleavedImage,
    [xs, ys]: [&[f32]; 2],
    cells: &mut Cells,
    colour_gradient: [&[f32]; 3],
    position_gradient: [&mut [f32]; 2],
) {
    cells.locate(source, xs, ys);
    let width = xs.len();
    let [red, green, blue] = colour_gradient.map(|gradient| &gradient[..width]);
    let [along_x, along_y] = position_gradient.map(|gradient| &mut gradient[..width]);
    for i in 0..width {
        let [a, b, c, d] = source.corners(cells.corner[i]);
        let upstream = Vec4::new(red[i], green[i], blue[i], 0.0);
        let (above, left) = (b - a, c - a);
        along_x[i] = upstream.dot(above + ((d - c) - above) * cells.y_weight[i]);
        along_y[i] = upstream.dot(left + ((d - b) - left) * cells.x_weight[i]);
    }
    // A position that was clamped to the border does not change the colour.
    for (gradient, positions, last) in [(along_x, xs, source.width - 1), (along_y, ys, source.height - 1)] {
        for (gradient, position) in gradient.iter_mut().zip(positions) {
            let free = *position > 0.0 && *position < last as f32;
            *gradient = if free { *gradient } else { 0.0 };
        }
    }
}
