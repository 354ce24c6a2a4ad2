//! The three passes over an image or a batch: output, gradient of input, gradient of weight.

use super::{
    Activation,
    geometry::{Geometry, Tap},
    kernel::{PixelSums, ROWS, SLACK, ShiftedSums, TAPS},
    line::{fold_input, lay_gradient, lay_input, transpose_gradient},
    scratch::Scratch,
};
use rayon::prelude::*;
use std::borrow::Cow;

/// Enough tasks that cores of unequal speed finish together.
const TASKS: usize = 16;

/// Cuts a buffer of planes into tasks: `group` neighbouring planes, `block` values of each.
fn tasks(buffer: &mut [f32], plane: usize, group: usize, block: usize) -> Vec<Vec<&mut [f32]>> {
    let mut tasks = Vec::new();
    for planes in buffer.chunks_mut(plane * group) {
        let first = tasks.len();
        for plane in planes.chunks_mut(plane) {
            for (index, block) in plane.chunks_mut(block).enumerate() {
                if tasks.len() == first + index {
                    tasks.push(Vec::with_capacity(group));
                }
                tasks[first + index].push(block);
            }
        }
    }
    tasks
}

/// Rows of a `height` x `width` plane for a task, when there are `groups` groups of planes.
fn rows_of_a_task(groups: usize, height: usize, width: usize) -> usize {
    let blocks = TASKS.div_ceil(groups);
    height.div_ceil(blocks).max(512usize.div_ceil(width)).min(height)
}

/// Sums of shifted lines into planes of `width` columns (which lie `line_width` apart on the line).
struct Planes<'a> {
    line: &'a [f32],
    line_width: usize,
    weights: &'a [f32],
    row_stride: usize,
    taps: &'a [Tap],
    bias: Option<&'a [f32]>,
    activation: Activation,
}

impl Planes<'_> {
    fn run(&self, target: &mut [f32], height: usize, width: usize) {
        let plane = height * width;
        let planes = target.len() / plane;
        let rows = rows_of_a_task(planes.div_ceil(ROWS), height, width);
        let blocks = height.div_ceil(rows);
        tasks(target, plane, ROWS, rows * width).into_par_iter().enumerate().for_each(
            |(task, mut target)| {
                let channel = task / blocks * ROWS;
                let first_row = task % blocks * rows;
                let own_rows = target[0].len() / width;
                let sums = ShiftedSums {
                    weights: &self.weights[channel * self.row_stride..],
                    row_stride: self.row_stride,
                    taps: self.taps,
                    line: self.line,
                    start: first_row * self.line_width,
                    positions: (own_rows - 1) * self.line_width + width,
                    rows: target.len(),
                    bias: self.bias.map(|bias| &bias[channel..]),
                    activation: self.activation,
                };
                sums.run(|row, position, mut sums| {
                    let (mut y, mut x) = (position / self.line_width, position % self.line_width);
                    while !sums.is_empty() {
                        let (own, rest) = sums.split_at(sums.len().min(self.line_width - x));
                        if x < width {
                            let count = own.len().min(width - x);
                            target[row][y * width + x..][..count].copy_from_slice(&own[..count]);
                        }
                        (y, x, sums) = (y + 1, 0, rest);
                    }
                });
            },
        );
    }
}

/// The output: batch, filters, height, width.
pub(super) fn output(
    geometry: &Geometry,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    activation: Activation,
) -> Vec<f32> {
    let g = geometry;
    let taps = g.taps();
    let mut output = vec![0.0; g.batch * g.output_len()];
    let mut lines = Scratch::take(g.lines_len() + SLACK);
    for (input, output) in input.chunks(g.input_len()).zip(output.chunks_mut(g.output_len())) {
        lay_input(g, input, &mut lines[..g.lines_len()]);
        let planes = Planes {
            line: &lines,
            line_width: g.line_width,
            weights: weight,
            row_stride: g.fan_in(),
            taps: &taps,
            bias,
            activation,
        };
        planes.run(output, g.output_height, g.output_width);
    }
    output
}

/// The gradient of the input from that of the output.
pub(super) fn input_gradient(geometry: &Geometry, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    let g = geometry;
    let mut result = vec![0.0; g.batch * g.input_len()];
    let mut lines = Scratch::take(g.gradient_len() + SLACK);
    let mut folded = Scratch::take(g.lines_len());
    let phases: Vec<Vec<Tap>> =
        (0..g.phases * g.phases).map(|phase| g.gradient_taps(phase / g.phases, phase % g.phases)).collect();
    for (gradient, result) in gradient.chunks(g.output_len()).zip(result.chunks_mut(g.input_len())) {
        lay_gradient(g, gradient, &mut lines);
        for (taps, target) in phases.iter().zip(folded.chunks_mut(g.channels * g.line_plane())) {
            let planes = Planes {
                line: &lines,
                line_width: g.line_width,
                weights: weight,
                row_stride: g.kernel * g.kernel,
                taps,
                bias: None,
                activation: Activation::None,
            };
            planes.run(target, g.line_height, g.line_width);
        }
        fold_input(g, &folded, result);
    }
    result
}

/// The gradient of the weight from that of the output.
pub(super) fn weight_gradient(geometry: &Geometry, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let g = geometry;
    let panel = if g.filters <= 16 { 16 } else { 32 };
    let panels = g.filters.div_ceil(panel);
    let taps: Vec<usize> = g.taps().iter().map(|tap| tap.line).collect();
    let blocks = taps.len().div_ceil(TAPS);
    let group = TAPS * (blocks * panels).div_ceil(TASKS).min(blocks).min(18);
    let groups = taps.len().div_ceil(group);
    let panel_len = g.output_plane() * panel;
    let mut result = vec![0.0; g.filters * g.fan_in()];
    let mut lines = Scratch::take(g.lines_len());
    let mut transposed = Scratch::take(panels * panel_len);
    for (input, gradient) in input.chunks(g.input_len()).zip(gradient.chunks(g.output_len())) {
        lay_input(g, input, &mut lines);
        transpose_gradient(g, gradient, panel, &mut transposed);
        tasks(&mut result, g.fan_in(), panel, group).into_par_iter().enumerate().for_each(
            |(task, mut target)| {
                let taps = &taps[task % groups * group..];
                let count = taps.len().min(group);
                // The last block is filled up with a tap whose sums nobody reads.
                let mut padded = taps[..count].to_vec();
                padded.resize(count.next_multiple_of(TAPS), taps[0]);
                let mut sums = vec![0.0; padded.len() * panel];
                let sum = PixelSums {
                    line: &lines,
                    line_width: g.line_width,
                    gradient: &transposed[task / groups * panel_len..][..panel_len],
                    width: g.output_width,
                    filters: panel,
                    taps: &padded,
                    sums: &mut sums,
                };
                sum.run();
                for (filter, target) in target.iter_mut().enumerate() {
                    for (tap, value) in target.iter_mut().enumerate() {
                        *value += sums[tap * panel + filter];
                    }
                }
            },
        );
    }
    result
}

/// The gradient of the bias from that of the output.
pub(super) fn bias_gradient(geometry: &Geometry, gradient: &[f32]) -> Vec<f32> {
    let plane = geometry.output_plane();
    let mut result = vec![0.0; geometry.filters];
    for image in gradient.chunks(geometry.output_len()) {
        for (sum, plane) in result.iter_mut().zip(image.chunks(plane)) {
            *sum += total(plane);
        }
    }
    result
}

/// The gradient of what the activation was applied to.
pub(super) fn through_activation<'a>(
    activation: Activation,
    output: &[f32],
    gradient: &'a [f32],
) -> Cow<'a, [f32]> {
    if activation == Activation::None {
        return Cow::Borrowed(gradient);
    }
    let derivative = |(output, gradient): (&f32, &f32)| gradient * activation.derivative(*output);
    Cow::Owned(output.par_iter().zip(gradient).map(derivative).collect())
}

/// Adds many values up in several running sums, which is faster and more exact than one.
fn total(values: &[f32]) -> f32 {
    let mut sums = [0.0f32; 32];
    let (blocks, rest) = values.as_chunks::<32>();
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}
