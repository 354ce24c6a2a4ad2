//! `evaluate depth`: compares predicted with true depth.

use crate::{
    cli::{
        compute::{ComputeArgs, load_predictor},
        data::CameraArgs,
        progress,
    },
    data::{
        self, FrameKey, FrameSource,
        arrays::npy::{self, NpyRows},
        atomic_file::{in_words, write_whole},
        split,
    },
    evaluate::{
        Baseline, DepthChoices, DepthEvaluation, DepthEvaluator, DepthFile, DepthJob, DisparityFile,
        PredictionKind, Predictions, Published, Truth, TruthChoice, baselines, published,
        report::{TABLE_HEADER, csv, latex_row, table_row},
    },
    output::{errln, outln},
    predict::DisparityMap,
};
use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

#[derive(Args)]
pub(super) struct DepthArgs {
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
    #[arg(
        long,
        value_name = "PATH",
        required_unless_present = "disparities",
        conflicts_with = "disparities"
    )]
    weights: Option<PathBuf>,
    /// Disparities that were predicted before, instead of --weights: f32 [images, height, width]
    #[arg(long, value_name = "FILE.npy")]
    disparities: Option<PathBuf>,
    /// The split whose test frames the rows of --disparities, and of a gt_depths.npz, follow. Without it
    /// --split. Splits known by name go by drive and frame; the reference's files follow its own lists
    #[arg(long, value_name = "NAME|DIR")]
    file_split: Option<String>,
    #[command(flatten)]
    choices: DepthChoices,
    /// Save the disparities of all frames: f32 [images, height, width], 1 / depth before any scaling
    #[arg(long, value_name = "FILE.npy")]
    save_disparities: Option<PathBuf>,
    /// Also score baselines that do not look at the image: constant depth, flat road
    #[arg(long)]
    guesses: bool,
    /// Write a table of all images
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Print one row of a LaTeX table
    #[arg(long, conflicts_with = "json")]
    latex: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Serialize)]
struct DepthReport {
    #[serde(flatten)]
    evaluation: DepthEvaluation,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    guesses: Vec<Baseline>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<String>,
}

pub(super) fn run(args: &DepthArgs) -> Result<()> {
    let compute = args.compute.open()?;
    let source = data::open(&args.camera.choice(&args.data))?;
    let keys = split::evaluation_frames(args.split.as_deref(), source.as_ref())?;
    let predictor = args.weights.as_deref().map(|path| load_predictor(path, &compute.device)).transpose()?;
    let kind = match &predictor {
        Some(predictor) => PredictionKind::of(predictor),
        None => PredictionKind::File,
    };
    let (name, protocol, truth) = args.choices.resolve(args.split.as_deref(), source.as_ref(), kind)?;
    let predictions = match (predictor, &args.disparities) {
        (Some(predictor), _) => {
            Predictions::Network { predictor: Box::new(predictor), post_process: args.choices.post_process }
        }
        (None, file) => {
            let file = file.as_deref().context("give --weights or --disparities")?;
            let frames = file_frames(args, source.as_ref(), &keys, Some(file))?;
            Predictions::File(DisparityFile::open(file, &frames)?)
        }
    };
    let truth = match truth {
        TruthChoice::Source(kind) => Truth::Source(kind),
        TruthChoice::File(file) => {
            let frames = file_frames(args, source.as_ref(), &keys, None)?;
            Truth::File(Arc::new(DepthFile::open(&file, &frames)?))
        }
    };
    let evaluator = DepthEvaluator::new(DepthJob {
        source: Arc::clone(&source),
        keys: keys.clone(),
        truth: truth.clone(),
        predictions,
        protocol,
        predict_all: args.save_disparities.is_some(),
    })?;
    let (evaluation, doubts) = evaluate(evaluator, args.save_disparities.as_deref())?;
    for doubt in &doubts {
        errln!("doubtful: {doubt}");
    }
    if let Some(path) = &args.csv {
        write_whole(path, |file| file.write_all(csv(&evaluation).as_bytes()))
            .with_context(|| format!("the table {} cannot be written", path.display()))?;
    }
    let guesses = match args.guesses {
        true => baselines(source.as_ref(), &keys, &truth, &protocol)?.to_vec(),
        false => Vec::new(),
    };
    let model = args.weights.as_ref().or(args.disparities.as_ref());
    let model = model.map(|path| path.display().to_string()).unwrap_or_default();
    if args.latex {
        outln!("{}", latex_row(&evaluation.metrics, &model));
    } else if args.json {
        outln!("{}", serde_json::to_string(&DepthReport { evaluation, guesses, doubts })?);
    } else {
        print(&evaluation, &model, &guesses, &published(name, &protocol, args.choices.post_process));
    }
    Ok(())
}

/// Frames of the rows of a file: those of --file-split; those of the whole Eigen split if --split is eigen_benchmark,
/// a subset of it, and the file has as many rows; else those that are evaluated.
fn file_frames(
    args: &DepthArgs,
    source: &dyn FrameSource,
    keys: &[FrameKey],
    disparities: Option<&Path>,
) -> Result<Vec<FrameKey>> {
    if let Some(name) = &args.file_split {
        return Ok(split::evaluation_frames(Some(name), source)?);
    }
    let (mut name, mut frames) = (args.split.as_deref(), keys.to_vec());
    if let (Some("eigen_benchmark"), Some(path)) = (name, disparities) {
        let all = split::evaluation_frames(Some("eigen"), source)?;
        if NpyRows::open(path)?.shape().first() == Some(&all.len()) {
            (name, frames) = (Some("eigen"), all);
        }
    }
    if let Some(name) = name.filter(|name| split::names().contains(name)) {
        errln!(
            "rows of the file are taken to follow the split {name} by drive and frame; a file of the reference \
             follows its own list: give the folder of that list as --file-split"
        );
    }
    Ok(frames)
}

/// Evaluates all frames, and tells what is doubtful about them; saves their disparities if a file is given.
fn evaluate(mut evaluator: DepthEvaluator, save: Option<&Path>) -> Result<(DepthEvaluation, Vec<String>)> {
    let Some(path) = save else {
        advance_all(&mut evaluator, &mut |_| Ok(()))?;
        return Ok((evaluator.finish()?, evaluator.doubts()));
    };
    let size = evaluator.disparity_size();
    let shape = [evaluator.total(), size.height, size.width];
    let unwritten = || format!("the disparities {} cannot be written", path.display());
    let mut failure = None;
    let written = write_whole(path, |file| {
        npy::write_chunks(file, &shape, |write| {
            let advanced = advance_all(&mut evaluator, &mut |disparity| {
                write(&disparity.values).map_err(in_words).with_context(unwritten)
            });
            advanced.map_err(|error| {
                failure = Some(error);
                io::Error::other("the evaluation ended early")
            })
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    written.with_context(unwritten)?;
    Ok((evaluator.finish()?, evaluator.doubts()))
}

fn advance_all(
    evaluator: &mut DepthEvaluator,
    save: &mut dyn FnMut(&DisparityMap) -> Result<()>,
) -> Result<()> {
    let bar = progress::bar(evaluator.total() as u64, "evaluate");
    while let Some(progress) = evaluator.advance(save) {
        progress?;
        bar.set_position(evaluator.done() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

fn print(evaluation: &DepthEvaluation, model: &str, guesses: &[Baseline], published: &[Published]) {
    outln!("{}", evaluation.protocol);
    outln!("{TABLE_HEADER}");
    outln!("{}", table_row(&evaluation.metrics, model));
    for guess in guesses {
        outln!("{}", table_row(&guess.metrics, &guess.name));
    }
    for row in published {
        outln!("{}", table_row(&row.metrics(), &format!("published: {}", row.name)));
    }
    outln!("ratio of medians: median {:.3}, spread {:.3}", evaluation.ratio_median, evaluation.ratio_std);
    outln!("{} images, {:.1} a second", evaluation.images, evaluation.images_per_second);
    if evaluation.images_without_depth > 0 {
        outln!("{} frames have no true depth that counts and are left out", evaluation.images_without_depth);
    }
}
