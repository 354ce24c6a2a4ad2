//! Laying rows of images out on lines, and folding the gradients of lines back to images.

use super::geometry::Geometry;
use rayon::prelude::*;
use std::ops::Range;

/// Channels that one task lays: more would leave cores idle, fewer would not be worth a task.
const CHANNELS: usize = 32;

/// Writes line rows `rows` of the sub-images of `channels` of one image, padded:
/// channel, row phase, column phase, position.
pub(super) fn lay_input(
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
                        Some(y) => columns.lay(&image[y * g.width..][..g.width], g.stride, target),
                        None => target.fill(0.0),
                    }
                }
            }
        }
    });
}

/// The transpose of [`lay_input`] for one channel: adds line rows from `first_row` on to the image's
/// `rows`. `lines` are ordered row phase, column phase, position, each `plane` long.
pub(super) fn fold_input(
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
                columns.fold(line, g.stride, &mut image[(y - rows.start) * g.width..][..g.width]);
            }
        }
    }
}

/// Where the columns of one phase come from.
struct Columns {
    /// The line columns that show a column of the image's own, and the first of these.
    own: Range<usize>,
    source: usize,
    /// The others, with what they mirror.
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

    fn lay(&self, row: &[f32], stride: usize, target: &mut [f32]) {
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

    /// The transpose of [`Self::lay`]: adds a line's row to the image's.
    fn fold(&self, line: &[f32], stride: usize, row: &mut [f32]) {
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

/// Writes what line rows `rows` need of one image of the output's gradient, with zeros around it:
/// filter, position. The first filter begins after the margin.
pub(super) fn lay_gradient(g: &Geometry, gradient: &[f32], rows: Range<usize>, lines: &mut [f32]) {
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

/// Writes `pixels` of the gradients of `filters` pixel after pixel, each pixel's filters filled up to
/// `panel` with zeros.
pub(super) fn transpose_gradient(
    gradient: &[f32],
    plane: usize,
    filters: Range<usize>,
    pixels: Range<usize>,
    panel: usize,
    target: &mut [f32],
) {
    /// Few enough that their panels stay in the fastest cache from filter to filter.
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
