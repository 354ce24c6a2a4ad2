//! `calibrate`: measures the length of a unit of predicted depth in metres.

use super::{
    compute::{ComputeArgs, load_predictor},
    data::CameraArgs,
    numbers::{metres, within},
    progress,
};
use crate::{
    config::{ConfigError, ImageSize},
    data::{self, FrameKey, FrameSource},
    evaluate::{find_road, is_flat, scale_from_depth, summarise},
    model::weights::MetricScale,
    output::{errln, outln},
    predict::{Predictor, frames},
    runs::RunFolder,
};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;
use std::{
    ops::RangeInclusive,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Heights of a camera above the road that are taken, metres: from a toy car's to that of a camera on a bridge. Numbers
/// in centimetres lie above, except those of low robots.
const CAMERA_HEIGHTS: RangeInclusive<f64> = 0.02..=20.0;
/// Known distances that are taken, metres: what is farther has hardly any disparity.
const KNOWN_DEPTHS: RangeInclusive<f64> = 0.01..=1000.0;
/// Metres per unit that are not doubtful: networks predict depths from 0.1 to 100 units.
const USUAL_SCALES: RangeInclusive<f64> = 0.02..=250.0;

/// Depth learned without stereo pairs has a unit of its own. Calibration measures its length with LiDAR or exact
/// depth (--data alone), the baseline of the stereo cameras of the training, the height of the camera above the
/// road, or known distances, and writes it to scale.toml next to the weights.
#[derive(Args)]
pub(super) struct CalibrateArgs {
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// Frames to measure on: a folder in KITTI raw or odometry layout, a folder of pictures (or of such
    /// folders), or demo for the built-in drive. Without another option its measured depth is used
    #[arg(long, value_name = "DIR|demo")]
    data: Option<String>,
    #[command(flatten)]
    camera: CameraArgs,
    /// Maximum number of frames to measure on, evenly spread; 0 is all
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = within::<usize>(0..=1_000_000_000))]
    frames: usize,
    /// Baseline of the stereo cameras that the networks were trained with; KITTI's is 0.54
    #[arg(long, value_name = "METRES", allow_negative_numbers = true, value_parser = metres(0.001..=10.0), conflicts_with_all = ["data", "camera_height", "known"])]
    stereo_baseline: Option<f64>,
    /// Height of the camera above the road, whose plane is fitted to the lower middle of the frames of --data;
    /// KITTI's is 1.65
    #[arg(long, value_name = "METRES", allow_negative_numbers = true, value_parser = metres(CAMERA_HEIGHTS), requires = "data", conflicts_with = "known")]
    camera_height: Option<f64>,
    /// Depth of a pixel, along the camera's axis: FRAME is an image file or, with --data, "FOLDER FRAME SIDE";
    /// X and Y are its column and row. May be given several times
    #[arg(long, value_name = "FRAME X Y METRES")]
    known: Vec<KnownDepth>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeArgs,
}

/// A pixel of known depth.
#[derive(Clone)]
struct KnownDepth {
    frame: String,
    column: usize,
    row: usize,
    metres: f64,
}

impl FromStr for KnownDepth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // File names may contain spaces, so the words are split from the end.
        let words: Vec<&str> = text.trim().rsplitn(4, char::is_whitespace).collect();
        let &[distance, row, column, frame] = words.as_slice() else {
            return Err(format!("'{text}' is not 'FRAME X Y METRES'"));
        };
        let pixel = |word: &str| word.parse().map_err(|_| format!("'{word}' is not a pixel's column or row"));
        Ok(Self {
            frame: frame.trim().to_owned(),
            column: pixel(column)?,
            row: pixel(row)?,
            metres: metres(KNOWN_DEPTHS)(distance)?,
        })
    }
}

pub(super) fn run(args: &CalibrateArgs) -> Result<()> {
    let is_given = args.stereo_baseline.is_some() || args.data.is_some() || !args.known.is_empty();
    if !is_given {
        bail!(ConfigError::plain(
            "no reference length is given: give --data with measured depth, --data with --camera-height, \
             --stereo-baseline, or --known"
        ));
    }
    let compute = args.compute.open()?;
    let predictor = load_predictor(&args.weights, &compute.device)?;
    let source = args.data.as_ref().map(|data| data::open(&args.camera.choice(data))).transpose()?;
    let scale = match (args.stereo_baseline, args.camera_height, &source) {
        (Some(baseline), ..) => {
            ensure!(
                predictor.use_stereo() == Some(true),
                "{} {}, and without them their distance tells nothing; calibrate with --data, --camera-height or \
                 --known",
                args.weights.display(),
                match predictor.use_stereo() {
                    Some(_) => "was trained without stereo pairs",
                    None => "does not say that it was trained with stereo pairs",
                }
            );
            MetricScale::of_stereo(baseline, "")
        }
        _ if !args.known.is_empty() => from_known(&predictor, &args.known, source.as_deref())?,
        (_, Some(height), Some(source)) => {
            from_road(&predictor, source.as_ref(), &some_frames(source.as_ref(), args.frames), height)?
        }
        (_, _, Some(source)) => {
            from_truth(&predictor, source.as_ref(), &some_frames(source.as_ref(), args.frames))?
        }
        _ => unreachable!("one of the options was given"),
    };
    let weights = RunFolder::weights_to_change(&args.weights)?;
    let before = MetricScale::read(&weights).ok().flatten();
    // A run makes more checkpoints, and the unit changes with every step of training.
    let only_here = (weights != args.weights).then(|| {
        format!(
            "it counts for this checkpoint of {}: measure again after further training",
            args.weights.display()
        )
    });
    let path = scale.write(&weights)?;
    if !USUAL_SCALES.contains(&scale.metres_per_unit) {
        errln!(
            "doubtful: hardly any networks have {:.4} metres per unit; check that lengths are given in metres",
            scale.metres_per_unit
        );
    }
    if args.json {
        outln!("{}", json!({ "scale": scale, "file": path, "before": before, "note": only_here }));
        return Ok(());
    }
    outln!("{scale}");
    if let Some(before) = before {
        outln!("before: {before}");
    }
    outln!("written to {}", path.display());
    if let Some(note) = only_here {
        outln!("{note}");
    }
    Ok(())
}

/// Depths in the network's unit, resized to `size`, row by row.
fn depths(predictor: &Predictor, image: &image::RgbImage, size: ImageSize) -> Result<Vec<f32>> {
    Ok(predictor.disparity_map(image, false)?.resized(size).depths(1.0))
}

/// At most `most` of the frames, evenly spread; all if it is 0.
fn some_frames(source: &dyn FrameSource, most: usize) -> Vec<FrameKey> {
    let keys: Vec<FrameKey> = frames(source).collect();
    let step = if most == 0 { 1 } else { keys.len().div_ceil(most).max(1) };
    keys.into_iter().step_by(step).collect()
}

/// Measures a scale on each frame; frames that cannot be read or predicted are named on stderr and skipped.
///
/// # Errors
/// All of them are skipped.
fn measure(
    keys: &[FrameKey],
    what: &'static str,
    mut of: impl FnMut(&FrameKey) -> Result<Option<f64>>,
) -> Result<Vec<f64>> {
    let bar = progress::bar(keys.len() as u64, what);
    let (mut scales, mut skipped) = (Vec::new(), 0);
    for key in keys {
        match of(key) {
            Ok(scale) => scales.extend(scale),
            Err(error) => {
                skipped += 1;
                if skipped == keys.len() {
                    bar.finish_and_clear();
                    return Err(error.context(format!("none of the {skipped} frames can be used; the last")));
                }
                bar.suspend(|| errln!("skipped: {error:#}"));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(scales)
}

/// Numbers of frames, and of those whose predicted depth is nearly the same everywhere.
#[derive(Default)]
struct FlatFrames {
    frames: usize,
    flat: usize,
}

impl FlatFrames {
    /// Counts a frame by its depths, which it returns.
    fn count(&mut self, depths: Vec<f32>) -> Vec<f32> {
        self.frames += 1;
        self.flat += usize::from(is_flat(&depths));
        depths
    }

    /// A sentence about the networks, if this is so in most frames.
    fn warning(&self) -> Option<String> {
        let Self { frames, flat } = self;
        (2 * flat > *frames).then(|| {
            format!(
                "the depth that these networks predict is nearly the same everywhere in {flat} of {frames} frames: they \
                 are hardly trained"
            )
        })
    }
}

fn from_truth(predictor: &Predictor, source: &dyn FrameSource, keys: &[FrameKey]) -> Result<MetricScale> {
    let mut flat = FlatFrames::default();
    let scales = measure(keys, "measure", |key| {
        let Some(truth) = source.depth(key)? else { return Ok(None) };
        let size = ImageSize { height: truth.height, width: truth.width };
        let depths = flat.count(depths(predictor, &source.image(key)?, size)?);
        Ok(scale_from_depth(&depths, &truth))
    })?;
    if let Some(warning) = flat.warning() {
        errln!("{warning}, so that the factor means little");
    }
    summarise(&scales, format!("measured depth of {}", source.name())).with_context(|| {
        format!(
            "none of {} frames of {} has measured depth; give --camera-height or --known, or more --frames",
            keys.len(),
            source.name()
        )
    })
}

fn from_road(
    predictor: &Predictor,
    source: &dyn FrameSource,
    keys: &[FrameKey],
    camera_height: f64,
) -> Result<MetricScale> {
    let (mut inlier_shares, mut flat) = (0.0, FlatFrames::default());
    let scales = measure(keys, "look for the road", |key| {
        let image = source.image(key)?;
        let size = data::image::size_of(&image);
        let depths = flat.count(depths(predictor, &image, size)?);
        let road = find_road(&depths, size, source.intrinsics(key));
        Ok(road.map(|road| {
            inlier_shares += road.inlier_share;
            camera_height / road.camera_height()
        }))
    })?;
    let inliers = 100.0 * inlier_shares / scales.len().max(1) as f64;
    let origin = format!(
        "a camera {camera_height} m above the road in {}, seen in {} of {} frames, {inliers:.0} % of points on it",
        source.name(),
        scales.len(),
        keys.len()
    );
    let untrained = flat.warning();
    if let (Some(warning), false) = (&untrained, scales.is_empty()) {
        errln!("{warning}, so that the factor means little");
    }
    summarise(&scales, origin).with_context(|| match untrained {
        Some(warning) => format!("{warning}, so that no road is seen; train them further"),
        None => format!(
            "none of {} frames of {} shows a flat road in its lower middle; use frames that do, or --known",
            keys.len(),
            source.name()
        ),
    })
}

fn from_known(
    predictor: &Predictor,
    known: &[KnownDepth],
    source: Option<&dyn FrameSource>,
) -> Result<MetricScale> {
    let mut scales = Vec::new();
    for KnownDepth { frame, column, row, metres } in known {
        let image = match source {
            Some(source) => source.image(&frame.parse().map_err(ConfigError::plain)?)?,
            None => data::image::read(Path::new(frame))?,
        };
        let size = data::image::size_of(&image);
        ensure!(
            *column < size.width && *row < size.height,
            "pixel {column} {row} lies outside of {frame}, which has {size} pixels"
        );
        scales.push(metres / f64::from(depths(predictor, &image, size)?[row * size.width + column]));
    }
    let count = known.len();
    let origin = format!("{count} known distance{}", if count == 1 { "" } else { "s" });
    summarise(&scales, origin).context("no distance is known")
}
