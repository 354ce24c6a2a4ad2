//! Copying rows of images to lines, and adding the gradients of lines back to images.

use super::geometry::Geometry;
use rayon::prelude::*;
use std::ops::Range;

/// Channels that one task copies: with more some cores would be idle, fewer are not worth a task.
const CHANNELS: usize = 32;

/// Writes rows `rows` of the lines of `channels` of one image, padded, in the order channel, row phase, column phase,
/// position.
pub(super) fn write_input_lines(
    g: &Geometry,
    image: &[f32],
    channels: Range<usize>,
    rows: Range<usize>,
    lines: &mut [f32],
) {
    let columns: Vec<Columns> = (0..g.phases).map(|phase| Columns::new(g, phase)).collect();
    let plane = g.height * g.width;
    let images = image[channels.start * plane..channels.end * plane].par_chunks(CHANNELS * plane);
    let phases = g.phases * g.phases;
    let len = phases * rows.len() * g.line_width;
    lines.par_chunks_mut(CHANNELS * len).zip(images).for_each(|(lines, images)| {
        let mut targets = lines.chunks_exact_mut(g.line_width);
        for image in images.chunks_exact(plane) {
            for phase in 0..phases {
                let columns = &columns[phase % g.phases];
                for (row, target) in rows.clone().zip(&mut targets) {
                    match g.source(row * g.stride + phase / g.phases, g.height) {
                        Some(y) => columns.write(&image[y * g.width..][..g.width], g.stride, target),
                        None => target.fill(0.0),
                    }
                }
            }
        }
    });
}

/// Transpose of [`write_input_lines`] for one channel: sets the image's `rows` to the sums of the line rows, from
/// `first_row` on, that come from them. `lines` are in the order row phase, column phase, position, each `plane` long.
pub(super) fn add_input_lines(
    g: &Geometry,
    lines: &[f32],
    plane: usize,
    first_row: usize,
    rows: Range<usize>,
    image: &mut [f32],
) {
    image.fill(0.0);
    for (phase, line) in lines.chunks_exact(plane).enumerate() {
        let columns = Columns::new(g, phase % g.phases);
        for (row, line) in line.chunks_exact(g.line_width).enumerate() {
            let padded = (first_row + row) * g.stride + phase / g.phases;
            if let Some(y) = g.source(padded, g.height).filter(|y| rows.contains(y)) {
                columns.add(line, g.stride, &mut image[(y - rows.start) * g.width..][..g.width]);
            }
        }
    }
}

/// Image columns that the columns of a line of one phase are copied from.
struct Columns {
    /// Line columns inside the image.
    own: Range<usize>,
    /// Image column of the first of these.
    source: usize,
    /// Line columns in the padding, each with the image column that it mirrors; `None` is zero.
    margins: Vec<(usize, Option<usize>)>,
}

impl Columns {
    fn new(g: &Geometry, phase: usize) -> Self {
        let margin = g.padding.margin();
        let line_column = |padded: usize| padded.saturating_sub(phase).div_ceil(g.stride).min(g.line_width);
        let own = line_column(margin)..line_column(margin + g.width);
        let margins = (0..own.start)
            .chain(own.end..g.line_width)
            .map(|column| (column, g.source(column * g.stride + phase, g.width)))
            .collect();
        let source = (own.start * g.stride + phase).saturating_sub(margin);
        Self { own, source, margins }
    }

    /// Writes a row of a line.
    fn write(&self, row: &[f32], stride: usize, target: &mut [f32]) {
        let own = &mut target[self.own.clone()];
        if stride == 1 {
            own.copy_from_slice(&row[self.source..][..own.len()]);
        } else {
            for (value, source) in own.iter_mut().zip(row[self.source..].iter().step_by(stride)) {
                *value = *source;
            }
        }
        for &(column, source) in &self.margins {
            target[column] = source.map_or(0.0, |source| row[source]);
        }
    }

    /// Transpose of [`Self::write`]: adds a row of a line to the row of the image.
    fn add(&self, line: &[f32], stride: usize, row: &mut [f32]) {
        let own = &line[self.own.clone()];
        if stride == 1 {
            for (value, line) in row[self.source..].iter_mut().zip(own) {
                *value += line;
            }
        } else {
            for (value, line) in row[self.source..].iter_mut().step_by(stride).zip(own) {
                *value += line;
            }
        }
        for &(column, source) in &self.margins {
            if let Some(source) = source {
                row[source] += line[column];
            }
        }
    }
}

/// Writes the part of the output's gradient of one image that line rows `rows` need, with zeros around it, in the order
/// filter, position. The first filter begins after the margin.
pub(super) fn write_gradient_lines(g: &Geometry, gradient: &[f32], rows: Range<usize>, lines: &mut [f32]) {
    let margin = g.gradient_margin();
    let (before, lines) = lines.split_at_mut(margin);
    before.fill(0.0);
    let len = (rows.len() + margin) * g.line_width;
    let images = gradient.par_chunks(CHANNELS * g.output_plane());
    lines.par_chunks_mut(CHANNELS * len).zip(images).for_each(|(lines, images)| {
        let mut targets = lines.chunks_exact_mut(g.line_width);
        for image in images.chunks_exact(g.output_plane()) {
            for (row, target) in (rows.start..rows.end + margin).zip(&mut targets) {
                if row < margin || row >= margin + g.output_height {
                    target.fill(0.0);
                } else {
                    let (own, gap) = target.split_at_mut(g.output_width);
                    own.copy_from_slice(&image[(row - margin) * g.output_width..][..g.output_width]);
                    gap.fill(0.0);
                }
            }
        }
    });
}

/// Writes `pixels` of the gradients of `filters` pixel after pixel; the filters of each pixel are padded with zeros to
/// `panel` values.
pub(super) fn transpose_gradient(
    gradient: &[f32],
    plane: usize,
    filters: Range<usize>,
    pixels: Range<usize>,
    panel: usize,
    target: &mut [f32],
) {
    /// Pixels of a block, few enough that their panels stay in the fastest cache from filter to filter.
    const PIXELS: usize = 64;
    for (block, target) in target.chunks_mut(PIXELS * panel).enumerate() {
        for (column, filter) in filters.clone().enumerate() {
            let source = &gradient[filter * plane + pixels.start + block * PIXELS..];
            for (pixel, value) in target.chunks_exact_mut(panel).zip(source) {
                pixel[column] = *value;
            }
        }
        for pixel in target.chunks_exact_mut(panel) {
            pixel[filters.len()..].fill(0.0);
        }
    }
}
