//! `inspect`: dumps everything the loss computes for one sample as arrays in a file.

use super::{compute::ComputeArgs, data::CameraArgs};
use crate::{
    config::{FrameId, ObjectiveConfig},
    data::{self, FrameKey},
    inspect::{dump, inspect},
    model::weights,
    output::outln,
    predict::check_memory,
    runs::RunFolder,
};
use anyhow::{Context, Result};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct InspectArgs {
    /// A folder in KITTI raw or odometry layout, a folder of pictures (or of such folders), or demo for
    /// the built-in drive
    #[arg(long, value_name = "DIR|demo")]
    data: String,
    #[command(flatten)]
    camera: CameraArgs,
    /// The target frame: "FOLDER FRAME SIDE", as in a split file
    #[arg(long, value_name = "SAMPLE")]
    sample: FrameKey,
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// Also use the other stereo camera as a source
    #[arg(long)]
    stereo: bool,
    /// The file to write
    #[arg(long, value_name = "FILE.safetensors")]
    dump: PathBuf,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub(super) fn run(args: &InspectArgs) -> Result<()> {
    let compute = args.compute.open()?;
    let source = data::open(&args.camera.choice(&args.data))?;
    let folder = RunFolder::weights_in(&args.weights);
    let loaded = weights::load(&folder, &compute.device)?;
    let scales = loaded.networks.depth.scales().to_vec();
    let mut config = ObjectiveConfig { scales, ..ObjectiveConfig::default() };
    if args.stereo {
        config.frame_ids.push(FrameId::Stereo);
    }
    let size = loaded.trained_size();
    check_memory(size, &compute.device)?;
    let arrays = inspect(&loaded.networks, source.as_ref(), &args.sample, &config, size, &compute.device)
        .with_context(|| format!("the networks of {} cannot be inspected", folder.display()))?;
    dump(&arrays, &args.dump)?;
    outln!("{} arrays of sample '{}' written to {}", arrays.len(), args.sample, args.dump.display());
    Ok(())
}
