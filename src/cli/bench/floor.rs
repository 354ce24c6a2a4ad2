//! What the machine could do at best: by arithmetic, by moving bytes.

use super::{Setting, Timing, median};
use burn::tensor::{Distribution, Tensor};
use rayon::prelude::*;
use std::time::Instant;

/// The timing with what its multiply-adds, given for a pixel of the input, would take at the rate at
/// which this device multiplies square matrices.
pub(super) fn with_arithmetic(timing: Timing, setting: &Setting, multiply_adds: f64) -> Timing {
    const SIDE: usize = 1536;
    let device = &setting.compute.device;
    let random = || Tensor::<2>::random([SIDE, SIDE], Distribution::Uniform(-1.0, 1.0), device);
    let (left, right) = (random(), random());
    let seconds = seconds_of(|| {
        left.clone().matmul(right.clone()).sum().into_scalar::<f32>();
    });
    let seconds_per_product = seconds / (SIDE * SIDE * SIDE) as f64;
    let pixels = (setting.batch * setting.size.pixels()) as f64;
    Timing { floor_seconds: Some(multiply_adds * pixels * seconds_per_product), ..timing }
}

/// The timing with what moving its bytes would take at the rate at which the processor adds a long
/// array to another.
pub(super) fn with_bytes(timing: Timing, bytes: f64) -> Timing {
    /// Far more than any cache holds.
    const LENGTH: usize = 1 << 25;
    const BYTES_OF_AN_ADDITION: usize = 12;
    const CHUNK: usize = 1 << 16;
    let (mut sums, terms) = (vec![1f32; LENGTH], vec![1f32; LENGTH]);
    let seconds = seconds_of(|| {
        sums.par_chunks_mut(CHUNK).zip(terms.par_chunks(CHUNK)).for_each(|(sums, terms)| {
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += term;
            }
        });
    });
    let seconds_per_byte = seconds / (LENGTH * BYTES_OF_AN_ADDITION) as f64;
    Timing { floor_seconds: Some(bytes * seconds_per_byte), ..timing }
}

/// The median of a few runs, after one that is not timed.
fn seconds_of(mut run: impl FnMut()) -> f64 {
    run();
    let timed = (0..5).map(|_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    });
    median(timed.collect())
}
