//! `train`: a run from the command line, over the same session as the window.

use super::{ComputeArgs, data::CameraArgs, progress};
use crate::{
    compute::Compute,
    config::{Preset, RunConfig, layered},
    data::split::MOVING_FRAMES,
    train::{Command, Event, Problem, SessionHandle, StepReport},
};
use anyhow::{Context, Result, bail};
use clap::{ArgMatches, Args, parser::ValueSource};
use indicatif::ProgressBar;
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Args)]
pub(super) struct TrainArgs {
    /// A folder in KITTI raw or odometry layout, a folder of pictures (or of such folders), or demo for
    /// the built-in drive
    #[arg(long, value_name = "DIR|demo")]
    data: String,
    #[command(flatten)]
    camera: CameraArgs,
    /// The split to train on: a folder of split files, or the name of a built-in split.
    /// Without it every frame that has its neighbours is used
    #[arg(long, value_name = "NAME|DIR")]
    split: Option<String>,
    /// Leave out frames around which the camera stands: short for --split moving-frames
    #[arg(long, conflicts_with = "split")]
    skip_static: bool,
    /// The run folder to make
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Networks to start from: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: Option<PathBuf>,
    /// A TOML file with training options, over those of the preset
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Options to start from
    #[arg(long, value_enum, default_value = "published")]
    preset: Preset,
    /// Print one JSON object at the end
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeArgs,
    #[command(flatten)]
    options: RunConfig,
}

pub(super) fn run(args: &TrainArgs, given: &ArgMatches) -> Result<()> {
    let file = args.config.as_deref().map(read_text).transpose()?;
    let is_given = |name: &str| given.value_source(name) == Some(ValueSource::CommandLine);
    let config = layered(args.preset, file.as_deref(), &args.options, is_given)?;
    config.validate()?;

    args.compute.limit_threads()?;
    let compute = Compute::open(args.compute.device, None)?;
    eprintln!("computing on {}", compute.name);
    let session = SessionHandle::spawn(compute, Arc::new(|| ()));
    let commands = session.commands();
    ctrlc::set_handler(move || drop(commands.send(Command::Stop)))
        .context("the interrupt key cannot be watched")?;

    let split = args.split.clone().or(args.skip_static.then(|| MOVING_FRAMES.to_owned()));
    session.send(Command::OpenData { data: args.camera.choice(&args.data), split });
    wait_for(&session, |event| matches!(event, Event::Data(_)))?;
    if let Some(weights) = &args.weights {
        session.send(Command::LoadWeights(weights.clone()));
        wait_for(&session, |event| matches!(event, Event::Weights(_)))?;
    }
    session.send(Command::Start { config: Box::new(config), out: args.out.clone() });
    let last = follow(&session)?;
    if args.json {
        println!("{}", json!({ "out": args.out, "steps": last.step, "loss": last.loss }));
    } else {
        println!("{} steps, last loss {:.4}, run in {}", last.step, last.loss, args.out.display());
    }
    Ok(())
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))
}

fn wait_for(session: &SessionHandle, is_it: impl Fn(&Event) -> bool) -> Result<()> {
    loop {
        match session.wait().context("the session ended early")? {
            Event::Problem(problem) => bail!(in_words(&problem)),
            Event::Data(report) if !report.dropped.is_empty() => {
                let (key, reason) = &report.dropped[0];
                eprintln!("{} samples dropped, the first: {key}: {reason}", report.dropped.len());
                return Ok(());
            }
            event if is_it(&event) => return Ok(()),
            _ => {}
        }
    }
}

/// Shows the run's progress until it ends.
fn follow(session: &SessionHandle) -> Result<StepReport> {
    let bar = progress::bar(0, "train");
    let mut last = StepReport::default();
    loop {
        match session.wait().context("the session ended early")? {
            Event::Step(report) => {
                show(&bar, &report);
                last = report;
            }
            Event::Problem(problem) if problem.ended_run => bail!(in_words(&problem)),
            Event::Problem(problem) => bar.suspend(|| eprintln!("{}", in_words(&problem))),
            Event::Finished { .. } => {
                bar.finish_and_clear();
                return Ok(last);
            }
            _ => {}
        }
    }
}

fn show(bar: &ProgressBar, report: &StepReport) {
    bar.set_length(report.total_steps);
    bar.set_position(report.step);
    bar.set_message(format!("loss {:.4}  {:.1} images/s", report.loss, report.images_per_second));
}

fn in_words(problem: &Problem) -> String {
    if problem.advice.is_empty() {
        problem.what.clone()
    } else {
        format!("{}; {}", problem.what, problem.advice)
    }
}
