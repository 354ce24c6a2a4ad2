//! `bench`: median times of training and prediction, optionally in turns with another program that does the same
//! work.

mod args;
mod drawing;
mod floor;
mod median;
mod peer;
mod report;
mod setup;
mod timing;
mod together;
mod work;

pub(super) use args::BenchArgs;

use super::progress;
use crate::{
    config::{ConfigError, ImageSize},
    output::outln,
};
use anyhow::Result;
use args::Work;
use clap::ValueEnum;
use median::median;
use report::{BenchReport, Measurement, peak_memory};
use setup::BenchSetup;
use std::sync::OnceLock;
use timing::Timing;
use work::Threads;

pub(super) fn run(args: &BenchArgs) -> Result<()> {
    if args.batch == 0 || args.runs == 0 || args.turns == 0 {
        let reason = "--batch, --runs and --turns must be 1 or more";
        return Err(ConfigError::plain(reason).into());
    }
    let setup = BenchSetup {
        compute: args.compute.open()?,
        size: ImageSize { height: args.height, width: args.width },
        batch: args.batch,
        runs: args.runs,
        frames: args.frames.clone(),
        seed: args.seed,
        kernels: args.kernels,
        rates: OnceLock::new(),
    };
    let all = Work::value_variants();
    let wanted = if args.work.is_empty() { all } else { &args.work };
    let bar = progress::bar(wanted.len() as u64, "bench");
    let mut results = Vec::new();
    for work in wanted {
        bar.set_message(work.name());
        results.push(in_turns(*work, &setup, args)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let report = BenchReport {
        threads: rayon::current_num_threads(),
        size: [args.batch, args.height, args.width],
        rates: setup.rates.get().copied(),
        peak_memory: peak_memory(),
        gpu_memory: setup.compute.memory().filter(|_| setup.compute.is_shared),
        device: setup.compute.name,
        results,
    };
    if args.json {
        outln!("{}", serde_json::to_string(&report)?);
    } else {
        report.print();
    }
    Ok(())
}

/// Times the work, in turns with the peer if there is one; returns the median of the turns' medians.
fn in_turns(work: Work, setup: &BenchSetup, args: &BenchArgs) -> Result<Measurement> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let against = args.against.as_deref().filter(|_| work.peer_name().is_some());
    for _ in 0..if against.is_some() { args.turns } else { 1 } {
        ours.push(timed(work, setup)?);
        if let (Some(program), Some(name)) = (against, work.peer_name()) {
            theirs.push(peer::seconds_per_image(program, name, args)?);
        }
    }
    ours.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let timing = Timing {
        min_seconds: ours.iter().map(|timing| timing.min_seconds).fold(f64::INFINITY, f64::min),
        max_seconds: ours.iter().map(|timing| timing.max_seconds).fold(0.0, f64::max),
        ..ours.swap_remove(ours.len() / 2)
    };
    let against_seconds = (!theirs.is_empty()).then(|| timing.images as f64 * median(theirs));
    Ok(Measurement {
        work,
        images_per_second: timing.images as f64 / timing.seconds,
        floor_share: timing.floor.map(|floor| floor.floor_seconds / timing.seconds),
        ratio: against_seconds.map(|theirs| timing.seconds / theirs),
        against_seconds,
        timing,
    })
}

fn timed(work: Work, setup: &BenchSetup) -> Result<Timing> {
    match work {
        Work::Step => work::step(setup),
        Work::Objective => work::objective(setup),
        Work::Predict => work::predict(setup),
        Work::Optimiser => work::optimiser(setup),
        Work::Loader => work::load(setup, Threads::One),
        Work::Loaders => work::load(setup, Threads::All),
        Work::View => drawing::view(setup),
        Work::Cloud => drawing::cloud(setup),
        Work::Together => together::together(setup),
    }
}
