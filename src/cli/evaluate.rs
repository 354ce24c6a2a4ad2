//! `evaluate`: the published metrics for networks.

use super::{ComputeArgs, data::CameraArgs, load_predictor, progress};
use crate::{
    data::{
        self,
        split::{self, Part, Split},
    },
    evaluate::{DepthEvaluation, Guess, Protocol, best_guesses, evaluate_depth},
};
use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct EvaluateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Compare predicted with exact or LiDAR depth, scaled by the ratio of medians
    Depth(DepthArgs),
}

#[derive(Args)]
struct DepthArgs {
    /// A folder in KITTI raw or odometry layout, a folder of pictures (or of such folders), or demo for
    /// the built-in drive
    #[arg(long, value_name = "DIR|demo")]
    data: String,
    #[command(flatten)]
    camera: CameraArgs,
    /// The split whose test frames (or, without any, validation frames) are evaluated.
    /// Without it a tenth of every drive
    #[arg(long, value_name = "NAME|DIR")]
    split: Option<String>,
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// Also score what can be guessed without looking: constant depth, flat road
    #[arg(long)]
    guesses: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Accepted for scripts that pass it everywhere; nothing random is computed here
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    evaluation: DepthEvaluation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guesses: Vec<Guess>,
}

pub(super) fn run(args: &EvaluateArgs) -> Result<()> {
    let What::Depth(args) = &args.what;
    let compute = args.compute.open()?;
    let source = data::open(&args.camera.choice(&args.data))?;
    let split = match &args.split {
        Some(name) => Split::open(name, source.as_ref(), &[], &[], &[Part::Test, Part::Validation])?,
        None => split::every_frame(source.as_ref(), &[]),
    };
    let keys = if split.test.is_empty() { split.validation } else { split.test };
    let predictor = load_predictor(&args.weights, &compute.device)?;
    let bar = progress::bar(keys.len() as u64, "evaluate");
    let protocol = Protocol::EIGEN;
    let evaluation = evaluate_depth(&predictor, source.as_ref(), &keys, &protocol, || bar.inc(1))?;
    bar.finish_and_clear();
    let guesses =
        if args.guesses { best_guesses(source.as_ref(), &keys, &protocol)?.to_vec() } else { Vec::new() };
    let report = Report { evaluation, guesses };
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    let Report { evaluation, guesses } = report;
    println!("{} images; {}", evaluation.images, evaluation.protocol);
    println!("abs_rel  sq_rel    rmse  rmse_log    a1     a2     a3");
    let rows = std::iter::once(("network", evaluation.metrics))
        .chain(guesses.iter().map(|guess| (guess.name.as_str(), guess.metrics)));
    for (name, m) in rows {
        println!(
            "{:7.3} {:7.3} {:7.3} {:9.3} {:6.3} {:6.3} {:6.3}  {name}",
            m.abs_rel, m.sq_rel, m.rmse, m.rmse_log, m.a1, m.a2, m.a3
        );
    }
    println!("ratio of medians: median {:.3}, spread {:.3}", evaluation.ratio_median, evaluation.ratio_std);
}
