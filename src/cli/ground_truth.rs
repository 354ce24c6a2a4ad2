//! `ground-truth`: the true depth of a split's frames as one file.

use super::{data::CameraArgs, progress};
use crate::{
    config::ConfigError,
    data::{self, FrameSource, TrueDepth, split},
    evaluate::write_ground_truth,
    output::outln,
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct GroundTruthArgs {
    /// A folder in KITTI raw layout, or demo for the built-in drive
    #[arg(long, value_name = "DIR|demo")]
    data: String,
    #[command(flatten)]
    camera: CameraArgs,
    /// The split whose test frames (or, without any, validation frames) are meant.
    /// Without it a tenth of every drive
    #[arg(long, value_name = "NAME|DIR")]
    split: Option<String>,
    /// The file to write: an npz archive with an array [h, w] of metres for each frame, named
    /// "FOLDER FRAME SIDE", 0 where nothing is known
    #[arg(long, value_name = "FILE.npz")]
    out: PathBuf,
    /// Which depth: x (laser scans, along the scanner's axis, as published), z (the same along the
    /// camera's), annotated (KITTI's improved depth) or exact (the built-in drive). Without it the
    /// first of these that the data can have
    #[arg(long, value_name = "x|z|annotated|exact", value_parser = kind)]
    convention: Option<TrueDepth>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn kind(text: &str) -> Result<TrueDepth, String> {
    let known = TrueDepth::ALL.into_iter().find(|kind| kind.name() == text);
    known.ok_or_else(|| format!("'{text}' is not x, z, annotated or exact"))
}

pub(super) fn run(args: &GroundTruthArgs) -> Result<()> {
    let source = data::open(&args.camera.choice(&args.data))?;
    let kind = convention(args.convention, source.as_ref())?;
    let keys = split::tested_frames(args.split.as_deref(), source.as_ref())?;
    let bar = progress::bar(keys.len() as u64, "ground truth");
    let without = write_ground_truth(&args.out, source.as_ref(), &keys, kind, &mut |_| bar.inc(1))?;
    bar.finish_and_clear();
    let written = keys.len() - without.len();
    if args.json {
        let without: Vec<String> = without.iter().map(ToString::to_string).collect();
        outln!(
            "{}",
            json!({ "out": args.out, "convention": kind.name(), "frames": written, "without_depth": without })
        );
        return Ok(());
    }
    outln!("depth of {written} frames from {} written to {}", kind.describe(), args.out.display());
    if let Some(first) = without.first() {
        outln!("{} frames have none; the first is '{first}'", without.len());
    }
    Ok(())
}

fn convention(asked: Option<TrueDepth>, source: &dyn FrameSource) -> Result<TrueDepth, ConfigError> {
    let known = source.true_depths();
    asked.or(known.first().copied()).filter(|kind| known.contains(kind)).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|kind| kind.name()).collect();
        ConfigError::plain(match names[..] {
            [] => format!("{} has no true depth", source.name()),
            _ => format!("{} has only the conventions {}", source.name(), names.join(", ")),
        })
    })
}
