//! `frames`: lists the drives of a folder, their sizes and how the camera moves.

use super::{data::CameraArgs, progress};
use crate::{
    data::{
        self, Drive, DriveDecisions, FrameKey, FrameSource, RemarkKind, Side,
        motion::{self, DriveMotion},
    },
    output::outln,
};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::time::Duration;

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
    let bar = progress::bar(drives.iter().map(|drive| drive.count() as u64).sum(), "measure");
    let measure = |drive| (drive, motion::measure(source.as_ref(), drive, &|| bar.inc(1)));
    let found: Vec<(&Drive, DriveMotion)> = drives.iter().map(measure).collect();
    bar.finish_and_clear();
    source.wait_for_scan(Duration::MAX);
    let mut remarks = source.remarks();
    remarks.extend(source.pose_remarks());
    if args.json {
        let object = |(drive, motion): &(&Drive, DriveMotion)| object(source.as_ref(), drive, motion);
        let drives: Vec<Value> = found.iter().map(object).collect();
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

fn object(source: &dyn FrameSource, drive: &Drive, motion: &DriveMotion) -> Value {
    let DriveDecisions { camera_from, numbered_by, breaks } = source.decisions(drive);
    let camera = |side: &Side| {
        let key = FrameKey { folder: drive.folder.clone(), frame: drive.frames.start, side: *side };
        json!({ "side": side, "intrinsics": source.intrinsics(&key).in_pixels(1, 1) })
    };
    let first = drive.sides.first().copied().unwrap_or(Side::Left);
    let first = FrameKey { folder: drive.folder.clone(), frame: drive.frames.start, side: first };
    let left_out = source.remarks();
    let left_out = left_out
        .iter()
        .filter(|remark| remark.kind == RemarkKind::LeftOut && remark.drive.as_ref() == Some(&drive.folder));
    json!({
        "folder": drive.folder,
        "first": drive.frames.start,
        "last": drive.frames.end.saturating_sub(1),
        "number_step": drive.step,
        "numbered_by": numbered_by,
        "breaks": breaks,
        "left_out": left_out.map(|remark| remark.count).sum::<usize>(),
        "camera_from": camera_from,
        "camera": drive.sides.iter().map(camera).collect::<Vec<_>>(),
        "baseline_metres": source.baseline_metres(&first),
        "frames": motion.frames,
        "width": motion.size.map(|size| size.width),
        "height": motion.size.map(|size| size.height),
        "cameras": drive.sides.len(),
        "standing_share": standing_share(motion),
        "difference": motion.difference,
        "stride": motion.stride,
    })
}
