//! The nine pixels that SSIM compares around a pixel, at the predicted depth or another.

use super::{PixelInspection, Source};
use crate::compute::ops::loss_constants::{self, SSIM_C1, SSIM_C2, SSIM_SHARE};

/// Added to the depth of a point in the source's camera, so that the division stays finite, as in view synthesis.
const SMALLEST_DEPTH: f64 = loss_constants::SMALLEST_DEPTH as f64;
/// Index of the pixel itself among the nine.
const CENTRE: usize = 4;

/// Colours of the nine pixels, row by row.
type WindowColours = [[f64; 3]; 9];

/// Photometric difference of two windows (paper equation 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// (1 − SSIM) / 2 over the window, averaged over colours; `None` if the objective does not use SSIM.
    pub ssim: Option<f64>,
    /// |a − b| at the pixel itself, averaged over colours.
    pub l1: f64,
    /// The weighted sum of both terms, as in the objective.
    pub loss: f64,
}

impl Difference {
    fn between(a: &WindowColours, b: &WindowColours, use_ssim: bool) -> Self {
        let l1 = (0..3).map(|colour| (a[CENTRE][colour] - b[CENTRE][colour]).abs()).sum::<f64>() / 3.0;
        if !use_ssim {
            return Self { ssim: None, l1, loss: l1 };
        }
        let ssim = (0..3).map(|colour| ssim_loss(a, b, colour)).sum::<f64>() / 3.0;
        let share = f64::from(SSIM_SHARE);
        Self { ssim: Some(ssim), l1, loss: share * ssim + (1.0 - share) * l1 }
    }
}

fn ssim_loss(a: &WindowColours, b: &WindowColours, colour: usize) -> f64 {
    let mean = |value: &dyn Fn(usize) -> f64| (0..9).map(value).sum::<f64>() / 9.0;
    let (mean_a, mean_b) = (mean(&|index| a[index][colour]), mean(&|index| b[index][colour]));
    let about = |index: usize| (a[index][colour] - mean_a, b[index][colour] - mean_b);
    let variance_a = mean(&|index| about(index).0.powi(2));
    let variance_b = mean(&|index| about(index).1.powi(2));
    let covariance = mean(&|index| about(index).0 * about(index).1);
    let (brightness, contrast) = (f64::from(SSIM_C1), f64::from(SSIM_C2));
    let above = (2.0 * mean_a * mean_b + brightness) * (2.0 * covariance + contrast);
    let below = (mean_a.powi(2) + mean_b.powi(2) + brightness) * (variance_a + variance_b + contrast);
    ((1.0 - above / below) / 2.0).clamp(0.0, 1.0)
}

/// The window of a pixel, mirrored at the image's edges as SSIM's padding is.
pub(super) struct SsimWindow {
    pixels: [[usize; 2]; 9],
    depths: [f64; 9],
    target: WindowColours,
}

/// A point of the target as a source sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SourcePoint {
    /// Column and row in pixels; whole numbers are pixel centres.
    pub position: [f64; 2],
    /// Depth in the source's camera; the point is behind it if this is not above 0.
    pub depth: f64,
}

impl SsimWindow {
    pub fn new(inspection: &PixelInspection, [column, row]: [usize; 2]) -> Self {
        let [width, height] = [inspection.size.width, inspection.size.height];
        let mirrored = |index: usize, step: usize, count: usize| match (index + step).checked_sub(1) {
            None => 1.min(count - 1),
            Some(index) if index == count => count.saturating_sub(2),
            Some(index) => index,
        };
        let pixels = std::array::from_fn(|index| {
            [mirrored(column, index % 3, width), mirrored(row, index / 3, height)]
        });
        Self {
            pixels,
            depths: pixels.map(|pixel| inspection.depth(pixel)),
            target: pixels.map(|pixel| inspection.target.at(pixel)),
        }
    }

    /// The predicted depth of the pixel itself.
    pub fn depth(&self) -> f64 {
        self.depths[CENTRE]
    }

    /// Projects the pixel itself, at this depth, into a source.
    pub fn project(&self, source: &Source, depth: f64) -> SourcePoint {
        source.project(self.pixels[CENTRE], depth)
    }

    /// Difference between the target and the source warped with this depth of the pixel. The predicted depths of
    /// the neighbours are scaled by the same factor, so that at the predicted depth this is the reprojection loss.
    pub fn reprojection(&self, source: &Source, depth: f64, use_ssim: bool) -> Difference {
        let factor = depth / self.depth();
        let colour = |index: usize| {
            let point = source.project(self.pixels[index], self.depths[index] * factor);
            source.image.sample(point.position)
        };
        // Without SSIM only the pixel itself counts.
        let warped =
            std::array::from_fn(
                |index| {
                    if use_ssim || index == CENTRE { colour(index) } else { Default::default() }
                },
            );
        Difference::between(&warped, &self.target, use_ssim)
    }

    /// Difference between the target and the unwarped source.
    pub fn identity(&self, source: &Source, use_ssim: bool) -> Difference {
        Difference::between(&self.pixels.map(|pixel| source.image.at(pixel)), &self.target, use_ssim)
    }
}

impl Source {
    /// Projects a target pixel at a depth.
    pub(super) fn project(&self, [column, row]: [usize; 2], depth: f64) -> SourcePoint {
        let (u, v) = (column as f64, row as f64);
        let [x, y, z] = std::array::from_fn(|axis| {
            let [a, b, c, shift] = self.projection[axis];
            (a * u + b * v + c) * depth + shift
        });
        let stretch = |position: f64, (factor, shift): (f64, f64)| position * factor + shift;
        let [along_x, along_y] = self.sampling;
        let z_floored = z + SMALLEST_DEPTH;
        SourcePoint { position: [stretch(x / z_floored, along_x), stretch(y / z_floored, along_y)], depth: z }
    }
}
