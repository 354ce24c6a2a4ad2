//! `predict`: writes disparity, depth, coloured images and point clouds for images, folders of images and drives.

mod outputs;
mod skipped;

use super::{
    compute::{ComputeArgs, load_predictor},
    data::CameraArgs,
    numbers::within,
    progress,
    results::claim_files,
};
use crate::{
    config::{CameraChoice, ConfigError},
    data::Remarks,
    model::weights::MetricScale,
    output::{errln, outln},
    predict::{ColourRange, InputImage, Predictor, SequenceRange, find_pictures, tell_apart},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use outputs::{OutputArgs, OutputWriter};
use serde_json::json;
use skipped::SkippedPictures;
use std::{fs, path::PathBuf, time::Instant};

#[derive(Args)]
pub(super) struct PredictArgs {
    /// Images, films (H.264 in .mp4 or .mov), folders of images or films, folders of drives (KITTI raw or odometry,
    /// folders of frames), or demo for the built-in drive
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// Folder for the results; those of a drive go to a subfolder of its name
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    outputs: OutputArgs,
    #[command(flatten)]
    camera: CameraArgs,
    /// Blend with the prediction for the mirror image, as the published post-processing does (twice the time)
    #[arg(long)]
    post_process: bool,
    /// Metres per unit of predicted depth, instead of the value next to the weights (see calibrate)
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, value_parser = within::<f64>(1e-6..=1e6))]
    metres_per_unit: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub(super) fn run(args: &PredictArgs) -> Result<()> {
    let compute = args.compute.open()?;
    let (images, renamed, remarks) = input_images(args)?;
    let predictor = load_predictor(&args.weights, &compute.device)?;
    let given = |factor| MetricScale::stated(factor, "--metres-per-unit");
    let scale = args.metres_per_unit.map(given).or_else(|| predictor.scale().cloned());
    if args.outputs.needs_metres() && scale.is_none() {
        bail!(ConfigError::plain(format!(
            "--depth-npy is in metres, but the unit of these weights is not known: {}; find it out with \
             monoscope calibrate --weights {}, or give --metres-per-unit",
            match predictor.scale_failure() {
                Some(failure) => failure.to_string(),
                None if predictor.use_stereo() == Some(true) =>
                    "the distance of their stereo cameras is not given".to_owned(),
                None => "without stereo pairs a network learns depth up to a factor".to_owned(),
            },
            args.weights.display()
        )));
    }
    fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} cannot be made; choose another --out", args.out.display()))?;
    let _claimed = claim_files(&args.out, &args.outputs.files(&images))?;

    let range = if args.outputs.locks_range() {
        Some(sequence_range(&predictor, &images, args.post_process)?)
    } else {
        None
    };
    let mut writer = OutputWriter::new(&args.outputs, &args.out, scale.as_ref(), range, args.camera.given());
    let mut skipped = SkippedPictures::default();
    let bar = progress::bar(images.len() as u64, "predict");
    let started = Instant::now();
    predictor.predict_each(&images, args.post_process, |image, outcome| {
        match outcome {
            Ok(predicted) => writer.write(image, predicted)?,
            Err(error) => {
                if let Some(line) = skipped.add(image, &error) {
                    bar.suspend(|| errln!("{line}"));
                }
            }
        }
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    for line in skipped.summary(&images) {
        errln!("{line}");
    }
    if skipped.len() == images.len() {
        bail!("none of the {} images could be predicted", images.len());
    }
    let rate = images.len() as f64 / started.elapsed().as_secs_f64();
    let written = images.len() - skipped.len();
    if args.json {
        let object = json!({
            "images": images.len(),
            "written": written,
            "skipped": skipped,
            "renamed": renamed,
            "remarks": remarks,
            "out": args.out,
            "height": predictor.size().height,
            "width": predictor.size().width,
            "unit": writer.unit(),
            "scale": scale,
            "png16_clipped_pixels": writer.clipped,
            "points": writer.points,
            "colour_range": range,
            "images_per_s": rate,
        });
        outln!("{object}");
        return Ok(());
    }
    let out = args.out.display();
    outln!("{written} of {} images written to {out} ({rate:.1} images/s)", images.len());
    outln!("unit of depth: {}", writer.unit());
    if writer.clipped > 0 {
        outln!("{} pixels of the 16-bit PNG files are farther than 255.99 and clipped", writer.clipped);
    }
    for film in writer.films() {
        outln!("a film of it: ffmpeg -framerate 10 -i {}/%06d.jpg film.mp4", film.display());
    }
    Ok(())
}

/// Images of all inputs with unique names, a line for each that was renamed, and what is left out of folders or done with
/// the pictures before they are predicted; prints both.
fn input_images(args: &PredictArgs) -> Result<(Vec<InputImage>, Vec<String>, Remarks)> {
    // Only point clouds need the camera; without them any value will do.
    let any = || (!args.outputs.needs_camera()).then_some(CameraChoice::FieldOfView(60.0));
    let camera = args.camera.given().or_else(any);
    let (mut images, mut remarks) = (Vec::new(), Remarks::default());
    for input in &args.inputs {
        let found = find_pictures(input, camera)?;
        images.extend(found.images);
        remarks.extend(found.remarks);
    }
    let renamed = tell_apart(&mut images).into_iter().map(|number| &images[number]);
    let renamed: Vec<String> = renamed.map(|image| format!("{image} is written as {}", image.name)).collect();
    for line in &renamed {
        errln!("its name is taken: {line}");
    }
    images.iter().for_each(|image| image.remark(&mut remarks));
    for remark in remarks.iter() {
        errln!("{remark}");
    }
    Ok((images, renamed, remarks))
}

/// Range of colours of all images together; skips those that cannot be read.
fn sequence_range(predictor: &Predictor, images: &[InputImage], flips: bool) -> Result<ColourRange> {
    let (mut range, mut first_error) = (SequenceRange::default(), None);
    let bar = progress::bar(images.len() as u64, "find the range");
    predictor.predict_each(images, flips, |_, outcome| {
        match outcome {
            Ok(predicted) => range.add(&predicted.disparity.values),
            // It fails once more, and is told, when it is written.
            Err(error) => first_error = first_error.take().or(Some(error)),
        }
        bar.inc(1);
        Ok(())
    })?;
    bar.finish_and_clear();
    range.range().with_context(|| {
        let reason = first_error.map_or_else(String::new, |error| format!("; the first: {error:#}"));
        format!("none of the {} images could be predicted{reason}", images.len())
    })
}
