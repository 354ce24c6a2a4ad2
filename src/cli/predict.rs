//! `predict`: disparity for images and folders of images.

use super::{ComputeArgs, load_predictor, progress};
use crate::{
    config::ImageSize,
    data,
    predict::{Predictor, colour_picture, find_images, write_disparity_npy},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::{
    fs,
    path::{Path, PathBuf},
};

#[derive(Args)]
pub(super) struct PredictArgs {
    /// Images, or folders of images
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// Where the results go
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write NAME_disp.npy: scaled disparity, f32 [1, 1, h, w], at network size
    #[arg(long)]
    npy: bool,
    /// Write NAME_disp.jpeg: disparity in magma colours at the image's size
    #[arg(long)]
    colour: bool,
    /// Accepted for scripts that pass it everywhere; prediction draws no random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub(super) fn run(args: &PredictArgs) -> Result<()> {
    let writes_colour = args.colour || !args.npy;
    let mut images = Vec::new();
    for input in &args.inputs {
        images.extend(find_images(input)?);
    }
    let compute = args.compute.open()?;
    let predictor = load_predictor(&args.weights, &compute.device)?;
    fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} cannot be made; choose another --out", args.out.display()))?;

    let bar = progress::bar(images.len() as u64, "predict");
    let mut failures = 0;
    for path in &images {
        if let Err(error) = predict(&predictor, path, &args.out, args.npy, writes_colour) {
            bar.suspend(|| eprintln!("skipped: {error:#}"));
            failures += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failures == images.len() {
        bail!("none of the {failures} images could be predicted");
    }
    println!("{} of {} images written to {}", images.len() - failures, images.len(), args.out.display());
    Ok(())
}

fn predict(predictor: &Predictor, path: &Path, out: &Path, npy: bool, colour: bool) -> Result<()> {
    let image = data::image::read(path)?;
    let disparity = predictor.scaled_disparity(&image)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    if npy {
        write_disparity_npy(&out.join(format!("{name}_disp.npy")), &disparity)?;
    }
    if colour {
        let size = ImageSize { height: image.height() as usize, width: image.width() as usize };
        data::image::write(&out.join(format!("{name}_disp.jpeg")), &colour_picture(disparity, size)?)?;
    }
    Ok(())
}
