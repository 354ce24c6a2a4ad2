//! A strip of rows, from disparity to loss and back.

use super::{
    ssim::{Spread, SsimScratch, around, windows_over},
    warp::{Cells, InterleavedImage, RowProjection, Upsampling, sample, sample_gradient},
};
use std::ops::Range;

/// One item of the batch: everything that its strips read.
pub(super) struct BatchItem<'a> {
    pub height: usize,
    pub width: usize,
    /// Disparity, row by row, and its width.
    pub disparity: &'a [f32],
    pub disparity_width: usize,
    pub across: &'a Upsampling,
    pub down: &'a Upsampling,
    /// Offset and slope from disparity to 1 / depth.
    pub depth_coefficients: (f32, f32),
    pub projections: Vec<[f32; 12]>,
    pub sampling: [(f32, f32); 2],
    pub sources: &'a [InterleavedImage],
    /// Three planes.
    pub target: &'a [f32],
    /// Planes of identity losses.
    pub identity: &'a [f32],
    pub use_ssim: bool,
    pub maps: bool,
}

/// What a strip contributes, not yet divided by the number of pixels.
pub(super) struct StripResult {
    pub loss: f64,
    pub trained: usize,
    /// With respect to the disparity, stretched downwards but not across: one row for each of the
    /// strip's rows.
    pub disparity_gradient: Vec<f32>,
    pub projection_gradients: Vec<[f64; 12]>,
    /// Rows of the maps, interleaved: warped colours, reprojections, minimum, chosen.
    pub maps: Vec<f32>,
}

/// Working memory, kept from strip to strip.
pub(super) struct StripScratch {
    disparity: Vec<f32>,
    depth: Vec<f32>,
    /// Sampling positions x and y, then three colours, of each source: planes over the strip's
    /// warped rows.
    positions: Vec<[Vec<f32>; 2]>,
    warped: Vec<[Vec<f32>; 3]>,
    /// Planes over the strip's compared rows.
    least: Vec<f32>,
    chosen: Vec<f32>,
    slopes: [[Vec<f32>; 3]; 3],
    reprojections: Vec<Vec<f32>>,
    /// All bits of a number where the source at hand is better than those before.
    better: Vec<u32>,
    cells: Cells,
    comparison: SsimScratch,
    spread: Spread,
    weights: [Vec<f32>; 3],
    colour_gradient: [Vec<f32>; 3],
    position_gradient: [Vec<f32>; 2],
    point_gradient: [Vec<f32>; 3],
    depth_gradient: Vec<f32>,
}

impl StripScratch {
    /// For strips of up to `rows` rows.
    pub fn new(item: &BatchItem<'_>, rows: usize) -> Self {
        let row = || vec![0.0; item.width];
        let plane = || vec![0.0; item.width * (rows + 4)];
        let planes = || [plane(), plane(), plane()];
        let sources = item.sources.len();
        Self {
            disparity: vec![0.0; item.disparity_width],
            depth: plane(),
            positions: (0..sources).map(|_| [plane(), plane()]).collect(),
            warped: (0..sources).map(|_| planes()).collect(),
            least: plane(),
            chosen: plane(),
            slopes: [planes(), planes(), planes()],
            reprojections: (0..sources).map(|_| plane()).collect(),
            better: vec![0; item.width],
            cells: Cells::new(item.width),
            comparison: SsimScratch::new(item.width),
            spread: Spread::new(item.width),
            weights: [row(), row(), row()],
            colour_gradient: [row(), row(), row()],
            position_gradient: [row(), row()],
            point_gradient: [row(), row(), row()],
            depth_gradient: row(),
        }
    }
}

/// Takes the strip of rows `own` of an item through all steps. `S` is the instruction set for which this
/// and all that is inlined here is compiled.
#[macerator::with_simd]
#[allow(clippy::extra_unused_type_parameters, reason = "it selects the instruction set of what is inlined")]
pub(super) fn process<'a, S: macerator::Simd>(
    item: &BatchItem<'a>,
    own: Range<usize>,
    scratch: &mut StripScratch,
) -> StripResult {
    // The gradient of a row comes from the windows one row around it, which see two rows around it.
    let widened = |by: usize| own.start.saturating_sub(by)..(own.end + by).min(item.height);
    let (compared, warped) = (widened(1), widened(2));
    warp(item, warped.clone(), scratch);
    compare(item, compared.clone(), warped.start, scratch);
    let mut result = StripResult {
        loss: 0.0,
        trained: 0,
        disparity_gradient: vec![0.0; own.len() * item.disparity_width],
        projection_gradients: vec![[0.0; 12]; item.sources.len()],
        maps: Vec::new(),
    };
    let identities = (item.identity.len() / (item.height * item.width)) as f32;
    for row in own.clone() {
        let start = (row - compared.start) * item.width;
        let columns = start..start + item.width;
        result.loss += scratch.least[columns.clone()].iter().map(|loss| f64::from(*loss)).sum::<f64>();
        result.trained += scratch.chosen[columns].iter().filter(|chosen| **chosen >= identities).count();
        pull_back(
            item,
            row,
            [compared.start, warped.start],
            identities,
            scratch,
            &mut result.projection_gradients,
        );
        let gradient = &mut result.disparity_gradient[(row - own.start) * item.disparity_width..];
        item.across.apply_transposed(&scratch.depth_gradient, &mut gradient[..item.disparity_width]);
        if item.maps {
            copy_maps(item, row, [compared.start, warped.start], scratch, &mut result.maps);
        }
    }
    result
}

/// Warps all sources into these rows.
#[inline(always)]
fn warp(item: &BatchItem<'_>, rows: Range<usize>, scratch: &mut StripScratch) {
    let (offset, slope) = item.depth_coefficients;
    for (index, row) in rows.enumerate() {
        let columns = index * item.width..(index + 1) * item.width;
        let (first, second, weight) = item.down.row(row);
        let first = &item.disparity[first * item.disparity_width..][..item.disparity_width];
        let second = &item.disparity[second * item.disparity_width..][..item.disparity_width];
        for (value, (first, second)) in scratch.disparity.iter_mut().zip(first.iter().zip(second)) {
            *value = first + weight * (second - first);
        }
        let depth = &mut scratch.depth[columns.clone()];
        item.across.apply(&scratch.disparity, depth);
        for value in depth.iter_mut() {
            *value = 1.0 / (offset + slope * *value);
        }
        for (source, image) in item.sources.iter().enumerate() {
            let [xs, ys] = &mut scratch.positions[source];
            let (xs, ys) = (&mut xs[columns.clone()], &mut ys[columns.clone()]);
            RowProjection::new(&item.projections[source], row, item.sampling).positions(depth, xs, ys);
            let colours = scratch.warped[source].each_mut().map(|plane| &mut plane[columns.clone()]);
            sample(image, [xs, ys], &mut scratch.cells, colours);
        }
    }
}

/// Finds the least loss of each pixel of these rows, and how it changes.
#[inline(always)]
fn compare(item: &BatchItem<'_>, rows: Range<usize>, first_warped: usize, scratch: &mut StripScratch) {
    let pixels = item.height * item.width;
    for (index, row) in rows.enumerate() {
        let columns = index * item.width..(index + 1) * item.width;
        let least = &mut scratch.least[columns.clone()];
        let chosen = &mut scratch.chosen[columns.clone()];
        least.fill(f32::INFINITY);
        for (candidate, plane) in item.identity.chunks_exact(pixels).enumerate() {
            let losses = &plane[row * item.width..][..item.width];
            take_better(&mut scratch.better, losses, candidate, least, chosen);
        }
        let rows_of = |plane, first| around(plane, first, row, item.height, item.width);
        let target = [0, 1, 2].map(|colour| rows_of(&item.target[colour * pixels..][..pixels], 0));
        if item.use_ssim {
            scratch.comparison.set_target(target);
        }
        let identities = item.identity.len() / pixels;
        for source in 0..item.sources.len() {
            let image = scratch.warped[source].each_ref().map(|plane| rows_of(plane, first_warped));
            scratch.comparison.compare(image, target, item.use_ssim);
            let losses = &scratch.comparison.loss[..item.width];
            if item.maps {
                scratch.reprojections[source][columns.clone()].copy_from_slice(losses);
            }
            take_better(&mut scratch.better, losses, identities + source, least, chosen);
            if item.use_ssim {
                let kept = scratch.slopes.iter_mut().flatten();
                for (kept, new) in kept.zip(scratch.comparison.slopes.iter().flatten()) {
                    for ((kept, new), better) in
                        kept[columns.clone()].iter_mut().zip(new).zip(&scratch.better)
                    {
                        *kept = select(*better, *new, *kept);
                    }
                }
            }
        }
    }
}

/// Updates the least losses of a row, and whose they are, with those of one more candidate; says in
/// `better` where it is less.
#[inline(always)]
fn take_better(better: &mut [u32], losses: &[f32], candidate: usize, least: &mut [f32], chosen: &mut [f32]) {
    for (better, (loss, least)) in better.iter_mut().zip(losses.iter().zip(&*least)) {
        *better = if loss < least { u32::MAX } else { 0 };
    }
    for (((least, chosen), loss), better) in least.iter_mut().zip(chosen).zip(losses).zip(&*better) {
        *least = select(*better, *loss, *least);
        *chosen = select(*better, candidate as f32, *chosen);
    }
}

/// `yes` where all bits of the mask are set, `no` where none is. Bitwise, so that it cannot become a
/// branch, which on such data would be guessed wrongly half the time.
#[inline(always)]
fn select(mask: u32, yes: f32, no: f32) -> f32 {
    f32::from_bits((yes.to_bits() & mask) | (no.to_bits() & !mask))
}

/// The gradient of a row: with respect to the stretched disparity into `scratch.depth_gradient`, with
/// respect to the projections added to `projection_gradients`.
#[inline(always)]
fn pull_back(
    item: &BatchItem<'_>,
    row: usize,
    [first_compared, first_warped]: [usize; 2],
    identities: f32,
    scratch: &mut StripScratch,
    projection_gradients: &mut [[f64; 12]],
) {
    let (width, pixels) = (item.width, item.height * item.width);
    let windows = windows_over(row, item.height);
    let compared = |row: usize| (row - first_compared) * width..(row - first_compared + 1) * width;
    let here = (row - first_warped) * width..(row - first_warped + 1) * width;
    scratch.depth_gradient.fill(0.0);
    for (source, image) in item.sources.iter().enumerate() {
        let candidate = identities + source as f32;
        for (weights, (window, count)) in scratch.weights.iter_mut().zip(windows) {
            let chosen = &scratch.chosen[compared(window)];
            for (weight, chosen) in weights.iter_mut().zip(chosen) {
                *weight = if *chosen == candidate { count } else { 0.0 };
            }
        }
        if scratch.weights.iter().flatten().all(|weight| *weight == 0.0) {
            continue;
        }
        let weights = scratch.weights.each_ref().map(Vec::as_slice);
        for colour in 0..3 {
            let slopes = item.use_ssim.then(|| {
                scratch.slopes[colour].each_ref().map(|plane| windows.map(|(row, _)| &plane[compared(row)]))
            });
            scratch.spread.apply(
                weights,
                slopes,
                &scratch.warped[source][colour][here.clone()],
                &item.target[colour * pixels + row * width..][..width],
                &mut scratch.colour_gradient[colour],
            );
        }
        sample_gradient(
            image,
            scratch.positions[source].each_ref().map(|plane| &plane[here.clone()]),
            &mut scratch.cells,
            scratch.colour_gradient.each_ref().map(Vec::as_slice),
            scratch.position_gradient.each_mut().map(Vec::as_mut_slice),
        );
        RowProjection::new(&item.projections[source], row, item.sampling).pull_back(
            row,
            &scratch.depth[here.clone()],
            scratch.position_gradient.each_ref().map(Vec::as_slice),
            scratch.point_gradient.each_mut().map(Vec::as_mut_slice),
            &mut scratch.depth_gradient,
            &mut projection_gradients[source],
        );
    }
    // depth = 1 / (offset + slope·disparity)
    let (_, slope) = item.depth_coefficients;
    for (gradient, depth) in scratch.depth_gradient.iter_mut().zip(&scratch.depth[here]) {
        *gradient *= -slope * depth * depth;
    }
}

/// Appends a row of every map.
fn copy_maps(
    item: &BatchItem<'_>,
    row: usize,
    [first_compared, first_warped]: [usize; 2],
    scratch: &StripScratch,
    maps: &mut Vec<f32>,
) {
    let of = |plane: &'_ [f32], first: usize| -> Vec<f32> {
        plane[(row - first) * item.width..][..item.width].to_vec()
    };
    for plane in scratch.warped.iter().flatten() {
        maps.extend(of(plane, first_warped));
    }
    for plane in scratch.reprojections.iter().chain([&scratch.least, &scratch.chosen]) {
        maps.extend(of(plane, first_compared));
    }
}
