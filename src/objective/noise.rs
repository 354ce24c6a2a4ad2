//! Tie-break noise, which decides between a still pixel's equal losses.
//!
//! [`Noise::at_scale`] makes the map for the reference implementation, and for options that the fused loss lacks.
//! The fused loss takes only the seed, [`Noise::stream`]: its GPU kernel draws `noise_at`
//! (`compute/ops/noise/cube.rs`) for each pixel itself, its CPU implementation calls [`tie_break_noise`].

use crate::compute::ops::{splitmix64, tie_break_noise};
use burn::tensor::{Device, Tensor};
use std::collections::BTreeMap;

/// Noise added to the identity losses, so that the choice is random where a source equals the target exactly
/// (identity and reprojection loss both 0).
#[derive(Clone, Debug)]
pub enum Noise {
    /// Add nothing: evaluation, inspection.
    None,
    /// Add these maps `[B, identities, H, W]`, by scale.
    Given(BTreeMap<usize, Tensor<4>>),
    /// Draw it. The numbers depend on nothing but seed, step, scale and position, so a resumed run
    /// draws what an uninterrupted one would, on any device.
    Drawn {
        /// Seed of the run.
        seed: u64,
        /// Number of the step.
        step: u64,
    },
}

impl Noise {
    /// The noise `[B, identities, H, W]` of a scale; `None` if nothing is added.
    pub(super) fn at_scale(&self, scale: usize, shape: [usize; 4], device: &Device) -> Option<Tensor<4>> {
        match self {
            Self::None => None,
            Self::Given(maps) => maps.get(&scale).cloned(),
            Self::Drawn { .. } => Some(tie_break_noise(self.stream(scale)?, shape, device)),
        }
    }

    /// Seed of the numbers of a scale; `None` unless they are drawn.
    pub(super) fn stream(&self, scale: usize) -> Option<u64> {
        let Self::Drawn { seed, step } = self else { return None };
        Some(splitmix64(splitmix64(splitmix64(*seed) ^ *step) ^ scale as u64))
    }
}
