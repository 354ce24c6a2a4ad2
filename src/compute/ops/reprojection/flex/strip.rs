//! Loss and gradients of a strip of rows, from disparity to loss and back.

use super::{
    ssim::{GradientScratch, SsimScratch, around, windows_over},
    warp::{Cells, InterleavedImage, RowProjection, Upsampling, sample, sample_gradient},
};
use std::ops::Range;

/// Inputs of one item of the batch, which all its strips read.
pub(super) struct BatchItem<'a> {
    pub height: usize,
    pub width: usize,
    /// Disparity in row-major order.
    pub disparity: &'a [f32],
    pub disparity_width: usize,
    pub upsample_x: &'a Upsampling,
    pub upsample_y: &'a Upsampling,
    /// Offset and slope from disparity to 1 / depth.
    pub depth_coefficients: (f32, f32),
    /// 3×4 matrix of each source, row by row.
    pub projections: Vec<[f32; 12]>,
    /// Ratio and offset from pixels to sampling positions, along x and y.
    pub sampling: [(f32, f32); 2],
    pub sources: &'a [InterleavedImage],
    /// Three planes of colour.
    pub target: &'a [f32],
    /// Planes of identity losses.
    pub identity: &'a [f32],
    pub use_ssim: bool,
    /// True to give the maps too.
    pub maps: bool,
}

/// Contribution of a strip to loss and gradients, not yet divided by the number of pixels.
pub(super) struct StripResult {
    pub loss: f64,
    /// Number of pixels that train.
    pub trained: usize,
    /// Gradient of the disparity after upsampling along y but before upsampling along x: one row for each of the
    /// strip's rows.
    pub disparity_gradient: Vec<f32>,
    /// Gradient of each source's projection.
    pub projection_gradients: Vec<[f64; 12]>,
    /// Rows of the maps: for each row of the strip warped colours, reprojections, minimum, chosen.
    pub maps: Vec<f32>,
}

/// Working memory, reused from strip to strip.
pub(super) struct StripScratch {
    disparity: Vec<f32>,
    depth: Vec<f32>,
    /// Sampling positions x and y in each source: planes of the strip's warped rows.
    positions: Vec<[Vec<f32>; 2]>,
    /// Three colours of each warped source: planes of the strip's warped rows.
    warped: Vec<[Vec<f32>; 3]>,
    /// Smallest candidate loss: a plane of the strip's compared rows.
    minimum: Vec<f32>,
    chosen: Vec<f32>,
    slopes: [[Vec<f32>; 3]; 3],
    reprojections: Vec<Vec<f32>>,
    /// Mask of the columns where the current candidate is smaller than all before: all bits set, or none.
    better: Vec<u32>,
    cells: Cells,
    ssim: SsimScratch,
    gradient: GradientScratch,
    weights: [Vec<f32>; 3],
    colour_gradient: [Vec<f32>; 3],
    position_gradient: [Vec<f32>; 2],
    point_gradient: [Vec<f32>; 3],
    depth_gradient: Vec<f32>,
}

impl StripScratch {
    /// Memory for strips of up to `rows` rows.
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
            minimum: plane(),
            chosen: plane(),
            slopes: [planes(), planes(), planes()],
            reprojections: (0..sources).map(|_| plane()).collect(),
            better: vec![0; item.width],
            cells: Cells::new(item.width),
            ssim: SsimScratch::new(item.width),
            gradient: GradientScratch::new(item.width),
            weights: [row(), row(), row()],
            colour_gradient: [row(), row(), row()],
            position_gradient: [row(), row()],
            point_gradient: [row(), row(), row()],
            depth_gradient: row(),
        }
    }
}

/// Computes loss and gradients of the strip of rows `own` of an item. `S` is the instruction set that this function, and
/// everything inlined into it, is compiled for.
#[macerator::with_simd]
#[allow(clippy::extra_unused_type_parameters, reason = "it selects the instruction set of what is inlined")]
pub(super) fn process<'a, S: macerator::Simd>(
    item: &BatchItem<'a>,
    own: Range<usize>,
    scratch: &mut StripScratch,
) -> StripResult {
    // The gradient of a row depends on the windows centred within one row of it, and these on rows within two of it.
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
        result.loss += scratch.minimum[columns.clone()].iter().map(|loss| f64::from(*loss)).sum::<f64>();
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
        item.upsample_x.apply_transposed(&scratch.depth_gradient, &mut gradient[..item.disparity_width]);
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
        let (first, second, weight) = item.upsample_y.row(row);
        let first = &item.disparity[first * item.disparity_width..][..item.disparity_width];
        let second = &item.disparity[second * item.disparity_width..][..item.disparity_width];
        for (value, (first, second)) in scratch.disparity.iter_mut().zip(first.iter().zip(second)) {
            *value = first + weight * (second - first);
        }
        let depth = &mut scratch.depth[columns.clone()];
        item.upsample_x.apply(&scratch.disparity, depth);
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

/// Finds the smallest candidate loss of each pixel of these rows, and its derivatives.
#[inline(always)]
fn compare(item: &BatchItem<'_>, rows: Range<usize>, first_warped: usize, scratch: &mut StripScratch) {
    let pixels = item.height * item.width;
    for (index, row) in rows.enumerate() {
        let columns = index * item.width..(index + 1) * item.width;
        let minimum = &mut scratch.minimum[columns.clone()];
        let chosen = &mut scratch.chosen[columns.clone()];
        minimum.fill(f32::INFINITY);
        for (candidate, plane) in item.identity.chunks_exact(pixels).enumerate() {
            let losses = &plane[row * item.width..][..item.width];
            take_better(&mut scratch.better, losses, candidate, minimum, chosen);
        }
        let rows_of = |plane, first| around(plane, first, row, item.height, item.width);
        let target = [0, 1, 2].map(|colour| rows_of(&item.target[colour * pixels..][..pixels], 0));
        if item.use_ssim {
            scratch.ssim.set_target(target);
        }
        let identities = item.identity.len() / pixels;
        for source in 0..item.sources.len() {
            let image = scratch.warped[source].each_ref().map(|plane| rows_of(plane, first_warped));
            scratch.ssim.compare(image, target, item.use_ssim);
            let losses = &scratch.ssim.loss[..item.width];
            if item.maps {
                scratch.reprojections[source][columns.clone()].copy_from_slice(losses);
            }
            take_better(&mut scratch.better, losses, identities + source, minimum, chosen);
            if item.use_ssim {
                let kept = scratch.slopes.iter_mut().flatten();
                for (kept, new) in kept.zip(scratch.ssim.slopes.iter().flatten()) {
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

/// Updates the smallest losses of a row, and the candidates that have them, with one more candidate. Sets the mask
/// `better` where its loss is smaller.
#[inline(always)]
fn take_better(
    better: &mut [u32],
    losses: &[f32],
    candidate: usize,
    minimum: &mut [f32],
    chosen: &mut [f32],
) {
    for (better, (loss, minimum)) in better.iter_mut().zip(losses.iter().zip(&*minimum)) {
        *better = if loss < minimum { u32::MAX } else { 0 };
    }
    for (((minimum, chosen), loss), better) in minimum.iter_mut().zip(chosen).zip(losses).zip(&*better) {
        *minimum = select(*better, *loss, *minimum);
        *chosen = select(*better, candidate as f32, *chosen);
    }
}

/// `yes` if all bits of the mask are set, `no` if none is. Bitwise, so that the compiler makes no branch of it, which on
/// such data would be mispredicted half the time.
#[inline(always)]
fn select(mask: u32, yes: f32, no: f32) -> f32 {
    f32::from_bits((yes.to_bits() & mask) | (no.to_bits() & !mask))
}

/// Computes the gradient of a row: with respect to the upsampled disparity into `scratch.depth_gradient`; with respect to
/// the projections it is added to `projection_gradients`.
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
            scratch.gradient.gather(
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
    for plane in scratch.reprojections.iter().chain([&scratch.minimum, &scratch.chosen]) {
        maps.extend(of(plane, first_compared));
    }
}
