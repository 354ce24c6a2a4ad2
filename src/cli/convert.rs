//! `convert`: writes networks of any readable format as one safetensors file.

use crate::{
    compute::Compute,
    config::DeviceChoice,
    model::weights::{self, StatedScale, save_joined},
    output::{errln, outln},
    runs::RunFolder,
};
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct ConvertArgs {
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE.safetensors")]
    out: PathBuf,
}

pub(super) fn run(args: &ConvertArgs) -> Result<()> {
    if args.out.extension().is_none_or(|ending| ending != "safetensors") {
        bail!("{} must end in .safetensors, by which such files are known", args.out.display());
    }
    let compute = Compute::open(DeviceChoice::Cpu, None)?;
    let weights = RunFolder::weights_in(&args.weights);
    let loaded = weights::load(&weights, &compute.device)?;
    if let Some(note) = loaded.report.note() {
        errln!("{note}");
    }
    let scale = StatedScale::read(&weights)?;
    save_joined(&args.out, &loaded.networks, loaded.trained_size(), loaded.use_stereo == Some(true))?;
    if let Some(scale) = scale {
        scale.write(&args.out)?;
    }
    outln!("{} written to {}", loaded.networks.architecture(), args.out.display());
    Ok(())
}
