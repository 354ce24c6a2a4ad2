//! `train`: starts or resumes a run over the same session as the window.

use super::{compute::ComputeArgs, data::CameraArgs, progress};
use crate::{
    config::{Preset, RunConfig, layered, overridden},
    data::{atomic_file::read_side_file, split::MOVING_FRAMES, unreadable::io_reason},
    interrupt,
    output::{errln, outln},
    runs::{Entry, RunFolder, StepReport, ValidationReport},
    session::{Command, Event, Failure, Level, Notice, OnRun, Reply, RunEffect, RunStarted, SessionHandle},
};
use anyhow::{Error, Result, anyhow, bail, ensure};
use clap::{ArgMatches, Args, parser::ValueSource};
use crossbeam_channel::RecvTimeoutError;
use indicatif::ProgressBar;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Longest time between two updates of the progress of validation.
const REFRESH: Duration = Duration::from_millis(200);

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
    /// Leave out frames around which the camera stands still: short for --split moving-frames
    #[arg(long, conflicts_with = "split")]
    skip_static: bool,
    /// The run folder to make
    #[arg(long, value_name = "RUN", required_unless_present = "resume")]
    out: Option<PathBuf>,
    /// Resume the run of this folder from its last checkpoint, exactly as if it had not ended; only options
    /// that change no step made so far may be given
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
    let commands = match (&args.resume, &args.out, &args.data) {
        (Some(run), ..) => resume(args, run, is_given)?,
        (None, Some(out), Some(data)) => start(args, out, data, is_given)?,
        _ => unreachable!("the parser asks for --out and --data, or for --resume"),
    };

    let compute = args.compute.open()?;
    errln!("computing on {}", compute.name);
    let session = SessionHandle::spawn(compute, Arc::new(|| ()));
    let requester = session.requester();
    let is_interrupted = Arc::new(AtomicBool::new(false));
    let interrupted = Arc::clone(&is_interrupted);
    interrupt::on_signal(move || {
        interrupted.store(true, Ordering::SeqCst);
        requester.send(Command::Stop);
    })?;
    let is_interrupted = move || is_interrupted.load(Ordering::SeqCst);
    let mut loss = f32::NAN;
    let mut early_events = Vec::new();
    for command in commands {
        ensure!(!is_interrupted(), "interrupted before the run started");
        let mut take = |event| match event {
            Event::RunStarted(started) => loss = last_loss(&started).unwrap_or(loss),
            // A short run may end before the reply to its command is read.
            event => early_events.push(event),
        };
        session.call(command, &mut take).map_err(Error::from)?;
    }
    if is_interrupted() {
        // The handler may have sent its `Stop` before there was a run to stop.
        session.send(Command::Stop);
    }
    let end = follow(&session, early_events, loss)?;
    let (steps, out) = (end.steps, end.out.display());
    if args.json {
        outln!("{}", json!({ "out": end.out, "steps": end.steps, "loss": end.loss }));
    }
    if is_interrupted() && !end.is_complete {
        // The exit code tells scripts that the run is not finished.
        bail!("interrupted at step {steps}; continue with: monoscope train --resume {out}");
    }
    if !args.json {
        if end.loss.is_nan() {
            outln!("{steps} steps, run in {out}");
        } else {
            outln!("{steps} steps, last loss {:.4}, run in {out}", end.loss);
        }
    }
    Ok(())
}

/// Commands that start a new run.
fn start(args: &TrainArgs, out: &Path, data: &str, is_given: impl Fn(&str) -> bool) -> Result<Vec<Command>> {
    let file = args.config.as_deref().map(read_text).transpose()?;
    let config = layered(args.preset, file.as_deref(), &args.options, is_given)?;
    config.validate()?;
    let on_run = OnRun::End;
    let open = Command::OpenData { data: args.camera.choice(data), split: args.chosen_split(), on_run };
    let load = args.weights.clone().map(|path| Command::LoadWeights { path: Some(path), on_run });
    let start = Command::Start { config: Box::new(config), out: out.to_owned() };
    Ok([Some(open), load, Some(start)].into_iter().flatten().collect())
}

/// Commands that resume a run.
fn resume(args: &TrainArgs, run: &Path, is_given: impl Fn(&str) -> bool) -> Result<Vec<Command>> {
    let folder = RunFolder::open(run)?;
    let saved = folder.config()?;
    let step = folder.last_position()?.step + 1;
    // A flag replaces changes made after the checkpoint; otherwise a value that broke the run would come back.
    let saved = saved.without_changes(step, &is_given);
    let wanted = overridden(&saved.at_step(step), &args.options, is_given)?;
    let config = saved.continued(&wanted, step)?;
    let data = match (&args.data, args.chosen_split()) {
        (None, None) => None,
        (data, split) => {
            let manifest = folder.manifest();
            Some(match data {
                // A missing manifest is written again.
                Some(data) => {
                    let saved_split = manifest.ok().and_then(|manifest| manifest.split);
                    (args.camera.choice(data), split.or(saved_split))
                }
                None => manifest.map(|manifest| (manifest.data, split.or(manifest.split)))?,
            })
        }
    };
    let (run, config, on_run) = (run.to_owned(), Some(Box::new(config)), OnRun::End);
    Ok(vec![Command::Resume { run, data, config, on_run }])
}

fn read_text(path: &Path) -> Result<String> {
    read_side_file(path).map_err(|error| {
        anyhow!("the configuration {} cannot be read: {}", path.display(), io_reason(&error))
    })
}

/// Result of a run.
struct RunEnd {
    steps: u64,
    /// True if all steps are known to be made and validated.
    is_complete: bool,
    loss: f32,
    out: PathBuf,
}

fn last_loss(started: &RunStarted) -> Option<f32> {
    started.history.iter().rev().find_map(|entry| match entry {
        Entry::Step(report) => Some(report.loss),
        Entry::Validation(_) | Entry::Change(_) => None,
    })
}

/// Shows the progress of the run until it ends, beginning with the events that arrived early.
fn follow(session: &SessionHandle, early_events: Vec<Event>, mut loss: f32) -> Result<RunEnd> {
    let bar = progress::bar(0, "train");
    // Number of all steps, and true while samples remain to be validated; `None` if not known yet.
    let mut remaining = None;
    let mut early_events = early_events.into_iter();
    loop {
        let event = match early_events.next().map_or_else(|| session.wait_timeout(REFRESH), Ok) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => bail!("the session ended early"),
        };
        match event {
            Some(Event::Step(report)) => {
                show(&bar, &report);
                loss = report.loss;
            }
            Some(Event::Validation(report)) => bar.suspend(|| errln!("{}", validation(&report))),
            Some(Event::Notice(notice)) if notice.level != Level::Error => {
                bar.suspend(|| errln!("{}", in_words(&notice)));
            }
            // Stopping fails if the last checkpoint cannot be written.
            Some(Event::Reply(Reply { result: Err(failure), .. })) => {
                bar.finish_and_clear();
                return Err(ended_by(session, failure));
            }
            Some(Event::RunEnded { steps, out, failure }) => {
                bar.finish_and_clear();
                let is_complete = remaining == Some((steps, false));
                return match failure {
                    None => Ok(RunEnd { steps, is_complete, loss, out }),
                    Some(failure) => Err(failure.into()),
                };
            }
            _ => {}
        }
        let state = session.state();
        let Some(run) = &state.run else { continue };
        remaining = Some((run.total_steps, run.validating.is_some()));
        if let Some(failure) = &run.failure {
            bar.finish_and_clear();
            return Err(ended_by(session, failure.clone()));
        }
        if let Some((done, samples)) = run.validating {
            bar.set_message(format!("validating {done} of {samples}"));
        }
    }
}

/// Ends a run that a failure has paused, because nobody is there to continue it; returns the error to print.
fn ended_by(session: &SessionHandle, failure: Failure) -> Error {
    let out = session.state().run.as_ref().map(|run| run.out.display().to_string());
    let saved = session.call(Command::Shutdown { even_unsaved: true }, |_| ());
    let Failure { text, advice, effect, .. } = failure;
    let advice = advice.replace("the run is paused", "the run has ended");
    match (saved, out) {
        (Err(unsaved), _) if effect == RunEffect::Unsaved => unsaved.into(),
        (Err(unsaved), _) => anyhow!("{text}; {unsaved}"),
        (Ok(_), Some(out)) if effect != RunEffect::NonFinite => {
            anyhow!("{text}; {advice}; continue with: monoscope train --resume {out}")
        }
        (Ok(_), _) => anyhow!("{text}; {advice}"),
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

fn in_words(notice: &Notice) -> String {
    if notice.advice.is_empty() { notice.text.clone() } else { format!("{}; {}", notice.text, notice.advice) }
}
