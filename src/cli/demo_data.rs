//! `demo-data`: exports the built-in drive as a folder in KITTI raw layout.

use super::{numbers::within, progress};
use crate::{
    data::synthetic::{BuiltInDrive, DriveOptions, export},
    output::outln,
};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct DemoDataArgs {
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Frames to render
    #[arg(long, value_name = "N", default_value_t = DriveOptions::default().frames, value_parser = within::<u32>(1..=100_000))]
    frames: u32,
    /// Also render the right camera
    #[arg(long)]
    stereo: bool,
    /// Seed of the street
    #[arg(long, value_name = "N", default_value_t = DriveOptions::default().seed)]
    seed: u64,
}

pub(super) fn run(args: &DemoDataArgs) -> Result<()> {
    let options = DriveOptions { frames: args.frames, seed: args.seed, ..DriveOptions::default() };
    let drive = BuiltInDrive::new(options);
    let bar = progress::bar(u64::from(args.frames), "render");
    export(&drive, &args.out, args.stereo, &mut |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    outln!("{} frames written to {}", args.frames, args.out.display());
    Ok(())
}
