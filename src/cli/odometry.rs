//! `evaluate odometry`: compares the path predicted by a pose network, or one from a file, with the true path.

use super::{compute::ComputeArgs, data::CameraArgs, progress};
use crate::{
    config::ObjectiveConfig,
    data::{
        self, Drive, FrameKey, FrameSource, MeasuredPoses, RemarkKind, Remarks, Side,
        arrays::npy,
        poses::{self, PoseForm},
    },
    evaluate::{OdometryEvaluation, Pairing, PosePairs},
    geometry::trajectory::{Alignment, path_of_motions},
    model::weights,
    output::{errln, outln},
    predict::MotionPredictor,
    runs::RunFolder,
};
use anyhow::{Context, Result, bail, ensure};
use clap::{ArgGroup, Args};
use glam::DAffine3;
use serde::Serialize;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Frames per second where the data does not say: KITTI's.
const FRAME_RATE: f64 = 10.0;

#[derive(Args)]
#[command(group(ArgGroup::new("paths").required(true).args(["data", "poses"])))]
pub(super) struct OdometryArgs {
    /// A folder in KITTI raw or odometry layout, a folder of pictures (or of such folders), or demo for
    /// the built-in drive
    #[arg(long, value_name = "DIR|demo", requires = "weights")]
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
    /// Instead of networks: a file of predicted poses, in the form of KITTI, TUM or EuRoC
    #[arg(long, value_name = "FILE", requires = "against", conflicts_with_all = ["data", "weights", "out"])]
    poses: Option<PathBuf>,
    /// The file of true poses, in one of these forms
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
    /// Origin of the pairs, for people.
    #[serde(skip)]
    pairs: String,
    /// Pairs of two files.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<ComparedFiles>,
    /// Frames of the drive.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<usize>,
    /// Decisions about the predicted poses.
    #[serde(skip_serializing_if = "Remarks::is_empty")]
    predicted_remarks: Remarks,
    /// Decisions about the true poses.
    true_remarks: Remarks,
    /// Doubts about the axes.
    doubts: Vec<String>,
    #[serde(flatten)]
    evaluation: OdometryEvaluation,
}

/// Forms of two files and how their poses are paired.
#[derive(Serialize)]
struct ComparedFiles {
    predicted_form: String,
    true_form: String,
    pairing: Pairing,
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
    let pairs = PosePairs::new(&predicted, &truth).with_context(|| path.clone())?;
    let evaluation =
        OdometryEvaluation::compare(&pairs.predicted, &pairs.truth).with_context(|| path.clone())?;
    Ok(OdometryReport {
        path,
        pairs: pairs.pairing.to_string(),
        files: Some(ComparedFiles {
            predicted_form: predicted.columns.to_string(),
            true_form: truth.columns.to_string(),
            pairing: pairs.pairing,
        }),
        frames: None,
        predicted_remarks: predicted.remarks.of_drive(&predicted_file.display().to_string()),
        true_remarks: truth.remarks.of_drive(&truth_file.display().to_string()),
        doubts: doubts(&evaluation, &pairs),
        evaluation,
    })
}

fn doubts(evaluation: &OdometryEvaluation, pairs: &PosePairs) -> Vec<String> {
    let same = "both files hold the same poses, so that there is nothing to compare".to_owned();
    let same = (pairs.predicted == pairs.truth).then_some(same);
    same.into_iter().chain(evaluation.axes_doubt(&pairs.predicted, &pairs.truth)).collect()
}

fn evaluate(args: &OdometryArgs, data: &str, weights_path: &Path) -> Result<Option<OdometryReport>> {
    let compute = args.compute.open()?;
    let source = data::open(&args.camera.choice(data))?;
    let source = source.as_ref();
    let drive = choose(source, args.drive.as_deref())?;
    let side = drive.sides.first().copied().unwrap_or(Side::Left);
    let MeasuredPoses { by_frame: truth, remarks } = source.true_poses(drive, side)?;
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
    let evaluation = OdometryEvaluation::compare(&predicted, &truth)
        .with_context(|| format!("true poses of drive {}", drive.folder))?;
    Ok(Some(OdometryReport {
        path: format!("{} of {}", drive.folder, source.name()),
        pairs: format!("{} of {} frames have a true pose", predicted.len(), keys.len()),
        files: None,
        frames: Some(keys.len()),
        predicted_remarks: Remarks::default(),
        true_remarks: remarks,
        doubts: Vec::new(),
        evaluation,
    }))
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
    let OdometryReport { path, pairs, files, predicted_remarks, true_remarks, doubts, evaluation, .. } =
        report;
    outln!("{path}: {} poses, {:.1} m", evaluation.poses, evaluation.metres);
    if let Some(ComparedFiles { predicted_form, true_form, .. }) = files {
        outln!("predicted: {predicted_form}; true: {true_form}");
    }
    outln!("{pairs}");
    for remark in predicted_remarks.iter().chain(true_remarks.iter()) {
        let kind = if remark.kind == RemarkKind::Doubtful { "doubtful: " } else { "" };
        outln!("{kind}{remark}");
    }
    for doubt in doubts {
        outln!("doubtful: {doubt}");
    }
    outln!(
        "snippets of 5 positions: ATE {:.4} ± {:.4} m over {} snippets",
        evaluation.ate_mean,
        evaluation.ate_std,
        evaluation.snippets
    );
    outln!(
        "  scale    ATE m    RPE m    RPE °  t_err %  r_err °/100 m  whole path (name in kitti-odom-eval)"
    );
    for alignment in Alignment::ALL {
        let error = evaluation.aligned(alignment);
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        outln!(
            "{:7.3} {:8.3} {:8.4} {:8.4} {:>8} {:>14}  {} ({})",
            error.scale,
            error.ate_metres,
            error.rpe_metres,
            error.rpe_degrees,
            number(error.translation_percent),
            number(error.rotation_degrees_per_100_metres),
            name(alignment),
            alignment.name()
        );
    }
    if evaluation.subsequences == 0 {
        outln!("drift (t_err, r_err) is not defined: the path is not longer than 100 m");
    }
    outln!("{}", evaluation.protocol);
}

fn name(alignment: Alignment) -> &'static str {
    match alignment {
        Alignment::FirstPose => "first pose only",
        Alignment::Rigid => "SE(3)",
        Alignment::Scale => "first pose and scale",
        Alignment::SimilarityScale => "first pose and scale of Sim(3)",
        Alignment::Similarity => "Sim(3)",
    }
}
