//! `evaluate`: published metrics of depth and motion, and depth maps for KITTI's server.

mod benchmark;
mod depth;

use super::odometry;
use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub(super) struct EvaluateArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Compare predicted with measured or exact depth
    Depth(Box<depth::DepthArgs>),
    /// Write depth as KITTI's server takes it: 16-bit PNG, 1216×352
    Benchmark(benchmark::BenchmarkArgs),
    /// Compare the path that a pose network sees, or one from a file, with the true one
    Odometry(odometry::OdometryArgs),
}

pub(super) fn run(args: &EvaluateArgs) -> Result<()> {
    match &args.what {
        What::Depth(args) => depth::run(args),
        What::Benchmark(args) => benchmark::run(args),
        What::Odometry(args) => odometry::run(args),
    }
}
