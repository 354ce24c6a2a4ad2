//! Laying images out on lines, and folding the gradients of lines back to images.

use super::geometry::Geometry;
use rayon::prelude::*;

/// Writes one image's sub-images into `lines`, padded: channel, row phase, column phase, position.
pub(super) fn lay_input(geometry: &Geometry, image: &[f32], lines: &mut [f32]) {
    let g = *geometry;
    let phases = g.phases * g.phases;
    let columns: Vec<Columns> = (0..g.phases).map(|phase| Columns::new(&g, phase)).collect();
    lines.par_chunks_mut(phases * g.line_plane()).zip(image.par_chunks(g.height * g.width)).for_each(
        |(lines, image)| {
            for (phase, line) in lines.chunks_mut(g.line_plane()).enumerate() {
                let columns = &columns[phase % g.phases];
                for (row, target) in line.chunks_mut(g.line_width).enumerate() {
                    match g.source(row * g.stride + phase / g.phases, g.height) {
                        Some(y) => columns.lay(&image[y * g.width..][..g.width], g.stride, target),
                        None => target.fill(0.0),
                    }
                }
            }
        },
    );
}

/// Where the columns of one phase come from.
struct Columns {
    /// First line column with a column of its own, how many there are, and the first's column.
    first: usize,
    count: usize,
    source: usize,
    /// The others, with what they mirror.
    margins: Vec<(usize, Option<usize>)>,
}

impl Columns {
    fn new(g: &Geometry, phase: usize) -> Self {
        let margin = g.padding.margin();
        let first = margin.saturating_sub(phase).div_ceil(g.stride);
        let end = (margin + g.width).saturating_sub(phase).div_ceil(g.stride).min(g.line_width);
        let count = end.saturating_sub(first);
        let margins = (0..first.min(g.line_width))
            .chain(end.max(first)..g.line_width)
            .map(|column| (column, g.source(column * g.stride + phase, g.width)))
            .collect();
        Self {
            first,
            count,
            source: first * g.stride + phase - margin.min(first * g.stride + phase),
            margins,
        }
    }

    fn lay(&self, row: &[f32], stride: usize, target: &mut [f32]) {
        let own = &mut target[self.first..][..self.count];
        if stride == 1 {
            own.copy_from_slice(&row[self.source..][..self.count]);
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
        let own = &line[self.first..][..self.count];
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

/// The transpose of [`lay_input`]: adds up the gradients of all places where a pixel was laid.
/// `lines` are ordered row phase, column phase, channel, position.
pub(super) fn fold_input(geometry: &Geometry, lines: &[f32], image: &mut [f32]) {
    let g = *geometry;
    let columns: Vec<Columns> = (0..g.phases).map(|phase| Columns::new(&g, phase)).collect();
    image.par_chunks_mut(g.height * g.width).enumerate().for_each(|(channel, image)| {
        image.fill(0.0);
        for phase in 0..g.phases * g.phases {
            let line = &lines[(phase * g.channels + channel) * g.line_plane()..][..g.line_plane()];
            let columns = &columns[phase % g.phases];
            for (row, line) in line.chunks(g.line_width).enumerate() {
                if let Some(y) = g.source(row * g.stride + phase / g.phases, g.height) {
                    columns.fold(line, g.stride, &mut image[y * g.width..][..g.width]);
                }
            }
        }
    });
}

/// Writes one image of the output's gradient into `lines` with zeros around it.
pub(super) fn lay_gradient(geometry: &Geometry, gradient: &[f32], lines: &mut [f32]) {
    let g = *geometry;
    let margin = g.cells - 1;
    lines[..margin].fill(0.0);
    lines[margin..margin + g.filters * g.gradient_plane()]
        .par_chunks_mut(g.gradient_plane())
        .zip(gradient.par_chunks(g.output_plane()))
        .for_each(|(line, gradient)| {
            let (above, rest) = line.split_at_mut(margin * g.line_width);
            let (rows, below) = rest.split_at_mut(g.output_height * g.line_width);
            above.fill(0.0);
            below.fill(0.0);
            for (row, gradient) in rows.chunks_mut(g.line_width).zip(gradient.chunks(g.output_width)) {
                let (own, gap) = row.split_at_mut(g.output_width);
                own.copy_from_slice(gradient);
                gap.fill(0.0);
            }
        });
}

/// Writes one image of the output's gradient pixel after pixel in panels of `panel` filters,
/// the last filled up with zeros.
pub(super) fn transpose_gradient(geometry: &Geometry, gradient: &[f32], panel: usize, target: &mut [f32]) {
    const PIXELS: usize = 256;
    let plane = geometry.output_plane();
    for (index, target) in target.chunks_mut(plane * panel).enumerate() {
        let filters = &gradient[index * panel * plane..];
        let count = panel.min(filters.len() / plane);
        target.par_chunks_mut(PIXELS * panel).enumerate().for_each(|(block, target)| {
            for filter in 0..count {
                let source = &filters[filter * plane + block * PIXELS..];
                for (pixel, value) in target.chunks_exact_mut(panel).zip(source) {
                    pixel[filter] = *value;
                }
            }
            if count < panel {
                for pixel in target.chunks_exact_mut(panel) {
                    pixel[count..].fill(0.0);
                }
            }
        });
    }
}
