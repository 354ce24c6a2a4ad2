//! `frames`: lists the drives of a folder, their sizes and how the camera moves.

use super::{data::CameraArgs, progress};
use crate::{
    data::{
        self, Drive,
        motion::{self, DriveMotion},
    },
    output::outln,
};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

#[derive(Args)]
pub(super) struct FramesArgs {
    /// A folder in KITTI raw or odometry layout, a folder of pictures (or of such folders), or demo for
    /// the built-in drive
    #[arg(long, value_name = "DIR|demo")]
    data: String,
    #[command(flatten)]
    camera: CameraArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &FramesArgs) -> Result<()> {
    let source = data::open(&args.camera.choice(&args.data))?;
    let drives = source.drives();
    let bar = progress::bar(drives.iter().map(|drive| drive.frames.len() as u64).sum(), "measure");
    let measure = |drive| (drive, motion::measure(source.as_ref(), drive, &|| bar.inc(1)));
    let found: Vec<(&Drive, DriveMotion)> = drives.iter().map(measure).collect();
    bar.finish_and_clear();
    let mut remarks = source.remarks();
    remarks.extend(source.pose_remarks());
    if args.json {
        let drives: Vec<Value> = found.iter().map(|(drive, motion)| object(drive, motion)).collect();
        outln!("{}", json!({ "name": source.name(), "remarks": remarks, "drives": drives }));
        return Ok(());
    }
    outln!("{}", source.name());
    for remark in remarks.iter() {
        outln!("{remark}");
    }
    outln!("frames       size  cameras  standing  stride  drive");
    for (drive, motion) in found {
        let size = motion.size.map_or_else(|| "unreadable".to_owned(), |size| size.to_string());
        outln!(
            "{:6} {size:>10} {:>8} {:>7.0} % {:>7}  {}",
            motion.frames,
            drive.sides.len(),
            100.0 * standing_share(&motion),
            motion.stride,
            drive.folder
        );
    }
    outln!(
        "Frames around which the camera stands are left out by --split {}; for stride N train with \
         --frame-ids 0 -N N",
        data::split::MOVING_FRAMES
    );
    Ok(())
}

fn standing_share(motion: &DriveMotion) -> f64 {
    motion.standing.len() as f64 / motion.frames.max(1) as f64
}

fn object(drive: &Drive, motion: &DriveMotion) -> Value {
    json!({
        "folder": drive.folder,
        "first": drive.frames.start,
        "frames": motion.frames,
        "width": motion.size.map(|size| size.width),
        "height": motion.size.map(|size| size.height),
        "cameras": drive.sides.len(),
        "standing_share": standing_share(motion),
        "difference": motion.difference,
        "stride": motion.stride,
    })
}
