//! The noise that decides between a still pixel's equal losses.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Its standard deviation, far below any difference of losses that means something.
const DEVIATION: f32 = 1e-5;

/// Noise added to the identity losses, so that where a source equals the target exactly (identity
/// and reprojection loss both 0) the choice is not always the same.
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
    /// The map for a scale, if there is any.
    pub(super) fn at_scale(&self, scale: usize, shape: [usize; 4], device: &Device) -> Option<Tensor<4>> {
        match self {
            Self::None => None,
            Self::Given(maps) => maps.get(&scale).cloned(),
            Self::Drawn { seed, step } => {
                let stream = mix(mix(mix(*seed) ^ *step) ^ scale as u64);
                let count = shape.iter().product::<usize>();
                let draw = |index: usize| DEVIATION * normal(mix(stream.wrapping_add(index as u64)));
                let values: Vec<f32> = (0..count).into_par_iter().with_min_len(1 << 14).map(draw).collect();
                Some(Tensor::from_data(TensorData::new(values, shape), device))
            }
        }
    }
}

/// A bijection of 64 bits in which every input bit moves about half of the output's
/// (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn mix(value: u64) -> u64 {
    let mut value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A nearly normal number of mean 0 and deviation 1: the sum of four evenly spread 16-bit numbers.
fn normal(bits: u64) -> f32 {
    let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
    // The sum has mean 2·65535 and variance 65536²/3 (very nearly).
    (sum as f32 - 131_070.0) * (3.0_f32.sqrt() / 65_536.0)
}
