//! Lower bounds of times, by the peak rates of the device for arithmetic and memory.

use super::median::median;
use crate::compute::DeviceRates;
use burn::tensor::{Device, Distribution, Tensor};
use rayon::prelude::*;
use serde::Serialize;
use std::{fmt, time::Instant};

/// Operations that a piece of work needs at least.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct OperationCount {
    /// Number of f32 multiply-adds of its convolutions.
    pub multiply_adds: f64,
    /// Number of bytes that its update of the weights reads and writes.
    pub update_bytes: f64,
}

/// Peak rates of the device that computes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PeakRates {
    /// f32 multiply-adds a second.
    multiply_adds: f64,
    /// Bytes read and written a second.
    bytes: f64,
}

/// Least time for a piece of work.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct LowerBound {
    #[serde(flatten)]
    count: OperationCount,
    /// Seconds for the arithmetic at the peak rate, then for the bytes at that of the memory.
    pub floor_seconds: f64,
}

impl LowerBound {
    pub(super) fn of(count: OperationCount, rates: &PeakRates) -> Self {
        let floor_seconds = count.multiply_adds / rates.multiply_adds + count.update_bytes / rates.bytes;
        Self { count, floor_seconds }
    }
}

impl fmt::Display for PeakRates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { multiply_adds, bytes } = self;
        let (tera_operations, gigabytes) = (2e-12 * multiply_adds, 1e-9 * bytes);
        write!(formatter, "the device at best: {tera_operations:.3} TFLOP/s (f32), {gigabytes:.1} GB/s")
    }
}

impl PeakRates {
    /// Measures the rates: on the GPU with kernels that only multiply and add or only copy; on the CPU with the product
    /// of two square matrices and the sum of two long arrays.
    pub(super) fn measure(device: &Device) -> Self {
        match DeviceRates::measure(device) {
            Some(DeviceRates { multiply_adds, bytes }) => Self { multiply_adds, bytes },
            None => Self { multiply_adds: multiply_adds_of_cpu(device), bytes: bytes_of_cpu() },
        }
    }
}

fn multiply_adds_of_cpu(device: &Device) -> f64 {
    const SIDE: usize = 1536;
    let random = || Tensor::<2>::random([SIDE, SIDE], Distribution::Uniform(-1.0, 1.0), device);
    let (left, right) = (random(), random());
    let seconds = seconds_of(|| {
        left.clone().matmul(right.clone()).sum().into_scalar::<f32>();
    });
    (SIDE * SIDE * SIDE) as f64 / seconds
}

fn bytes_of_cpu() -> f64 {
    /// Numbers in an array, far more than any cache holds.
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
    (LENGTH * BYTES_OF_AN_ADDITION) as f64 / seconds
}

/// Median seconds of a few runs, after one that is not timed.
fn seconds_of(mut run: impl FnMut()) -> f64 {
    run();
    let timed = (0..5).map(|_| {
        let started = Instant::now();
        run();
        started.elapsed().as_secs_f64()
    });
    median(timed.collect())
}
