//! Everything that the loss of one pixel consists of.

use super::{DepthScale, Difference, PixelInspection, window::SsimWindow};
use crate::{
    compute::ops::loss_constants::SMALLEST_MEAN,
    config::{FrameId, ImageSize},
};

/// Everything that determines the loss of a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelReport {
    /// Column and row.
    pub pixel: [usize; 2],
    /// Size of the image that it is a pixel of.
    pub size: ImageSize,
    /// The disparity pyramid there, finest scale first.
    pub scales: Vec<ScaleReport>,
    /// Predicted depth along the optical axis, in the network's units.
    pub depth: f64,
    /// Every source, in the objective's order.
    pub sources: Vec<SourceReport>,
    /// Contribution of the pixel to the loss; `None` without sources.
    pub minimum: Option<MinimumResult>,
    /// Derivative of the sample's total loss with respect to the disparity of the finest scale there, motions held;
    /// `None` without sources.
    pub gradient: Option<f64>,
    /// Scale from predicted depths to metres, if it is known.
    pub scale: Option<DepthScale>,
    /// Measured or exact depth nearby, if there is any.
    pub truth: Option<TrueDepthSample>,
}

/// A scale of the disparity pyramid at a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleReport {
    /// Index of the scale.
    pub scale: usize,
    /// The network's output at the pixel, bilinear.
    pub disparity: f64,
    /// |∂d|·exp(−|∂image|) towards the next pixel of that scale along x and y, where d is the
    /// disparity divided by its mean; `None` where there is no next pixel.
    pub smoothness: [Option<f64>; 2],
    /// The weight of the scale's smoothness in its loss.
    pub smoothness_weight: f64,
}

/// A source as seen from a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceReport {
    /// Frame id of the source.
    pub id: FrameId,
    /// Column and row, in pixels, at which the source is sampled.
    pub sampled: [f64; 2],
    /// True if that position is outside the source, so that it is clamped to the border.
    pub is_outside: bool,
    /// True if the point lies behind the source's camera.
    pub is_behind: bool,
    /// The warped source against the target.
    pub reprojection: Difference,
    /// Weight of the reprojection loss by the predictive mask, if there is one.
    pub weight: Option<f64>,
    /// The unwarped source against the target; `None` without auto-masking.
    pub identity: Option<Difference>,
}

impl SourceReport {
    /// The reprojection loss, multiplied by the predictive mask if there is one.
    fn weighted(&self) -> f64 {
        self.reprojection.loss * self.weight.unwrap_or(1.0)
    }
}

/// A candidate of the minimum at a pixel; `None` stands for the average of all sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A source without any warp.
    Identity(Option<FrameId>),
    /// A source through depth and motion.
    Warped(Option<FrameId>),
}

/// The minimum over the candidates at a pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinimumResult {
    /// The photometric loss that the pixel contributes at the finest scale.
    pub loss: f64,
    /// The candidate with that loss.
    pub winner: Candidate,
    /// The second best and how much worse it is, if there are two.
    pub runner_up: Option<(Candidate, f64)>,
}

impl MinimumResult {
    /// True if the pixel trains: the auto-mask does not leave it out.
    pub fn trains(&self) -> bool {
        matches!(self.winner, Candidate::Warped(_))
    }
}

/// Measured or exact depth at a pixel or next to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrueDepthSample {
    /// Depth along the optical axis.
    pub metres: f64,
    /// Distance of the measurement from the pixel's centre, in pixels of this image.
    pub distance: f64,
}

impl PixelInspection {
    /// Reports about a pixel.
    ///
    /// # Panics
    /// If the pixel, column and row, is not within [`PixelInspection::size`].
    pub fn report(&self, pixel: [usize; 2]) -> PixelReport {
        let window = SsimWindow::new(self, pixel);
        let sources: Vec<SourceReport> = self.source_reports(&window, pixel);
        let gradient = self.gradient.as_ref().map(|map| {
            let [value] = map.at(map.cell(pixel, self.extent()));
            value
        });
        PixelReport {
            pixel,
            size: self.size,
            scales: self.disparities.keys().map(|scale| self.scale_report(*scale, pixel)).collect(),
            depth: window.depth(),
            minimum: self.minimum(&sources),
            sources,
            gradient,
            scale: self.scale.clone(),
            truth: self.true_depth(pixel),
        }
    }

    fn source_reports(&self, window: &SsimWindow, pixel: [usize; 2]) -> Vec<SourceReport> {
        let use_ssim = !self.config.no_ssim;
        let report = |source: &super::Source| {
            let point = window.project(source, window.depth());
            SourceReport {
                id: source.id,
                sampled: point.position,
                is_outside: !self.contains(point.position),
                is_behind: point.depth <= 0.0,
                reprojection: window.reprojection(source, window.depth(), use_ssim),
                weight: source.weight.as_ref().map(|weight| weight.stretched(pixel, self.extent())),
                identity: (!self.config.disable_automasking).then(|| window.identity(source, use_ssim)),
            }
        };
        self.sources.iter().map(report).collect()
    }

    fn minimum(&self, sources: &[SourceReport]) -> Option<MinimumResult> {
        let identities = sources.iter().filter_map(|source| Some((source.id, source.identity?.loss)));
        let identities: Vec<(FrameId, f64)> = identities.collect();
        let warped: Vec<(FrameId, f64)> =
            sources.iter().map(|source| (source.id, source.weighted())).collect();
        let candidates = |losses: &[(FrameId, f64)], candidate: fn(Option<FrameId>) -> Candidate| {
            if self.config.avg_reprojection {
                let average = self.combined(losses.iter().map(|(_, loss)| *loss));
                average.map(|loss| (candidate(None), loss)).into_iter().collect::<Vec<_>>()
            } else {
                losses.iter().map(|(id, loss)| (candidate(Some(*id)), *loss)).collect()
            }
        };
        let mut ranked = candidates(&identities, Candidate::Identity);
        ranked.extend(candidates(&warped, Candidate::Warped));
        // The sort is stable: of equal losses the first wins, as in the objective.
        ranked.sort_by(|left, right| left.1.total_cmp(&right.1));
        let (winner, loss) = *ranked.first()?;
        let runner_up = ranked.get(1).map(|(candidate, other)| (*candidate, other - loss));
        Some(MinimumResult { loss, winner, runner_up })
    }

    fn scale_report(&self, scale: usize, pixel: [usize; 2]) -> ScaleReport {
        let (map, mean) = &self.disparities[&scale];
        let [column, row] = map.cell(pixel, self.extent());
        let image = &self.pyramid[&scale];
        let towards = |next: [usize; 2]| {
            if next[0] >= map.width || next[1] >= map.height {
                return None;
            }
            let [[here], [there]] = [map.at([column, row]), map.at(next)];
            let colours: [[f64; 3]; 2] = [image.at([column, row]), image.at(next)];
            let edge =
                (0..3).map(|colour| (colours[0][colour] - colours[1][colour]).abs()).sum::<f64>() / 3.0;
            Some((here - there).abs() / (mean + f64::from(SMALLEST_MEAN)) * (-edge).exp())
        };
        ScaleReport {
            scale,
            disparity: map.stretched(pixel, self.extent()),
            smoothness: [towards([column + 1, row]), towards([column, row + 1])],
            smoothness_weight: f64::from(self.config.smoothness_weight(scale)),
        }
    }

    /// The measurement nearest to the pixel's centre within the 3×3 pixels that SSIM compares.
    fn true_depth(&self, [column, row]: [usize; 2]) -> Option<TrueDepthSample> {
        let truth = self.truth.as_ref()?;
        let ratio =
            [truth.width as f64 / self.size.width as f64, truth.height as f64 / self.size.height as f64];
        let centre = [(column as f64 + 0.5) * ratio[0], (row as f64 + 0.5) * ratio[1]];
        let span = |axis: usize, count: usize| {
            let (centre, reach) = (centre[axis], 1.5 * ratio[axis]);
            (centre - reach).max(0.0) as usize..((centre + reach).ceil() as usize).min(count)
        };
        let rows = span(1, truth.height);
        let known = rows.flat_map(|y| span(0, truth.width).map(move |x| [x, y])).filter_map(|[x, y]| {
            let [metres] = truth.at([x, y]);
            let dx = (x as f64 + 0.5 - centre[0]) / ratio[0];
            let dy = (y as f64 + 0.5 - centre[1]) / ratio[1];
            (metres > 0.0).then(|| TrueDepthSample { metres, distance: dx.hypot(dy) })
        });
        known.min_by(|left, right| left.distance.total_cmp(&right.distance))
    }
}
