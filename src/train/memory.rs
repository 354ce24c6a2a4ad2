//! How much memory a run will hold, reckoned before it starts.

use crate::{
    config::{ConfigError, RunConfig},
    model::Architecture,
};

/// Weight, gradient and both running means of Adam, four bytes each.
const TRAINED_WEIGHT: f64 = 16.0;
/// While a checkpoint is written, weight and running means are there once more.
const SAVED_WEIGHT: f64 = 28.0;
/// Program, images that are loaded ahead, and scratch space, bytes.
const BASE: f64 = 124e6;
/// A number of a feature map, with what its gradient needs, bytes.
const FEATURE: f64 = 10.3;
/// For a pixel of the input: what the objective holds for each source, bytes.
const SOURCE: f64 = 110.0;

/// The most memory that a run with this configuration will hold, in bytes.
///
/// The weights are counted, four numbers for each, and so are the numbers of all feature maps for each pixel
/// of a batch: they are kept from the forward pass for the backward pass. How many bytes go with such a
/// number, with a pixel and with the program as such was fitted to the peak memory of runs on the CPU backend
/// (small, light and published presets with their variants; it is within a seventh of all of them). Writing a
/// checkpoint can need more than a step of a small batch does.
///
/// # Errors
/// If there are no such networks.
pub fn memory_estimate(config: &RunConfig) -> Result<u64, ConfigError> {
    let RunConfig { network, objective, training, .. } = config;
    let architecture = Architecture::new(network, objective)?;
    let motions = objective.temporal_sources().count();
    let (depth, pose) = (architecture.depth_size(), architecture.pose_size(motions));
    let weights = depth.weights + pose.weights;
    let of_pixel = FEATURE * (depth.values + pose.values) + SOURCE * objective.sources().count() as f64;
    let pixels = (training.batch_size * network.size().pixels()) as f64;
    let step = BASE + TRAINED_WEIGHT * weights + of_pixel * pixels;
    let checkpoint = BASE + SAVED_WEIGHT * weights;
    Ok(step.max(checkpoint) as u64)
}
