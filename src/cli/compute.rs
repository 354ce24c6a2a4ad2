//! The device that a command computes on, and the depth network that it loads there.

use super::numbers::within;
use crate::{
    compute::Compute,
    config::{DeviceChoice, Precision},
    output::errln,
    predict::Predictor,
    runs::RunFolder,
};
use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::Args;
use std::path::Path;

/// Options of every command that computes.
#[derive(Args)]
pub(super) struct ComputeArgs {
    /// Device to compute on
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceChoice,
    /// Number format of the operands of convolutions on the GPU; sums and everything else are f32
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,
    /// CPU threads to compute with; 0 is one for each core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = within::<usize>(0..=1024))]
    threads: usize,
}

impl ComputeArgs {
    /// Starts the thread pool that computes on the CPU.
    ///
    /// # Errors
    /// If it was started before, or the system gives no threads.
    pub fn limit_threads(&self) -> Result<()> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build_global()
            .context("the threads cannot be started")
    }

    /// Starts the thread pool and opens the device.
    ///
    /// # Errors
    /// If there is no such device, or it cannot compute with this precision.
    pub fn open(&self) -> Result<Compute> {
        self.limit_threads()?;
        Ok(Compute::open(self.device, None)?.with_precision(self.precision)?)
    }
}

/// Loads the depth network of a weights folder, a run folder or a checkpoint; reports on stderr which facts its
/// weights do not state.
///
/// # Errors
/// If the weights cannot be read.
pub(super) fn load_predictor(path: &Path, device: &Device) -> Result<Predictor> {
    let predictor = Predictor::load(&RunFolder::weights_in(path), device)?;
    if let Some(note) = predictor.note() {
        errln!("{note}");
    }
    if !predictor.is_size_stated() {
        errln!("the weights do not state for which size they were trained; {} is taken", predictor.size());
    }
    if let Some(failure) = predictor.scale_failure() {
        errln!("{failure}; depth has no unit until then");
    }
    Ok(predictor)
}
