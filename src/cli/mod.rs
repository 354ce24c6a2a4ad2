//! The command line: one file per command, on the same session as the window.

mod archives;
mod bench;
mod calibrate;
mod compute;
mod convert;
mod data;
mod demo_data;
mod evaluate;
mod frames;
mod ground_truth;
mod info;
mod inspect;
mod log;
mod numbers;
mod odometry;
mod predict;
mod progress;
mod results;
mod screenshots;
mod train;

use crate::{
    app,
    config::ConfigError,
    data::atomic_file::in_words,
    output::{self, errln, is_obeyed, message_line},
    panics,
};
use anyhow::{Context, Result};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use compute::ComputeArgs;
use data::CameraArgs;
use log::LogArgs;
use std::{env, ffi::OsString, panic, path::PathBuf, process::ExitCode};

/// A desktop lab for self-supervised monocular depth. Without a command it opens the window.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<HeadlessCommand>,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Args)]
struct WindowArgs {
    /// Data to open: a folder in KITTI raw or odometry layout, a folder of pictures (or of such folders),
    /// or demo for the built-in drive
    #[arg(long, value_name = "DIR|demo", default_value = "demo")]
    data: String,
    #[command(flatten)]
    camera: CameraArgs,
    /// The split to train on: a folder of split files, or the name of a built-in split
    #[arg(long, value_name = "NAME|DIR")]
    split: Option<String>,
    /// Networks to load: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: Option<PathBuf>,
    /// Open with the default layout of the panes
    #[arg(long)]
    reset_layout: bool,
    /// Draw without a pause, and print the frame times at the end
    #[arg(long)]
    frame_times: bool,
    /// The file for the layout of the panes, the theme and recent data, instead of the usual one in your
    /// configuration folder
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Draw every pane in both themes on the built-in drive, write the pictures and a contact sheet to this
    /// folder, and end; no display is needed
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["data", "split", "weights", "reset_layout", "frame_times", "settings", "precision"]
    )]
    screenshots: Option<PathBuf>,
    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Subcommand)]
enum HeadlessCommand {
    /// Train depth and motion from video
    Train(Box<train::TrainArgs>),
    /// Predict disparity, depth and point clouds for images and drives
    Predict(Box<predict::PredictArgs>),
    /// Measure how many metres a unit of predicted depth is, and save it next to the weights
    Calibrate(calibrate::CalibrateArgs),
    /// Write everything the loss computes for one sample to a file
    Inspect(inspect::InspectArgs),
    /// Score networks with the published metrics
    Evaluate(evaluate::EvaluateArgs),
    /// Write the true depth of a split's frames to one file
    GroundTruth(ground_truth::GroundTruthArgs),
    /// List frames, their sizes and how the camera moves
    Frames(frames::FramesArgs),
    /// Print the addresses of the official archives of a split
    Archives(archives::ArchivesArgs),
    /// Write networks as one safetensors file
    Convert(convert::ConvertArgs),
    /// Time training and prediction, optionally in turns with another program
    Bench(bench::BenchArgs),
    /// Export the built-in drive as a KITTI folder
    DemoData(demo_data::DemoDataArgs),
    /// List graphics adapters and backends, or what a weights folder holds
    Info(info::InfoArgs),
}

/// Definition of the command line: every command with its options.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the program: 0 on success, 2 on a usage error, 1 on failure with one line on stderr.
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(panics::print_uncaught));
    panics::install_hook();
    let parsed =
        command().try_get_matches().and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse_usage(&error),
    };
    let trains = matches!(cli.command, Some(HeadlessCommand::Train(_)));
    // The results of a run are in its folder; those of other commands are what they print.
    let finished = run(cli, &matches).and_then(|()| match output::failure() {
        Some(error) if !trains => Err(in_words(error)).context("the results cannot be printed"),
        _ => Ok(()),
    });
    let code = match finished {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ");
            errln!("error: {line}");
            ExitCode::from(if error.is::<ConfigError>() { 2 } else { 1 })
        }
    };
    output::finish_reports();
    code
}

/// Prints the parser's message, in colours unless it quotes what a terminal would obey.
fn refuse_usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let is_harmless = |argument: OsString| !argument.to_string_lossy().contains(is_obeyed);
    let is_short = text.lines().all(|line| message_line(line) == line);
    if !error.use_stderr() || (is_short && env::args_os().all(is_harmless)) {
        error.exit();
    }
    text.lines().for_each(|line| errln!("{line}"));
    ExitCode::from(2)
}

fn run(cli: Cli, matches: &ArgMatches) -> Result<()> {
    let log = cli.log.start(cli.command.is_none())?;
    // A reader that needs only the first lines of a list, such as `head`, closes the pipe. The command then ends;
    // a run or the window continues.
    if !matches!(cli.command, None | Some(HeadlessCommand::Train(_))) {
        sigpipe::reset();
    }
    match cli.command {
        None => {
            cli.window.compute.limit_threads()?;
            if let Some(folder) = cli.window.screenshots {
                return screenshots::run(folder, cli.window.compute.device);
            }
            app::run(&app::WindowOptions {
                data: cli.window.camera.choice(&cli.window.data),
                split: cli.window.split,
                weights: cli.window.weights,
                device: cli.window.compute.device,
                precision: cli.window.compute.precision,
                runs: PathBuf::from("runs"),
                settings: cli.window.settings,
                reset_layout: cli.window.reset_layout,
                frame_times: cli.window.frame_times,
                log,
            })
        }
        Some(HeadlessCommand::Train(args)) => {
            let given = matches.subcommand_matches("train").expect("the parsed command is train");
            train::run(&args, given)
        }
        Some(HeadlessCommand::Predict(args)) => predict::run(&args),
        Some(HeadlessCommand::Calibrate(args)) => calibrate::run(&args),
        Some(HeadlessCommand::Inspect(args)) => inspect::run(&args),
        Some(HeadlessCommand::Evaluate(args)) => evaluate::run(&args),
        Some(HeadlessCommand::GroundTruth(args)) => ground_truth::run(&args),
        Some(HeadlessCommand::Frames(args)) => frames::run(&args),
        Some(HeadlessCommand::Archives(args)) => archives::run(&args),
        Some(HeadlessCommand::Convert(args)) => convert::run(&args),
        Some(HeadlessCommand::Bench(args)) => bench::run(&args),
        Some(HeadlessCommand::DemoData(args)) => demo_data::run(&args),
        Some(HeadlessCommand::Info(args)) => info::run(&args),
    }
}
