//! `train`: a run from the command line, over the same session as the window.

use super::{ComputeArgs, data::CameraArgs, progress};
use crate::{
    compute::Compute,
    config::{Preset, RunConfig, layered, overridden},
    data::split::MOVING_FRAMES,
    output::{errln, outln},
    train::{
        Beginning, Command, Entry, Event, Harm, Problem, RunFolder, SessionHandle, StepReport,
        ValidationReport,
    },
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
    #[arg(long, value_name = "DIR|demo", required_unless_present = "resume")]
    data: Option<String>,
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
    #[arg(long, value_name = "RUN", required_unless_present = "resume")]
    out: Option<PathBuf>,
    /// Go on with the run of this folder from its last checkpoint, exactly as if it had not ended; of the
    /// options only those may be given that change no step made so far
    #[arg(long, value_name = "RUN", conflicts_with_all = ["out", "weights", "config", "preset"])]
    resume: Option<PathBuf>,
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

impl TrainArgs {
    fn chosen_split(&self) -> Option<String> {
        self.split.clone().or(self.skip_static.then(|| MOVING_FRAMES.to_owned()))
    }
}

pub(super) fn run(args: &TrainArgs, given: &ArgMatches) -> Result<()> {
    let is_given = |name: &str| given.value_source(name) == Some(ValueSource::CommandLine);
    let begin = match (&args.resume, &args.out, &args.data) {
        (Some(run), ..) => resume(args, run, is_given)?,
        (None, Some(out), Some(data)) => start(args, out, data, is_given)?,
        _ => unreachable!("the parser asks for --out and --data, or for --resume"),
    };

    args.compute.limit_threads()?;
    let compute = Compute::open(args.compute.device, None)?;
    errln!("computing on {}", compute.name);
    let session = SessionHandle::spawn(compute, Arc::new(|| ()));
    let commands = session.commands();
    ctrlc::set_handler(move || drop(commands.send(Command::Stop)))
        .context("the interrupt key cannot be watched")?;
    let mut loss = f32::NAN;
    for command in &begin {
        session.send(command.clone());
        if let Event::Begun(beginning) = answer(&session, command, &begin[0])? {
            loss = last_loss(&beginning).unwrap_or(loss);
        }
    }
    let end = follow(&session, loss)?;
    if args.json {
        outln!("{}", json!({ "out": end.out, "steps": end.steps, "loss": end.loss }));
    } else {
        outln!("{} steps, last loss {:.4}, run in {}", end.steps, end.loss, end.out.display());
    }
    Ok(())
}

/// What begins a new run.
fn start(args: &TrainArgs, out: &Path, data: &str, is_given: impl Fn(&str) -> bool) -> Result<Vec<Command>> {
    let file = args.config.as_deref().map(read_text).transpose()?;
    let config = layered(args.preset, file.as_deref(), &args.options, is_given)?;
    config.validate()?;
    let open = Command::OpenData { data: args.camera.choice(data), split: args.chosen_split() };
    let load = args.weights.clone().map(Command::LoadWeights);
    let start = Command::Start { config: Box::new(config), out: out.to_owned() };
    Ok([Some(open), load, Some(start)].into_iter().flatten().collect())
}

/// What goes on with a run.
fn resume(args: &TrainArgs, run: &Path, is_given: impl Fn(&str) -> bool) -> Result<Vec<Command>> {
    let folder = RunFolder::open(run)?;
    let saved = folder.config()?;
    let step = folder.last_position()?.step + 1;
    let wanted = overridden(&saved.at_step(step), &args.options, is_given)?;
    let config = saved.continued(&wanted, step)?;
    let data = match (&args.data, args.chosen_split()) {
        (None, None) => None,
        (data, split) => {
            let manifest = folder.manifest()?;
            let data = data.as_deref().map_or(manifest.data, |data| args.camera.choice(data));
            Some((data, split.or(manifest.split)))
        }
    };
    Ok(vec![Command::Resume { run: run.to_owned(), data, config: Some(Box::new(config)) }])
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("the configuration {} cannot be read", path.display()))
}

/// How a run ended.
struct End {
    steps: u64,
    loss: f32,
    out: PathBuf,
}

/// Waits until what was sent is done; prints warnings. `first` is the command that was sent before all others.
fn answer(session: &SessionHandle, command: &Command, first: &Command) -> Result<Event> {
    let mut trouble = None;
    loop {
        let event = session.wait().context("the session ended early")?;
        match (command, event) {
            (Command::LoadWeights(_), Event::Problem(problem)) => {
                // A warning about the weights is followed by news of them, a failure by nothing: what answers a
                // second command tells which it was.
                trouble = Some(problem);
                session.send(first.clone());
            }
            (Command::LoadWeights(_), Event::Data(_)) => {
                bail!(trouble.map_or_else(String::new, |problem| in_words(&problem)));
            }
            (Command::LoadWeights(_), event @ Event::Weights(_)) => {
                if let Some(problem) = trouble {
                    errln!("{}", in_words(&problem));
                }
                return Ok(event);
            }
            (Command::Start { .. } | Command::Resume { .. }, Event::Problem(problem))
                if problem.harm == Harm::None =>
            {
                errln!("{}", in_words(&problem));
            }
            (_, Event::Problem(problem)) => bail!(in_words(&problem)),
            (Command::OpenData { .. }, event @ Event::Data(_))
            | (Command::Start { .. } | Command::Resume { .. }, event @ Event::Begun(_)) => return Ok(event),
            _ => {}
        }
    }
}

fn last_loss(beginning: &Beginning) -> Option<f32> {
    beginning.history.iter().rev().find_map(|entry| match entry {
        Entry::Step(report) => Some(report.loss),
        Entry::Validation(_) | Entry::Change(_) => None,
    })
}

/// Shows the run's progress until it ends.
fn follow(session: &SessionHandle, mut loss: f32) -> Result<End> {
    let bar = progress::bar(0, "train");
    loop {
        match session.wait().context("the session ended early")? {
            Event::Step(report) => {
                show(&bar, &report);
                loss = report.loss;
            }
            Event::Validating { done, samples } => bar.set_message(format!("validating {done} of {samples}")),
            Event::Validation(report) => bar.suspend(|| errln!("{}", validation(&report))),
            Event::Problem(problem) if problem.harm != Harm::None => bail!(in_words(&problem)),
            Event::Problem(problem) => bar.suspend(|| errln!("{}", in_words(&problem))),
            Event::Finished { steps, out } => {
                bar.finish_and_clear();
                return Ok(End { steps, loss, out });
            }
            _ => {}
        }
    }
}

fn validation(report: &ValidationReport) -> String {
    let depth = report.metrics.map_or_else(String::new, |metrics| {
        format!(", abs_rel {:.3}, a1 {:.3} on {} depths", metrics.abs_rel, metrics.a1, report.depths)
    });
    format!("epoch {}: validation loss {:.4} on {} samples{depth}", report.epoch, report.loss, report.samples)
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
