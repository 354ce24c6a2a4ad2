//! `bench`: how long the work takes that people wait for, as medians, if asked in turn with another
//! program that does the same.

mod against;
mod drawing;
mod floor;
mod report;
mod together;
mod work;

use super::{ComputeArgs, progress};
use crate::{
    compute::{Compute, count_kernels, time_kernels},
    config::{ConfigError, ImageSize},
    output::outln,
};
use anyhow::Result;
use clap::{Args, ValueEnum};
use report::{BenchReport, Measurement, Timing, peak_memory};
use serde::Serialize;
use std::{path::PathBuf, sync::OnceLock, time::Instant};
use work::Threads;

#[derive(Args)]
pub(super) struct BenchArgs {
    /// The work to time; all of them if none is named
    #[arg(value_enum)]
    work: Vec<Work>,
    /// Height of the network's input
    #[arg(long, value_name = "PIXELS", default_value_t = 192)]
    height: usize,
    /// Width of the network's input
    #[arg(long, value_name = "PIXELS", default_value_t = 640)]
    width: usize,
    /// Samples in a batch
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch: usize,
    /// Times that each piece of work is timed, after one time that is not
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// A folder of JPEG frames for loader; without it, frames of the built-in drive at KITTI's size
    #[arg(long, value_name = "DIR")]
    frames: Option<PathBuf>,
    /// Another program to time in turn with this one: called as PROGRAM WORK --height H --width W
    /// --batch B --threads N --runs R [--frames DIR], it prints {"seconds": S} or
    /// {"images_per_second": S}
    #[arg(long, value_name = "PROGRAM")]
    against: Option<String>,
    /// Turns with the other program
    #[arg(long, value_name = "N", default_value_t = 3)]
    turns: usize,
    /// On the GPU, do each piece of work once more and say for each of its kernels how often it was
    /// launched and how long the GPU took. Each kernel is then submitted by itself, which makes that run
    /// slower than the timed ones: compare kernels with each other, not their sum with the median.
    /// An adapter without timestamps gives the host's times, and it is said
    #[arg(long)]
    kernels: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Seed of weights and images
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Work {
    /// A training step of mode M with ResNet18 networks
    Step,
    /// The objective of mode M, forward and backward: four scales, two sources
    Objective,
    /// Four disparities of an image
    Predict,
    /// An update of all weights of these networks by Adam
    Optimiser,
    /// Decoding a picture and building its four-level pyramid, on one thread
    Loader,
    /// The same on all threads
    Loaders,
    /// Drawing a picture, a disparity and its point cloud into 1280×800 pixels
    View,
    /// Drawing a point cloud alone, a point for each pixel of --height and --width
    Cloud,
    /// Frames as of view, at most 60 a second, while training steps run on the same device
    Together,
}

impl Work {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// What another program calls it; drawing and the optimiser alone have no counterpart.
    fn others_name(self) -> Option<&'static str> {
        match self {
            Self::Step => Some("step"),
            Self::Objective => Some("objective"),
            Self::Predict => Some("predict"),
            Self::Loader | Self::Loaders => Some("load"),
            Self::Optimiser | Self::View | Self::Cloud | Self::Together => None,
        }
    }
}

/// What is timed, at which size.
struct BenchSetup {
    compute: Compute,
    size: ImageSize,
    batch: usize,
    runs: usize,
    frames: Option<PathBuf>,
    seed: u64,
    /// Time kernels one by one too.
    kernels: bool,
    /// Best rates of the device, once a floor was asked for.
    rates: OnceLock<floor::Rates>,
}

pub(super) fn run(args: &BenchArgs) -> Result<()> {
    if args.batch == 0 || args.runs == 0 || args.turns == 0 {
        let reason = "--batch, --runs and --turns must be 1 or more";
        return Err(ConfigError::plain(reason).into());
    }
    let setting = BenchSetup {
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
        results.push(in_turns(*work, &setting, args)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let report = BenchReport {
        threads: rayon::current_num_threads(),
        size: [args.batch, args.height, args.width],
        rates: setting.rates.get().copied(),
        peak_memory: peak_memory(),
        gpu_memory: setting.compute.memory().filter(|_| setting.compute.is_shared),
        device: setting.compute.name,
        results,
    };
    if args.json {
        outln!("{}", serde_json::to_string(&report)?);
    } else {
        report.print();
    }
    Ok(())
}

/// Times the work, in turn with the other program if there is one: the median of the turns' medians.
fn in_turns(work: Work, setting: &BenchSetup, args: &BenchArgs) -> Result<Measurement> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let against = args.against.as_deref().filter(|_| work.others_name().is_some());
    for _ in 0..if against.is_some() { args.turns } else { 1 } {
        ours.push(timed(work, setting)?);
        if let (Some(program), Some(name)) = (against, work.others_name()) {
            theirs.push(against::seconds_for_an_image(program, name, args)?);
        }
    }
    ours.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let timing = Timing {
        least_seconds: ours.iter().map(|timing| timing.least_seconds).fold(f64::INFINITY, f64::min),
        most_seconds: ours.iter().map(|timing| timing.most_seconds).fold(0.0, f64::max),
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

fn timed(work: Work, setting: &BenchSetup) -> Result<Timing> {
    match work {
        Work::Step => work::step(setting),
        Work::Objective => work::objective(setting),
        Work::Predict => work::predict(setting),
        Work::Optimiser => work::optimiser(setting),
        Work::Loader => work::load(setting, Threads::One),
        Work::Loaders => work::load(setting, Threads::All),
        Work::View => drawing::view(setting),
        Work::Cloud => drawing::cloud(setting),
        Work::Together => together::together(setting),
    }
}

/// Times `run` on images as often as the setting says, once before without a clock.
fn time(setting: &BenchSetup, images: usize, mut run: impl FnMut() -> Result<()>) -> Result<Timing> {
    run()?;
    let mut seconds = Vec::new();
    let (result, launches) = count_kernels(|| -> Result<()> {
        for _ in 0..setting.runs {
            let started = Instant::now();
            run()?;
            seconds.push(started.elapsed().as_secs_f64());
        }
        Ok(())
    });
    result?;
    let kernels = if setting.kernels && launches > 0 {
        let (result, times) = time_kernels(run);
        result?;
        Some(times.into())
    } else {
        None
    };
    Ok(Timing {
        least_seconds: seconds.iter().copied().fold(f64::INFINITY, f64::min),
        most_seconds: seconds.iter().copied().fold(0.0, f64::max),
        seconds: median(seconds),
        images,
        launches: Some(launches / setting.runs as u64).filter(|launches| *launches > 0),
        floor: None,
        kernels,
        together: None,
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}
