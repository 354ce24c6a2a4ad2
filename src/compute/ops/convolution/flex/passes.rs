//! Passes over a batch: output, and the gradients of input, weight and bias.
//!
//! Each task copies the few rows that it needs to its own lines, small enough for the core's cache, and uses them for many
//! filters. Nothing of the size of an image is ever copied.

use super::{
    Activation,
    geometry::{Geometry, Tap},
    kernel::{MAX_LANES, PixelSums, ROWS, SLACK, ShiftedSums, TAPS},
    line::{add_input_lines, transpose_gradient, write_gradient_lines, write_input_lines},
    scratch::ScratchBuffer,
};
use rayon::prelude::*;
use std::ops::Range;

/// Most values that the lines of a block should have: 1 MB, so that they stay in a core's cache.
const MAX_LINE_VALUES: usize = 256 << 10;
/// Fewest positions that a block should have, so that its preparation is worth it.
const MIN_POSITIONS: usize = 1024;

/// Number of line rows of each block, if `height` rows are divided into blocks and each row takes `row_len` values.
fn rows_of_a_block(g: &Geometry, height: usize, row_len: usize) -> usize {
    let fitting = (MAX_LINE_VALUES / row_len).saturating_sub(g.cells - 1);
    let blocks = height.div_ceil(fitting.max(MIN_POSITIONS.div_ceil(g.line_width)));
    height.div_ceil(blocks)
}

/// Part of a batch of planes: neighbouring planes of one image, and some values of each.
struct PlaneBlock<'a> {
    image: usize,
    first_plane: usize,
    /// Index of the first value in each plane.
    first: usize,
    planes: Vec<&'a mut [f32]>,
}

/// Divides a batch of images, each of length `image` and made of planes of length `plane`, into parts of `group` planes
/// and `block` values of each plane.
fn parts(buffer: &mut [f32], image: usize, plane: usize, group: usize, block: usize) -> Vec<PlaneBlock<'_>> {
    let mut parts = Vec::new();
    for (image, planes) in buffer.chunks_mut(image).enumerate() {
        for (index, planes) in planes.chunks_mut(plane * group).enumerate() {
            let mut blocks: Vec<PlaneBlock> = (0..plane.div_ceil(block))
                .map(|part| {
                    let planes = Vec::with_capacity(group);
                    PlaneBlock { image, first_plane: index * group, first: part * block, planes }
                })
                .collect();
            for plane in planes.chunks_mut(plane) {
                for (part, values) in blocks.iter_mut().zip(plane.chunks_mut(block)) {
                    part.planes.push(values);
                }
            }
            parts.extend(blocks);
        }
    }
    parts
}

/// Computes the output, `[batch, filters, height, width]`.
pub(super) fn output(
    g: &Geometry,
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    activation: Activation,
) -> Vec<f32> {
    let lines_of_a_row = g.channels * g.phases * g.phases * g.line_width;
    let rows = rows_of_a_block(g, g.output_height, lines_of_a_row);
    let line_rows = rows + g.cells - 1;
    let taps = g.taps(g.channels, line_rows * g.line_width);
    let mut output = vec![0.0; g.batch * g.output_len()];
    let blocks = parts(&mut output, g.output_len(), g.output_plane(), g.filters, rows * g.output_width);
    blocks.into_par_iter().for_each(|mut block| {
        let first_row = block.first / g.output_width;
        let rows = block.planes[0].len() / g.output_width;
        let image = &input[block.image * g.input_len()..];
        let mut lines = ScratchBuffer::take(line_rows * lines_of_a_row + SLACK);
        write_input_lines(g, image, 0..g.channels, first_row..first_row + line_rows, &mut lines);
        block.planes.par_chunks_mut(ROWS).enumerate().for_each(|(group, planes)| {
            let filter = group * ROWS;
            let sums = ShiftedSums {
                weights: &weight[filter * g.fan_in()..],
                row_stride: g.fan_in(),
                rows: planes.len(),
                taps: &taps,
                line: &lines,
                positions: (rows - 1) * g.line_width + g.output_width,
                bias: bias.map(|bias| &bias[filter..]),
                activation,
            };
            sums.run(|row, position, sums| write_columns(g, planes[row], position, sums));
        });
    });
    output
}

/// Copies sums at neighbouring line positions to a plane of the output, without those beyond its columns.
fn write_columns(g: &Geometry, plane: &mut [f32], position: usize, mut sums: &[f32]) {
    let (mut y, mut x) = (position / g.line_width, position % g.line_width);
    while !sums.is_empty() {
        let (row, rest) = sums.split_at(sums.len().min(g.line_width - x));
        if x < g.output_width {
            let count = row.len().min(g.output_width - x);
            plane[y * g.output_width + x..][..count].copy_from_slice(&row[..count]);
        }
        (y, x, sums) = (y + 1, 0, rest);
    }
}

/// Computes the gradient of the input from that of the output.
pub(super) fn input_gradient(g: &Geometry, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
    let margin = g.gradient_margin();
    let square = g.kernel * g.kernel;
    let rows = g.stride * rows_of_a_block(g, g.height.div_ceil(g.stride), g.filters * g.line_width);
    let mut result = vec![0.0; g.batch * g.input_len()];
    let blocks = parts(&mut result, g.input_len(), g.height * g.width, g.channels, rows * g.width);
    blocks.into_par_iter().for_each(|mut block| {
        let first = block.first / g.width;
        let rows = first..first + block.planes[0].len() / g.width;
        let line_rows = line_rows_of(g, rows.clone());
        let plane = (line_rows.len() + margin) * g.line_width;
        let mut lines = ScratchBuffer::take(margin + g.filters * plane + SLACK);
        let gradient = &gradient[block.image * g.output_len()..][..g.output_len()];
        write_gradient_lines(g, gradient, line_rows.clone(), &mut lines);
        let phases: Vec<Vec<Tap>> = (0..g.phases * g.phases)
            .map(|phase| g.gradient_taps(phase / g.phases, phase % g.phases, plane))
            .collect();
        let positions = line_rows.len() * g.line_width;
        let channel_len = phases.len() * positions;
        block.planes.par_chunks_mut(ROWS).enumerate().for_each(|(group, planes)| {
            let mut sums = ScratchBuffer::take(ROWS * channel_len);
            for (phase, taps) in phases.iter().enumerate() {
                let shifted = ShiftedSums {
                    weights: &weight[group * ROWS * square..],
                    row_stride: square,
                    rows: planes.len(),
                    taps,
                    line: &lines,
                    positions,
                    bias: None,
                    activation: Activation::None,
                };
                shifted.run(|row, position, values| {
                    let start = row * channel_len + phase * positions + position;
                    sums[start..start + values.len()].copy_from_slice(values);
                });
            }
            for (plane, sums) in planes.iter_mut().zip(sums.chunks(channel_len)) {
                add_input_lines(g, sums, positions, line_rows.start, rows.clone(), plane);
            }
        });
    });
    result
}

/// Line rows that hold any of the image's `rows`, directly or mirrored.
fn line_rows_of(g: &Geometry, rows: Range<usize>) -> Range<usize> {
    let holds = |row: &usize| {
        (0..g.phases)
            .any(|phase| g.source(row * g.stride + phase, g.height).is_some_and(|row| rows.contains(&row)))
    };
    let first = (0..g.line_height).find(holds).unwrap_or(0);
    let last = (0..g.line_height).rfind(holds).unwrap_or(0);
    first..last + 1
}

/// Channels of a task of the weight's gradient.
const CHANNELS: usize = 64;
/// Filters of a task of the weight's gradient.
const FILTERS: usize = 64;
/// Tasks of the weight's gradient. Each sums up its pixels, and then these sums are added. The number is the same on
/// every machine, so that rounding does not depend on the number of threads.
const TASKS: usize = 16;

/// Computes the gradient of the weight from that of the output.
pub(super) fn weight_gradient(g: &Geometry, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let square = g.kernel * g.kernel;
    let filters = FILTERS.min(g.filters);
    let channels = CHANNELS.min(g.channels);
    let row_len = channels * g.phases * g.phases * g.line_width + filters * g.output_width;
    let rows = rows_of_a_block(g, g.output_height, row_len);
    let blocks: Vec<(usize, Range<usize>)> = (0..g.batch)
        .flat_map(|image| {
            let first_rows = (0..g.output_height).step_by(rows);
            first_rows.map(move |first| (image, first..g.output_height.min(first + rows)))
        })
        .collect();
    let groups = g.filters.div_ceil(filters) * g.channels.div_ceil(channels);
    let blocks_of_a_task = blocks.len().div_ceil(TASKS.div_ceil(groups));
    let mut result = vec![0.0; g.filters * g.fan_in()];
    let parts = parts(&mut result, g.filters * g.fan_in(), g.fan_in(), filters, channels * square);
    parts.into_par_iter().for_each(|mut part| {
        let filters = part.first_plane..part.first_plane + part.planes.len();
        let first_channel = part.first / square;
        let channels = first_channel..first_channel + part.planes[0].len() / square;
        let task = WeightTask { g, input, gradient, channels, filters, rows };
        let sums: Vec<ScratchBuffer> =
            blocks.par_chunks(blocks_of_a_task).map(|blocks| task.sums(blocks)).collect();
        for sums in sums {
            add_transposed(&sums, task.panel(), &mut part.planes);
        }
    });
    result
}

/// Adds sums, ordered by weight and then filter, to the weights of each filter.
fn add_transposed(sums: &[f32], panel: usize, planes: &mut [&mut [f32]]) {
    /// Weights of a block, few enough that their sums stay in the fastest cache from filter to filter.
    const WEIGHTS: usize = 16;
    for (block, sums) in sums.chunks(WEIGHTS * panel).enumerate() {
        for (filter, plane) in planes.iter_mut().enumerate() {
            let plane = plane.iter_mut().skip(block * WEIGHTS);
            for (value, sums) in plane.zip(sums.chunks_exact(panel)) {
                *value += sums[filter];
            }
        }
    }
}

/// Task that computes the gradient of the weights between some channels and some filters.
struct WeightTask<'a> {
    g: &'a Geometry,
    input: &'a [f32],
    gradient: &'a [f32],
    channels: Range<usize>,
    filters: Range<usize>,
    /// Output rows of a block.
    rows: usize,
}

impl WeightTask<'_> {
    /// Number of filters, rounded up to whole vectors.
    fn panel(&self) -> usize {
        self.filters.len().next_multiple_of(MAX_LANES)
    }

    /// Sums over all pixels of `blocks` (image, output rows), in the order weight, filter.
    fn sums(&self, blocks: &[(usize, Range<usize>)]) -> ScratchBuffer {
        let g = self.g;
        let panel = self.panel();
        let line_rows = self.rows + g.cells - 1;
        let taps = g.taps(self.channels.len(), line_rows * g.line_width);
        let mut taps: Vec<usize> = taps.iter().map(|tap| tap.line).collect();
        // The last block of taps is padded with a tap whose sums nobody reads.
        taps.resize(taps.len().next_multiple_of(TAPS), 0);
        let mut sums = ScratchBuffer::zeros(taps.len() * panel);
        let lines_len = self.channels.len() * g.phases * g.phases * line_rows * g.line_width;
        let mut lines = ScratchBuffer::take(lines_len);
        let mut transposed = ScratchBuffer::take(self.rows * g.output_width * panel);
        for (image, rows) in blocks {
            let channels = self.channels.clone();
            let input = &self.input[image * g.input_len()..];
            write_input_lines(g, input, channels, rows.start..rows.start + line_rows, &mut lines);
            let pixels = rows.start * g.output_width..rows.end * g.output_width;
            let transposed = &mut transposed[..pixels.len() * panel];
            let gradient = &self.gradient[image * g.output_len()..];
            transpose_gradient(gradient, g.output_plane(), self.filters.clone(), pixels, panel, transposed);
            let pixel_sums = PixelSums {
                line: &lines,
                line_width: g.line_width,
                gradient: transposed,
                width: g.output_width,
                filters: panel,
                taps: &taps,
                sums: &mut sums,
            };
            pixel_sums.run();
        }
        sums
    }
}

/// Computes the gradient of the bias from that of the output.
pub(super) fn bias_gradient(g: &Geometry, gradient: &[f32]) -> Vec<f32> {
    let of_filter = |filter| {
        let planes = gradient.chunks_exact(g.output_plane()).skip(filter).step_by(g.filters);
        planes.map(total).sum()
    };
    (0..g.filters).into_par_iter().map(of_filter).collect()
}

/// Sum of many values. Kept in 32 lanes, which is faster and more accurate than a single running sum.
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

/// Computes the gradient before the activation from its output and the gradient after it.
pub(super) fn activation_gradient(activation: Activation, output: &[f32], gradient: &[f32]) -> ScratchBuffer {
    const CHUNK: usize = 1 << 14;
    let mut result = ScratchBuffer::take(gradient.len());
    let chunks = output.par_chunks(CHUNK).zip(gradient.par_chunks(CHUNK));
    result.par_chunks_mut(CHUNK).zip(chunks).for_each(|(result, (output, gradient))| {
        for ((result, output), gradient) in result.iter_mut().zip(output).zip(gradient) {
            *result = gradient * activation.derivative(*output);
        }
    });
    result
}
