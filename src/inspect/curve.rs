//! The photometric loss of a pixel against its depth.

use super::{PixelInspection, window::SsimWindow};
use crate::{config::FrameId, geometry::DepthRange};

/// The photometric loss of a pixel against its depth.
///
/// At each assumed depth, the nine depths of the 3×3 SSIM window are scaled by the same factor, assumed /
/// predicted depth of the centre pixel. So the curve passes through the reprojection loss at the predicted depth.
#[derive(Clone, Debug, PartialEq)]
pub struct CostCurve {
    /// Assumed depths, in ascending order.
    pub depths: Vec<f64>,
    /// The curve of each source, in the objective's order.
    pub sources: Vec<SourceCurve>,
    /// The combined loss at each depth: the minimum of the sources' losses, or their average.
    pub combined: Vec<f64>,
    /// The loss below which the pixel trains: that of the unwarped sources. `None` without auto-mask.
    pub automask_level: Option<f64>,
}

/// A source along the epipolar line of a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceCurve {
    /// The source.
    pub id: FrameId,
    /// Position of the pixel in the source at each depth, in pixels; `None` behind its camera.
    pub points: Vec<Option<[f64; 2]>>,
    /// True where the position is in front of the source's camera and within its image, so that the loss is
    /// meaningful.
    pub is_seen: Vec<bool>,
    /// Photometric loss at each depth, times the predictive mask if there is one.
    pub losses: Vec<f64>,
}

impl PixelInspection {
    /// The curve of a pixel over `count` depths that are spread evenly on a logarithmic axis over the range
    /// that the network can express, and its predicted depth.
    ///
    /// # Panics
    /// If the pixel, column and row, is not within [`PixelInspection::size`].
    pub fn cost_curve(&self, pixel: [usize; 2], count: usize) -> CostCurve {
        let range = DepthRange::from(&self.config);
        let (nearest, farthest) = (f64::from(range.min).ln(), f64::from(range.max).ln());
        let step = (farthest - nearest) / count.saturating_sub(1).max(1) as f64;
        let mut depths: Vec<f64> = (0..count).map(|index| (nearest + step * index as f64).exp()).collect();
        depths.push(self.depth(pixel));
        depths.sort_by(f64::total_cmp);
        self.cost_at(pixel, depths)
    }

    /// The curve of a pixel at these depths.
    ///
    /// # Panics
    /// If the pixel, column and row, is not within [`PixelInspection::size`].
    pub fn cost_at(&self, pixel: [usize; 2], depths: Vec<f64>) -> CostCurve {
        let window = SsimWindow::new(self, pixel);
        let use_ssim = !self.config.no_ssim;
        let curve = |source: &super::Source| {
            let weight = source.weight.as_ref().map_or(1.0, |map| map.stretched(pixel, self.extent()));
            let point = |depth: &f64| {
                let point = window.project(source, *depth);
                (point.depth > 0.0).then_some(point.position)
            };
            let points: Vec<Option<[f64; 2]>> = depths.iter().map(point).collect();
            let is_seen = |point: &Option<[f64; 2]>| point.is_some_and(|point| self.contains(point));
            let loss = |depth: &f64| weight * window.reprojection(source, *depth, use_ssim).loss;
            SourceCurve {
                id: source.id,
                is_seen: points.iter().map(is_seen).collect(),
                points,
                losses: depths.iter().map(loss).collect(),
            }
        };
        let sources: Vec<SourceCurve> = self.sources.iter().map(curve).collect();
        let combined = (0..depths.len())
            .filter_map(|index| self.combined(sources.iter().map(|source| source.losses[index])))
            .collect();
        let identities = self.sources.iter().map(|source| window.identity(source, use_ssim).loss);
        let automask_level = if self.config.disable_automasking { None } else { self.combined(identities) };
        CostCurve { depths, sources, combined, automask_level }
    }
}
