//! Options of `bench`, and the work that it can time.

use crate::cli::{compute::ComputeArgs, numbers::within};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::PathBuf;

#[derive(Args)]
pub(in crate::cli) struct BenchArgs {
    /// Work to time; all of it if none is named
    #[arg(value_enum)]
    pub(super) work: Vec<Work>,
    /// Height of the network's input
    #[arg(long, value_name = "PIXELS", default_value_t = 192, value_parser = within::<usize>(32..=8192))]
    pub(super) height: usize,
    /// Width of the network's input
    #[arg(long, value_name = "PIXELS", default_value_t = 640, value_parser = within::<usize>(32..=8192))]
    pub(super) width: usize,
    /// Samples in a batch
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = within::<usize>(1..=4096))]
    pub(super) batch: usize,
    /// Timed runs of each piece of work, after one that is not timed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = within::<usize>(1..=1_000_000))]
    pub(super) runs: usize,
    /// A folder of JPEG frames for loader; without it, frames of the built-in drive at KITTI's size
    #[arg(long, value_name = "DIR")]
    pub(super) frames: Option<PathBuf>,
    /// Another program to time in turns with this one: called as PROGRAM WORK --height H --width W
    /// --batch B --threads N --runs R [--frames DIR], it prints {"seconds": S} or
    /// {"images_per_second": S}
    #[arg(long, value_name = "PROGRAM")]
    pub(super) against: Option<String>,
    /// Turns with the other program
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = within::<usize>(1..=1_000_000))]
    pub(super) turns: usize,
    /// On the GPU, do each piece of work once more and report, for each of its kernels, the number of launches and
    /// the GPU time. Each kernel is then submitted by itself, which makes that run slower than the timed ones:
    /// compare kernels with each other, not their sum with the median. An adapter without timestamps gives times
    /// of the host, and the report says so
    #[arg(long)]
    pub(super) kernels: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Seed of weights and images
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    #[command(flatten)]
    pub(super) compute: ComputeArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Work {
    /// A training step of mode M with ResNet18 networks
    Step,
    /// The objective of mode M, forward and backward: four scales, two sources
    Objective,
    /// Four disparities of an image
    Predict,
    /// An update of all weights of these networks by Adam
    Optimiser,
    /// Decoding an image and building its four-level pyramid, on one thread
    Loader,
    /// Decoding images and building their pyramids, on all threads
    Loaders,
    /// Drawing an image, a disparity and its point cloud at 1280×800 pixels
    View,
    /// Drawing a point cloud alone, a point for each pixel of --height and --width
    Cloud,
    /// Frames as in view, at most 60 a second, while training steps run on the same device
    Together,
}

impl Work {
    /// Name on the command line and in reports.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Name that a peer program is called with; `None` for drawing and the optimiser alone, which have no counterpart.
    pub fn peer_name(self) -> Option<&'static str> {
        match self {
            Self::Step => Some("step"),
            Self::Objective => Some("objective"),
            Self::Predict => Some("predict"),
            Self::Loader | Self::Loaders => Some("load"),
            Self::Optimiser | Self::View | Self::Cloud | Self::Together => None,
        }
    }
}
