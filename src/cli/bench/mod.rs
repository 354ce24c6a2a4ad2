//! `bench`: how long the work takes that people wait for, as medians, if asked in turn with another
//! program that does the same.

mod drawing;
mod floor;
mod work;

use super::{ComputeArgs, progress};
use crate::{
    compute::{Compute, count_kernels},
    config::{ConfigError, ImageSize},
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, process::Command, time::Instant};
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
}

impl Work {
    /// What another program calls it; drawing and the optimiser alone have no counterpart.
    fn others_name(self) -> Option<&'static str> {
        match self {
            Self::Step => Some("step"),
            Self::Objective => Some("objective"),
            Self::Predict => Some("predict"),
            Self::Loader | Self::Loaders => Some("load"),
            Self::Optimiser | Self::View | Self::Cloud => None,
        }
    }
}

/// What is timed, at which size.
struct Setting {
    compute: Compute,
    size: ImageSize,
    batch: usize,
    runs: usize,
    frames: Option<PathBuf>,
    seed: u64,
}

/// Seconds of one piece of work.
#[derive(Clone, Copy, Debug, Serialize)]
struct Timing {
    /// The median of all runs.
    seconds: f64,
    /// The fastest.
    least_seconds: f64,
    /// The slowest.
    most_seconds: f64,
    /// Images that a piece of work is about.
    images: usize,
    /// Kernels that the GPU backend ran for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernels: Option<u64>,
    /// What the arithmetic alone would take at the speed of this machine's matrix product, or the
    /// optimiser's bytes at that of its memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    floor_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Outcome {
    work: Work,
    #[serde(flatten)]
    timing: Timing,
    images_per_second: f64,
    /// The other program's median in the same sitting, for as many images.
    #[serde(skip_serializing_if = "Option::is_none")]
    against_seconds: Option<f64>,
    /// Our median by the other's: below 1 we are faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
}

#[derive(Serialize)]
struct Report {
    device: String,
    threads: usize,
    size: [usize; 3],
    /// The most memory that this process held, bytes, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory: Option<u64>,
    results: Vec<Outcome>,
}

pub(super) fn run(args: &BenchArgs) -> Result<()> {
    if args.batch == 0 || args.runs == 0 || args.turns == 0 {
        let reason = "--batch, --runs and --turns must be 1 or more";
        return Err(ConfigError(reason.to_owned()).into());
    }
    let setting = Setting {
        compute: args.compute.open()?,
        size: ImageSize { height: args.height, width: args.width },
        batch: args.batch,
        runs: args.runs,
        frames: args.frames.clone(),
        seed: args.seed,
    };
    let all = Work::value_variants();
    let wanted = if args.work.is_empty() { all } else { &args.work };
    let bar = progress::bar(wanted.len() as u64, "bench");
    let mut results = Vec::new();
    for work in wanted {
        bar.set_message(format!("{work:?}").to_lowercase());
        results.push(in_turns(*work, &setting, args)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let report = Report {
        device: setting.compute.name,
        threads: rayon::current_num_threads(),
        size: [args.batch, args.height, args.width],
        peak_memory: peak_memory(),
        results,
    };
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

/// Times the work, in turn with the other program if there is one: the median of the turns' medians.
fn in_turns(work: Work, setting: &Setting, args: &BenchArgs) -> Result<Outcome> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let against = args.against.as_deref().filter(|_| work.others_name().is_some());
    for _ in 0..if against.is_some() { args.turns } else { 1 } {
        ours.push(timed(work, setting)?);
        if let (Some(program), Some(name)) = (against, work.others_name()) {
            theirs.push(others_seconds_for_an_image(program, name, args)?);
        }
    }
    ours.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let timing = Timing {
        least_seconds: ours.iter().map(|timing| timing.least_seconds).fold(f64::INFINITY, f64::min),
        most_seconds: ours.iter().map(|timing| timing.most_seconds).fold(0.0, f64::max),
        ..ours[ours.len() / 2]
    };
    let against_seconds = (!theirs.is_empty()).then(|| timing.images as f64 * median(theirs));
    Ok(Outcome {
        work,
        images_per_second: timing.images as f64 / timing.seconds,
        ratio: against_seconds.map(|theirs| timing.seconds / theirs),
        against_seconds,
        timing,
    })
}

fn timed(work: Work, setting: &Setting) -> Result<Timing> {
    match work {
        Work::Step => work::step(setting),
        Work::Objective => work::objective(setting),
        Work::Predict => work::predict(setting),
        Work::Optimiser => work::optimiser(setting),
        Work::Loader => work::load(setting, Threads::One),
        Work::Loaders => work::load(setting, Threads::All),
        Work::View => drawing::view(setting),
        Work::Cloud => drawing::cloud(setting),
    }
}

/// Times `run` on images as often as the setting says, once before without a clock.
fn time(setting: &Setting, images: usize, mut run: impl FnMut() -> Result<()>) -> Result<Timing> {
    run()?;
    let mut seconds = Vec::new();
    let (result, kernels) = count_kernels(|| -> Result<()> {
        for _ in 0..setting.runs {
            let started = Instant::now();
            run()?;
            seconds.push(started.elapsed().as_secs_f64());
        }
        Ok(())
    });
    result?;
    let kernels = Some(kernels / setting.runs as u64).filter(|kernels| *kernels > 0);
    let least_seconds = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let most_seconds = seconds.iter().copied().fold(0.0, f64::max);
    Ok(Timing { seconds: median(seconds), least_seconds, most_seconds, images, kernels, floor_seconds: None })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// What the other program says.
#[derive(Deserialize)]
struct Other {
    seconds: Option<f64>,
    images_per_second: Option<f64>,
}

/// Seconds that the other program takes for an image.
fn others_seconds_for_an_image(program: &str, work: &str, args: &BenchArgs) -> Result<f64> {
    let mut words = program.split_whitespace();
    let mut command = Command::new(words.next().context("--against names no program")?);
    command.args(words).arg(work);
    let threads = rayon::current_num_threads();
    for (flag, value) in [
        ("--height", args.height),
        ("--width", args.width),
        ("--batch", args.batch),
        ("--threads", threads),
        ("--runs", args.runs),
    ] {
        command.args([flag, &value.to_string()]);
    }
    if let Some(frames) = &args.frames {
        command.arg("--frames").arg(frames);
    }
    let output = command.output().with_context(|| format!("'{program}' cannot be started"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let other: Other = serde_json::from_str(last).with_context(|| {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("'{program}' printed no JSON object but '{last}' {complaint}")
    })?;
    let of_rate = other.images_per_second.map(|rate| 1.0 / rate);
    let of_batch = other.seconds.map(|seconds| seconds / args.batch as f64);
    of_batch.or(of_rate).with_context(|| format!("'{program}' printed neither seconds nor images_per_second"))
}

/// The most memory that this process held.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

fn print(report: &Report) {
    let [batch, height, width] = report.size;
    println!("{}, {} threads; {width}×{height}, batches of {batch}", report.device, report.threads);
    println!("work         median      least       most   images/s  kernels      floor    other  ratio");
    let figure =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    for Outcome { work, timing, images_per_second, against_seconds, ratio } in &report.results {
        println!(
            "{:9} {:7.4} s  {:7.4} s  {:7.4} s  {images_per_second:9.1}  {:>7}  {:>9}  {:>7}  {:>5}",
            format!("{work:?}").to_lowercase(),
            timing.seconds,
            timing.least_seconds,
            timing.most_seconds,
            figure(timing.kernels.map(|kernels| kernels as f64), 0),
            figure(timing.floor_seconds, 4),
            figure(*against_seconds, 4),
            figure(*ratio, 2),
        );
    }
    if let Some(bytes) = report.peak_memory {
        println!("peak memory {:.2} GB", bytes as f64 / 1e9);
    }
}
