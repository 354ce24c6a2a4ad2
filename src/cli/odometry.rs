//! `evaluate odometry`: compares the path predicted by a pose network, or one from a file, with the true path.

use super::{compute::ComputeArgs, data::CameraArgs, progress};
use crate::{
    config::ObjectiveConfig,
    data::{
        self, Drive, FrameKey, FrameSource, Side,
        arrays::npy,
        poses::{self, PoseForm, Poses},
    },
    evaluate::{AlignedError, OdometryEvaluation},
    geometry::trajectory::path_of_motions,
    model::weights,
    output::{errln, outln},
    predict::MotionPredictor,
    runs::RunFolder,
};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use glam::DAffine3;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Frames per second where the data does not say: KITTI's.
const FRAME_RATE: f64 = 10.0;
/// Maximum difference in seconds between the times of poses that are compared.
const MAX_TIME_DIFFERENCE: f64 = 0.02;

#[derive(Args)]
pub(super) struct OdometryArgs {
    /// A folder in KITTI raw or odometry layout, a folder of pictures (or of such folders), or demo for
    /// the built-in drive
    #[arg(long, value_name = "DIR|demo", required_unless_present = "poses", requires = "weights")]
    data: Option<String>,
    #[command(flatten)]
    camera: CameraArgs,
    /// Drive or odometry sequence: its name or number, or a part of the name that no other has.
    /// Not needed where there is only one
    #[arg(long, visible_alias = "sequence", value_name = "NAME", requires = "data")]
    drive: Option<String>,
    /// Networks with a pose network: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH", requires = "data")]
    weights: Option<PathBuf>,
    /// Instead of networks: a file of predicted poses, in KITTI or TUM form
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["data", "weights", "out"])]
    poses: Option<PathBuf>,
    /// The file of true poses, in KITTI or TUM form
    #[arg(long, value_name = "FILE", requires = "poses")]
    against: Option<PathBuf>,
    /// Also write the predicted path to this folder: poses_kitti.txt, poses_tum.txt, and the motions as
    /// poses.npy
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Serialize)]
struct OdometryReport {
    path: String,
    #[serde(flatten)]
    evaluation: OdometryEvaluation,
}

pub(super) fn run(args: &OdometryArgs) -> Result<()> {
    let report = match (&args.poses, &args.against, &args.data, &args.weights) {
        (Some(predicted), Some(truth), ..) => Some(compare_files(predicted, truth)?),
        (_, _, Some(data), Some(weights)) => evaluate(args, data, weights)?,
        _ => bail!("give --data and --weights, or --poses and --against"),
    };
    match report {
        Some(report) if args.json => outln!("{}", serde_json::to_string(&report)?),
        Some(report) => print(&report),
        None => {}
    }
    Ok(())
}

fn compare_files(predicted_file: &Path, truth_file: &Path) -> Result<OdometryReport> {
    let (predicted, truth) = (poses::read(predicted_file)?, poses::read(truth_file)?);
    let path = format!("{} against {}", predicted_file.display(), truth_file.display());
    let (predicted, truth) = paired(predicted, truth);
    let evaluation = OdometryEvaluation::compare(&predicted, &truth).with_context(|| path.clone())?;
    Ok(OdometryReport { path, evaluation })
}

/// Pairs of predicted and true poses: by time if both files have times, else by line.
fn paired(predicted: Poses, truth: Poses) -> (Vec<DAffine3>, Vec<DAffine3>) {
    let (Some(times), Some(true_times)) = (&predicted.times, &truth.times) else {
        return (predicted.poses, truth.poses);
    };
    let nearest = |time: f64| {
        let after = true_times.partition_point(|other| *other < time);
        let around = [after.checked_sub(1), Some(after).filter(|after| *after < true_times.len())];
        let difference = |index: &usize| (true_times[*index] - time).abs();
        let nearest = around.into_iter().flatten().min_by(|a, b| difference(a).total_cmp(&difference(b)));
        nearest.filter(|index| difference(index) <= MAX_TIME_DIFFERENCE)
    };
    let pairs = times.iter().zip(&predicted.poses);
    pairs.filter_map(|(time, pose)| Some((*pose, truth.poses[nearest(*time)?]))).unzip()
}

fn evaluate(args: &OdometryArgs, data: &str, weights_path: &Path) -> Result<Option<OdometryReport>> {
    let compute = args.compute.open()?;
    let source = data::open(&args.camera.choice(data))?;
    let source = source.as_ref();
    let drive = choose(source, args.drive.as_deref())?;
    let side = drive.sides.first().copied().unwrap_or(Side::Left);
    let truth = source.true_poses(drive, side)?;
    ensure!(
        !truth.is_empty() || args.out.is_some(),
        "no true poses of drive {} in {}: KITTI odometry has them in poses/NN.txt, KITTI raw in oxts/data; \
         with --out the predicted path is written without them",
        drive.folder,
        source.name()
    );
    let folder = RunFolder::weights_in(weights_path);
    let loaded = weights::load(&folder, &compute.device)?;
    if let Some(note) = loaded.report.note() {
        errln!("{note}");
    }
    let (size, objective) = (loaded.trained_size(), ObjectiveConfig::default());
    let mut predictor = MotionPredictor::new(loaded.networks, size, &objective, &compute.device)
        .with_context(|| folder.display().to_string())?;

    let keys: Vec<FrameKey> = drive.keys(side).filter(|key| source.contains(key)).collect();
    ensure!(keys.len() > 1, "drive {} has fewer than two frames", drive.folder);
    let bar = progress::bar(keys.len() as u64 - 1, "evaluate");
    let mut motions = Vec::with_capacity(keys.len());
    for pair in keys.windows(2) {
        motions.push(predictor.motion(source, &pair[0], &pair[1])?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let path = path_of_motions(&motions);
    if let Some(out) = &args.out {
        let frames: Vec<u32> = keys.iter().map(|key| key.frame).collect();
        write(out, &path, &motions, &frames)?;
        errln!("{} predicted poses written to {}", path.len(), out.display());
    }
    if truth.is_empty() {
        errln!("drive {} has no true poses, so nothing is compared", drive.folder);
        return Ok(None);
    }
    let known = keys.iter().zip(&path).filter_map(|(key, pose)| Some((*pose, *truth.get(&key.frame)?)));
    let (predicted, truth): (Vec<_>, Vec<_>) = known.unzip();
    let evaluation = OdometryEvaluation::compare(&predicted, &truth)?;
    Ok(Some(OdometryReport { path: format!("{} of {}", drive.folder, source.name()), evaluation }))
}

/// Finds the drive with this name or number (`09` is `9`), or the only one whose name contains the text.
fn choose<'a>(source: &'a dyn FrameSource, wanted: Option<&str>) -> Result<&'a Drive> {
    let drives = source.drives();
    let list = || drives.iter().map(|drive| drive.folder.as_str()).collect::<Vec<_>>().join(", ");
    let Some(wanted) = wanted else {
        return match drives {
            [only] => Ok(only),
            _ => bail!("{} has several drives; choose one with --drive: {}", source.name(), list()),
        };
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let is_named = |drive: &&Drive| {
        drive.folder == wanted || number(wanted).is_some() && number(&drive.folder) == number(wanted)
    };
    if let Some(drive) = drives.iter().find(is_named) {
        return Ok(drive);
    }
    let alike: Vec<&Drive> = drives.iter().filter(|drive| drive.folder.contains(wanted)).collect();
    match alike[..] {
        [only] => Ok(only),
        [] => bail!("{} has no drive '{wanted}'; it has {}", source.name(), list()),
        _ => bail!("'{wanted}' names {} drives; write more of the name: {}", alike.len(), list()),
    }
}

/// Writes the path in both text formats, and its motions as the published code saves them: f32, `[N−1, 4, 4]`.
fn write(out: &Path, path: &[DAffine3], motions: &[DAffine3], frames: &[u32]) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
    let times: Vec<f64> = frames.iter().map(|frame| f64::from(*frame) / FRAME_RATE).collect();
    poses::write(&out.join("poses_kitti.txt"), PoseForm::Kitti, path, &times)?;
    poses::write(&out.join("poses_tum.txt"), PoseForm::Tum, path, &times)?;
    let rows = |motion: &DAffine3| glam::DMat4::from(*motion).transpose().to_cols_array();
    let values = motions.iter().flat_map(rows).map(|value| value as f32).collect::<Vec<f32>>();
    Ok(npy::write(&out.join("poses.npy"), &[motions.len(), 4, 4], &values)?)
}

fn print(report: &OdometryReport) {
    let OdometryReport { path, evaluation } = report;
    outln!("{path}: {} poses, {:.1} m", evaluation.poses, evaluation.metres);
    outln!(
        "snippets of 5 positions: ATE {:.4} ± {:.4} m over {} snippets",
        evaluation.ate_mean,
        evaluation.ate_std,
        evaluation.snippets
    );
    outln!("  scale    ATE m  t_err %  r_err °/100 m  whole path");
    let rows = [
        ("first pose only", &evaluation.first_pose),
        ("and scale", &evaluation.scaled),
        ("Sim(3)", &evaluation.similarity),
    ];
    for (name, AlignedError { scale, ate_metres, translation_percent, rotation_degrees_per_100_metres }) in
        rows
    {
        let number =
            |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        outln!(
            "{scale:7.3} {ate_metres:8.3} {:>8} {:>14}  {name}",
            number(translation_percent),
            number(rotation_degrees_per_100_metres)
        );
    }
    if evaluation.subsequences == 0 {
        outln!("drift (t_err, r_err) is not defined: the path is not longer than 100 m");
    }
    outln!("{}", evaluation.protocol);
}
