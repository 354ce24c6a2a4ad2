//! Inspection of pixels: everything that the objective computed for one sample, read back from the device once, so
//! that the CPU can explain the loss of any pixel in microseconds.
//!
//! The numbers are recomputed from the formulas in double precision; `tests/inspector.rs` checks that they equal
//! the maps of the objective.
//!
//! The device does not compute them, because its results arrive in the order of its queue: while a step runs on
//! the device that draws, a dispatch of 512 threads with its read-back took 108 ms at the median and 1.8 s at the
//! 99th percentile (software driver; 0.3 ms on an idle device), whereas a cost curve on the CPU takes 0.1 to 0.2
//! ms at any time.

mod curve;
mod dump;
mod grid;
mod pixel;
mod window;

pub use curve::{CostCurve, SourceCurve};
pub use dump::{dump, inspect};
pub use pixel::{Candidate, MinimumResult, PixelReport, ScaleReport, SourceReport, TrueDepthSample};
pub use window::Difference;

use crate::{
    compute::values,
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::DepthRange,
    objective::{Inputs, Noise, Objective, Projection},
};
use burn::tensor::Tensor;
use grid::SamplingGrid;
use std::collections::{BTreeMap, BTreeSet};

/// Input of the objective for one sample, without tie-break noise, and the gradient of its loss.
///
/// Pixels are those of the images that are compared: full resolution, or with `v1_multiscale` the finest
/// trained scale. Losses are those of the finest trained scale.
#[derive(Clone, Debug)]
pub struct PixelInspection {
    config: ObjectiveConfig,
    size: ImageSize,
    /// Disparity by scale, with its mean.
    disparities: BTreeMap<usize, (SamplingGrid, f64)>,
    /// The target's colours at every trained scale.
    pyramid: BTreeMap<usize, SamplingGrid>,
    /// The target's colours that are compared.
    target: SamplingGrid,
    sources: Vec<Source>,
    gradient: Option<SamplingGrid>,
    scale: Option<DepthScale>,
    truth: Option<SamplingGrid>,
}

/// Scale from predicted depth to metres, with its source.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthScale {
    /// Metres per unit of predicted depth.
    pub metres_per_unit: f64,
    /// Source of the factor, in words.
    pub origin: String,
}

/// A source image, and the projection of target pixels into it.
#[derive(Clone, Debug)]
struct Source {
    id: FrameId,
    image: SamplingGrid,
    /// `[K·R·K⁻¹ | K·t]`.
    projection: [[f64; 4]; 3],
    /// Factor and shift from projected to sampled positions, along x and y.
    sampling: [(f64, f64); 2],
    /// The predictive mask, if there is one.
    weight: Option<SamplingGrid>,
}

impl PixelInspection {
    /// Reads back the first sample of a batch, and differentiates its loss with respect to the disparity. Without
    /// sources, there are only disparity and depth.
    ///
    /// # Panics
    /// As [`Objective::evaluate`], or if the device fails.
    pub fn gather(objective: &Objective, inputs: &Inputs) -> Self {
        let config = objective.config().clone();
        let finest = config.finest_scale();
        let compared = if config.v1_multiscale { finest } else { 0 };
        let target = SamplingGrid::first_of(&inputs.colour[&FrameId::TARGET][compared]);
        let size = ImageSize { height: target.height, width: target.width };
        let grid = |scale: usize| {
            let grid = SamplingGrid::first_of(&inputs.disparities[&scale]);
            let mean = grid.mean();
            (scale, (grid, mean))
        };
        let mask = inputs.predictive_masks.get(&finest).map(SamplingGrid::first_of);
        let source = |(index, id): (usize, FrameId)| Source {
            id,
            image: SamplingGrid::first_of(&inputs.colour[&id][compared]),
            projection: projection(inputs, finest, id, size),
            sampling: [size.width, size.height].map(|count| sampling(&config, count)),
            weight: mask.as_ref().map(|mask| mask.channel(index)),
        };
        let has_sources = config.sources().next().is_some();
        Self {
            size,
            disparities: config.scales.iter().copied().map(grid).collect(),
            pyramid: config
                .scales
                .iter()
                .map(|scale| (*scale, SamplingGrid::first_of(&inputs.colour[&FrameId::TARGET][*scale])))
                .collect(),
            target,
            sources: config.sources().enumerate().map(source).collect(),
            gradient: has_sources.then(|| SamplingGrid::first_of(&disparity_gradient(objective, inputs))),
            scale: None,
            truth: None,
            config,
        }
    }

    /// Adds the scale from predicted depths to metres, and measured or exact depths if there are any: metres row by
    /// row, 0 where nothing is known, with the size of their map.
    pub fn with_truth(self, scale: Option<DepthScale>, truth: Option<(Vec<f32>, ImageSize)>) -> Self {
        Self { scale, truth: truth.map(|(metres, size)| SamplingGrid::new(metres, size)), ..self }
    }

    /// The gradient with respect to the disparity of the finest scale, as [`disparity_gradient`] gives it:
    /// values row by row, height and width; `None` without sources.
    pub fn gradient(&self) -> Option<(&[f32], [usize; 2])> {
        self.gradient.as_ref().map(|map| (map.values(), [map.height, map.width]))
    }

    /// The options of the objective, restricted to the frames that the sample has.
    pub fn config(&self) -> &ObjectiveConfig {
        &self.config
    }

    /// Size of the compared images, whose pixels can be inspected.
    pub fn size(&self) -> ImageSize {
        self.size
    }

    /// The predicted depth of a pixel, from the disparity of the finest scale.
    fn depth(&self, pixel: [usize; 2]) -> f64 {
        let (offset, slope) = DepthRange::from(&self.config).coefficients();
        let (disparity, _) = &self.disparities[&self.config.finest_scale()];
        1.0 / (f64::from(offset) + f64::from(slope) * disparity.stretched(pixel, self.extent()))
    }

    /// Width and height.
    fn extent(&self) -> [usize; 2] {
        [self.size.width, self.size.height]
    }

    /// True if a position is inside the source images, so that it is not clamped to their border.
    fn contains(&self, [x, y]: [f64; 2]) -> bool {
        let within = |position: f64, count: usize| (0.0..=(count - 1) as f64).contains(&position);
        within(x, self.size.width) && within(y, self.size.height)
    }

    /// The photometric losses of the sources combined: their minimum, or their average.
    fn combined(&self, losses: impl Iterator<Item = f64>) -> Option<f64> {
        let losses: Vec<f64> = losses.collect();
        if self.config.avg_reprojection && !losses.is_empty() {
            return Some(losses.iter().sum::<f64>() / losses.len() as f64);
        }
        losses.into_iter().min_by(f64::total_cmp)
    }
}

fn projection(inputs: &Inputs, finest: usize, id: FrameId, size: ImageSize) -> [[f64; 4]; 3] {
    let motion = inputs.source_from_target[&finest][&id].clone().narrow(0, 0, 1).without_autodiff();
    let matrix = Projection::new(motion, &inputs.intrinsics[..1], size).into_matrix();
    let values = values(matrix).expect("a projection can be read");
    std::array::from_fn(|row| std::array::from_fn(|column| f64::from(values[4 * row + column])))
}

/// Factor and shift from a projected to a sampled position, as in [`warp`](crate::objective::warp).
fn sampling(config: &ObjectiveConfig, count: usize) -> (f64, f64) {
    if config.sample_align_corners_false { (count as f64 / (count - 1) as f64, -0.5) } else { (1.0, 0.0) }
}

/// Derivative of the loss of the first sample with respect to the disparity of the finest scale, motions held:
/// `[1, 1, H, W]` at that scale, [`MapName::DisparityGradient`](crate::objective::MapName::DisparityGradient).
///
/// # Panics
/// As [`Objective::evaluate`], or if there are no sources.
pub fn disparity_gradient(objective: &Objective, inputs: &Inputs) -> Tensor<4> {
    let finest = objective.config().finest_scale();
    let first = |map: &Tensor<4>| map.clone().narrow(0, 0, 1).without_autodiff();
    let tracked = |maps: &BTreeMap<usize, Tensor<4>>| -> BTreeMap<usize, Tensor<4>> {
        maps.iter().map(|(scale, map)| (*scale, first(map).autodiff())).collect()
    };
    let motions = inputs.source_from_target.clone();
    let colour = inputs.colour.iter().map(|(id, images)| (*id, images.iter().map(first).collect()));
    let mut disparities = tracked(&inputs.disparities);
    let leaf = disparities[&finest].clone().require_grad();
    disparities.insert(finest, leaf.clone());
    let inputs = Inputs {
        colour: colour.collect(),
        disparities,
        source_from_target: motions.map(|motion| motion.narrow(0, 0, 1).without_autodiff().autodiff()),
        intrinsics: inputs.intrinsics[..1].to_vec(),
        predictive_masks: tracked(&inputs.predictive_masks),
        noise: Noise::None,
    };
    let gradients = objective.evaluate(&inputs, &BTreeSet::new()).loss.backward();
    leaf.grad(&gradients).expect("the loss depends on the finest disparity")
}
