//! Device and sizes that are timed, and the clock.

use super::{floor::PeakRates, median::median, timing::Timing};
use crate::{
    compute::{Compute, count_kernels, time_kernels},
    config::ImageSize,
};
use anyhow::Result;
use std::{path::PathBuf, sync::OnceLock, time::Instant};

/// Device, sizes and repetitions of all timings.
pub(super) struct BenchSetup {
    pub compute: Compute,
    pub size: ImageSize,
    pub batch: usize,
    pub runs: usize,
    pub frames: Option<PathBuf>,
    pub seed: u64,
    /// True if kernels are timed one by one too.
    pub kernels: bool,
    /// Peak rates of the device, once a lower bound needed them.
    pub rates: OnceLock<PeakRates>,
}

/// Times `run`, which works on `images` images, as often as the setup says, after one run that is not timed.
///
/// # Errors
/// Those of `run`.
pub(super) fn time(setup: &BenchSetup, images: usize, mut run: impl FnMut() -> Result<()>) -> Result<Timing> {
    run()?;
    let mut seconds = Vec::new();
    let (result, launches) = count_kernels(|| -> Result<()> {
        for _ in 0..setup.runs {
            let started = Instant::now();
            run()?;
            seconds.push(started.elapsed().as_secs_f64());
        }
        Ok(())
    });
    result?;
    let kernels = if setup.kernels && launches > 0 {
        let (result, times) = time_kernels(run);
        result?;
        Some(times.into())
    } else {
        None
    };
    Ok(Timing {
        min_seconds: seconds.iter().copied().fold(f64::INFINITY, f64::min),
        max_seconds: seconds.iter().copied().fold(0.0, f64::max),
        seconds: median(seconds),
        images,
        launches: Some(launches / setup.runs as u64).filter(|launches| *launches > 0),
        floor: None,
        kernels,
        together: None,
    })
}
