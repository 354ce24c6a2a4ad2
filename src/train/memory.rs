//! An estimate of the memory that a run will need, before it starts.

use crate::{
    compute,
    config::{ConfigError, RunConfig},
    model::Architecture,
};
use anyhow::Result;

/// Bytes that a run needs, by purpose.
struct Cost {
    /// Bytes of the program, prefetched images and scratch buffers.
    base: f64,
    /// Bytes per trained weight.
    trained_weight: f64,
    /// Bytes per weight while a checkpoint is written.
    saved_weight: f64,
    /// Bytes per value of a feature map, including what its gradient needs.
    feature: f64,
    /// Bytes per source and input pixel, for the objective.
    source: f64,
}

/// Memory of the process. A trained weight is weight, gradient and both running means of Adam, four bytes each;
/// saving copies weight and running means once more.
const ON_CPU: Cost =
    Cost { base: 124e6, trained_weight: 16.0, saved_weight: 28.0, feature: 10.3, source: 110.0 };
/// Memory of the GPU, including the unused parts of the pages that burn's allocator keeps. Checkpoints are written
/// from host memory.
const ON_GPU: Cost =
    Cost { base: 240e6, trained_weight: 16.0, saved_weight: 0.0, feature: 12.0, source: 110.0 };

/// Refuses a run that needs more memory than there is, before it takes any. `samples` is the number to train on: a
/// batch has no more.
///
/// # Errors
/// If it needs more, or if no network has these options.
pub fn check_memory(config: &RunConfig, samples: usize, is_on_gpu: bool) -> Result<()> {
    let mut config = config.clone();
    config.training.batch_size = config.training.batch_size.min(samples.max(1));
    let needed = memory_estimate(&config, is_on_gpu)?;
    let size = config.network.size();
    let what = format!("a run at {size} with batches of {}", config.training.batch_size);
    let advice = "take a smaller batch or size, and accumulate more batches";
    compute::check_memory(&what, needed, is_on_gpu, advice)
}

/// Peak memory in bytes that a run with this configuration needs on the device where it computes.
///
/// Counts the weights, and the values of all feature maps for each pixel of a batch: the forward pass keeps them
/// for the backward pass. The bytes per value, per pixel and for the program itself were fitted to the measured
/// peaks of runs: on the CPU backend of the small, light and published presets with their variants (within a
/// seventh of all of them), on the GPU backend of the published preset at batch sizes 1, 2 and 4. Writing a
/// checkpoint can need more than a step on a small batch.
///
/// # Errors
/// If no network has these options.
pub fn memory_estimate(config: &RunConfig, is_on_gpu: bool) -> Result<u64, ConfigError> {
    let RunConfig { network, objective, training, .. } = config;
    let Cost { base, trained_weight, saved_weight, feature, source } =
        if is_on_gpu { ON_GPU } else { ON_CPU };
    let architecture = Architecture::new(network, objective)?;
    let motions = objective.temporal_sources().count();
    let (depth, pose) = (architecture.depth_cost(), architecture.pose_cost(motions));
    let weights = depth.parameters + pose.parameters;
    let of_pixel =
        feature * (depth.activations + pose.activations) + source * objective.sources().count() as f64;
    let pixels = (training.batch_size * network.size().pixels()) as f64;
    let step = base + trained_weight * weights + of_pixel * pixels;
    let checkpoint = base + saved_weight * weights;
    Ok(step.max(checkpoint) as u64)
}
