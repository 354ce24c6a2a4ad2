//! A peer: another program that does the same work, timed in turns with this one.

use super::args::BenchArgs;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::process::Command;

/// JSON object that the peer prints last.
#[derive(Deserialize)]
struct PeerResult {
    seconds: Option<f64>,
    images_per_second: Option<f64>,
}

/// Runs the peer on `work`; returns the seconds that it takes for an image.
///
/// # Errors
/// If it cannot be started, or prints no such object.
pub(super) fn seconds_per_image(program: &str, work: &str, args: &BenchArgs) -> Result<f64> {
    let mut words = program.split_whitespace();
    let mut command = Command::new(words.next().context("--against names no program")?);
    command.args(words).arg(work);
    let threads = rayon::current_num_threads();
    for (flag, value) in [
        ("--height", args.height),
        ("--width", args.width),
        ("--batch", args.batch),
        ("--threads", threads),
        ("--runs", args.runs),
    ] {
        command.args([flag, &value.to_string()]);
    }
    if let Some(frames) = &args.frames {
        command.arg("--frames").arg(frames);
    }
    let output = command.output().with_context(|| format!("'{program}' cannot be started"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let peer: PeerResult = serde_json::from_str(last).with_context(|| {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        format!("'{program}' printed no JSON object but '{last}' {stderr}")
    })?;
    let of_rate = peer.images_per_second.map(|rate| 1.0 / rate);
    let of_batch = peer.seconds.map(|seconds| seconds / args.batch as f64);
    of_batch.or(of_rate).with_context(|| format!("'{program}' printed neither seconds nor images_per_second"))
}
