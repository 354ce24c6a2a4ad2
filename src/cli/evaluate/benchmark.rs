//! `evaluate benchmark`: writes depth maps for KITTI's server.

use crate::{
    cli::{
        compute::{ComputeArgs, load_predictor},
        progress,
        results::claim_files,
    },
    data::{
        self, FrameKey, Side,
        image::{resize, write_depth},
    },
    evaluate::{BENCHMARK_SIZE, Predictions, benchmark_depth},
    output::outln,
    predict::find_images,
};
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::{fs, path::PathBuf};

#[derive(Args)]
pub(super) struct BenchmarkArgs {
    /// Images, or folders of images; the first becomes 0000000000.png
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,
    /// Networks: a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: PathBuf,
    /// Depth × this factor gives metres: 5.4 for networks trained with KITTI's stereo pairs, for others
    /// the median ratio that `evaluate depth` prints for training frames
    #[arg(long, value_name = "FACTOR")]
    scale_factor: f64,
    /// Folder for the depth maps
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Blend each disparity with that of the mirror image
    #[arg(long)]
    post_process: bool,
    #[command(flatten)]
    compute: ComputeArgs,
}

pub(super) fn run(args: &BenchmarkArgs) -> Result<()> {
    let factor = args.scale_factor;
    ensure!(
        (1e-6..=1e6).contains(&factor),
        "--scale-factor {factor} is not a factor: give a number from 0.000001 to 1000000"
    );
    let mut images = Vec::new();
    for input in &args.inputs {
        images.extend(find_images(input)?);
    }
    let compute = args.compute.open()?;
    let predictor = load_predictor(&args.weights, &compute.device)?;
    let size = predictor.size();
    let mut predictions =
        Predictions::Network { predictor: Box::new(predictor), post_process: args.post_process };
    fs::create_dir_all(&args.out)
        .with_context(|| format!("the folder {} cannot be made; choose another --out", args.out.display()))?;
    let file = |index: usize| PathBuf::from(format!("{index:010}.png"));
    let _claimed = claim_files(&args.out, &(0..images.len()).map(file).collect())?;
    let bar = progress::bar(images.len() as u64, "benchmark");
    for (index, path) in (0_u32..).zip(&images) {
        let image = resize(&data::image::read(path)?, size);
        let key = FrameKey { folder: "image".to_owned(), frame: index, side: Side::Left };
        let disparity = predictions.disparity(&key, Some(image))?;
        let depths = benchmark_depth(&disparity, factor).metres.into_iter();
        write_depth(&args.out.join(file(index as usize)), BENCHMARK_SIZE, depths, "metres")?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    outln!(
        "{} depth maps of {BENCHMARK_SIZE} written to {}; depth = {factor} / disparity",
        images.len(),
        args.out.display()
    );
    Ok(())
}
