//! How much memory a run will hold, reckoned before it starts.

use crate::{
    config::{ConfigError, RunConfig},
    model::Architecture,
};

/// Bytes that a run holds, by what it holds them for.
struct Cost {
    /// Program, images that are loaded ahead, and scratch space.
    base: f64,
    /// A weight that is trained.
    trained_weight: f64,
    /// A weight while a checkpoint is written.
    saved_weight: f64,
    /// A number of a feature map, with what its gradient needs.
    feature: f64,
    /// What the objective holds for a source, for a pixel of the input.
    source: f64,
}

/// In the process' memory: weight, gradient and both running means of Adam, four bytes each; weight and running
/// means once more while they are saved.
const ON_CPU: Cost =
    Cost { base: 124e6, trained_weight: 16.0, saved_weight: 28.0, feature: 10.3, source: 110.0 };
/// In the device's memory, with what lies unused in the pages that burn keeps. Checkpoints are written from the
/// host's.
const ON_GPU: Cost =
    Cost { base: 240e6, trained_weight: 16.0, saved_weight: 0.0, feature: 12.0, source: 110.0 };

/// The most memory that a run with this configuration will hold where it computes, in bytes.
///
/// The weights are counted, and so are the numbers of all feature maps for each pixel of a batch: they are kept
/// from the forward pass for the backward pass. How many bytes go with such a number, with a pixel and with the
/// program as such was fitted to the peaks of runs: on the CPU backend of the small, light and published presets
/// with their variants (it is within a seventh of all of them), on the GPU backend of the published preset at
/// batches of 1, 2 and 4. Writing a checkpoint can need more than a step of a small batch does.
///
/// # Errors
/// If there are no such networks.
pub fn memory_estimate(config: &RunConfig, is_on_gpu: bool) -> Result<u64, ConfigError> {
    let RunConfig { network, objective, training, .. } = config;
    let Cost { base, trained_weight, saved_weight, feature, source } =
        if is_on_gpu { ON_GPU } else { ON_CPU };
    let architecture = Architecture::new(network, objective)?;
    let motions = objective.temporal_sources().count();
    let (depth, pose) = (architecture.depth_size(), architecture.pose_size(motions));
    let weights = depth.weights + pose.weights;
    let of_pixel = feature * (depth.values + pose.values) + source * objective.sources().count() as f64;
    let pixels = (training.batch_size * network.size().pixels()) as f64;
    let step = base + trained_weight * weights + of_pixel * pixels;
    let checkpoint = base + saved_weight * weights;
    Ok(step.max(checkpoint) as u64)
}
