//! Statistics of the predictions of a step, by which health checks recognise failed runs.

use crate::{
    compute::ops::PredictionStatisticsInputs,
    config::{ImageSize, ObjectiveConfig},
    geometry::DepthRange,
    objective::{Inputs, Projection, depth},
    runs::PredictionStatistics,
};
use burn::tensor::{Tensor, TensorData};

impl PredictionStatistics {
    /// Length of the tensor that [`PredictionStatistics::measure`] returns.
    pub(super) const COUNT: usize = 4;

    /// Measures the inputs of the objective: `[COUNT]`, still on the device, to be read together with other
    /// metrics.
    pub(super) fn measure(inputs: &Inputs, config: &ObjectiveConfig) -> Tensor<1> {
        let tensors = statistics_inputs(inputs, config);
        tensors.measure().unwrap_or_else(|| Self::reference_measure(inputs, config))
    }

    /// Reference implementation of [`PredictionStatistics::measure`], composed of burn's operations.
    fn reference_measure(inputs: &Inputs, config: &ObjectiveConfig) -> Tensor<1> {
        let [mean, spread] = disparity(inputs);
        let translation = translation(inputs, config).unwrap_or_else(|| mean.zeros_like());
        Tensor::cat(vec![mean, spread, translation, out_of_view(inputs, config)], 0)
    }

    /// Statistics from the values of [`PredictionStatistics::measure`]; the translation is `None` if none is
    /// predicted.
    pub(super) fn from_numbers(numbers: [f32; Self::COUNT], config: &ObjectiveConfig) -> Self {
        let [disparity_mean, disparity_spread, translation, out_of_view_share] = numbers;
        let is_predicted = config.temporal_sources().next().is_some();
        let translation = is_predicted.then_some(translation);
        Self { disparity_mean, disparity_spread, translation, out_of_view_share }
    }

    /// Adds `share` times the statistics of a micro-batch.
    pub(super) fn add(&mut self, share: f32, other: Self) {
        self.disparity_mean += share * other.disparity_mean;
        self.disparity_spread += share * other.disparity_spread;
        self.out_of_view_share += share * other.out_of_view_share;
        self.translation =
            other.translation.map(|translation| self.translation.unwrap_or_default() + share * translation);
    }
}

fn statistics_inputs(inputs: &Inputs, config: &ObjectiveConfig) -> PredictionStatisticsInputs {
    let (_, finest) = inputs.disparities.first_key_value().expect("a configuration has at least one scale");
    let (coarsest_scale, coarsest) =
        inputs.disparities.last_key_value().expect("a configuration has at least one scale");
    let [_, _, height, width] = coarsest.dims();
    let motions = &inputs.source_from_target[&config.finest_scale()];
    let coarse_motions = &inputs.source_from_target[coarsest_scale];
    PredictionStatisticsInputs {
        disparity: finest.clone(),
        motions: config.temporal_sources().map(|source| motions[&source].clone()).collect(),
        coarse_disparity: coarsest.clone(),
        coarse_motions: config.sources().map(|source| coarse_motions[&source].clone()).collect(),
        cameras: inputs.intrinsics.iter().map(|camera| camera.in_pixels(width, height)).collect(),
        inverse_depth: DepthRange::from(config).coefficients(),
    }
}

/// Mean and standard deviation of disparity over the pixels of each image, each averaged over the images, `[1]`.
fn disparity(inputs: &Inputs) -> [Tensor<1>; 2] {
    let (_, finest) = inputs.disparities.first_key_value().expect("a configuration has at least one scale");
    let [batch, _, height, width] = finest.dims();
    let disparity = finest.clone().reshape([batch, height * width]);
    let mean = disparity.clone().mean_dim(1);
    let spread = (disparity - mean.clone()).square().mean_dim(1).sqrt();
    [mean.mean(), spread.mean()]
}

fn translation(inputs: &Inputs, config: &ObjectiveConfig) -> Option<Tensor<1>> {
    let motions = &inputs.source_from_target[&config.finest_scale()];
    let columns: Vec<Tensor<3>> = config
        .temporal_sources()
        .map(|source| motions[&source].clone().narrow(1, 0, 3).narrow(2, 3, 1))
        .collect();
    (!columns.is_empty()).then(|| Tensor::cat(columns, 0).square().sum_dim(1).sqrt().mean())
}

fn out_of_view(inputs: &Inputs, config: &ObjectiveConfig) -> Tensor<1> {
    let (scale, coarsest) =
        inputs.disparities.last_key_value().expect("a configuration has at least one scale");
    let [_, _, height, width] = coarsest.dims();
    let depth = depth(coarsest.clone(), DepthRange::from(config));
    let coordinates = config.sources().map(|source| {
        let source_from_target = inputs.source_from_target[scale][&source].clone();
        let size = ImageSize { height, width };
        Projection::new(source_from_target, &inputs.intrinsics, size).coordinates(depth.clone())
    });
    let coordinates = Tensor::cat(coordinates.collect(), 0);
    let halves = |less: f32| {
        let halves = [(width as f32 - less) / 2.0, (height as f32 - less) / 2.0];
        Tensor::<4>::from_data(TensorData::new(halves.to_vec(), [1, 2, 1, 1]), &coarsest.device())
    };
    // Coordinates are of pixel centres, so the image reaches half a pixel beyond the outermost.
    let distance = (coordinates - halves(1.0)).abs() / halves(0.0);
    distance.max_dim(1).greater_elem(1.0).float().mean()
}
