//! The choices of a depth evaluation, and which of them go together.

use super::{Protocol, Scaling, TruthChoice};
use crate::{
    config::ConfigError,
    data::{FrameSource, TrueDepth},
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Metres in the unit of networks trained with KITTI's stereo pairs: the cameras are 0.54 m apart, and the
/// method calls that 0.1.
const STEREO_FACTOR: f64 = 5.4;
/// The name of both the split and the protocol with KITTI's improved ground truth.
const EIGEN_BENCHMARK: &str = "eigen_benchmark";

/// Which pixels count, and which true depth is taken if nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[value(rename_all = "snake_case")]
pub enum ProtocolName {
    /// Laser scans, Garg crop, true depth from 1 mm to 80 m
    Eigen,
    /// KITTI's improved (annotated) depth, all of it
    EigenBenchmark,
}

/// How predicted depth is brought to metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum ScalingName {
    /// Each image by its ratio of medians, true to predicted
    Median,
    /// All images by one factor: the median of their ratios of medians
    Single,
    /// By the factor of --stereo or --scale-factor
    None,
}

/// The choices of a depth evaluation.
#[derive(Clone, Debug, Default, clap::Args, PartialEq, Serialize, Deserialize)]
pub struct DepthChoices {
    /// Which pixels count. Without it eigen_benchmark for the split of this name, else eigen
    #[arg(long, value_enum, value_name = "NAME")]
    pub protocol: Option<ProtocolName>,
    /// Evaluate up to this depth: farther truth does not count, and predictions are clamped to it.
    /// Without it 80, where eigen_benchmark counts farther truth too
    #[arg(long, value_name = "METRES")]
    pub max_depth: Option<f32>,
    /// How predicted depth is brought to metres. Without it median, or none if a factor is given
    #[arg(long, value_enum, value_name = "HOW")]
    pub scaling: Option<ScalingName>,
    /// Depth of networks that were trained with KITTI's stereo pairs: × 5.4
    #[arg(long)]
    pub stereo: bool,
    /// Depth × this factor gives metres; 1 leaves it as it is
    #[arg(long, value_name = "FACTOR")]
    pub scale_factor: Option<f64>,
    /// Blend each disparity with that of the mirror image
    #[arg(long)]
    pub post_process: bool,
    /// The true depth: x (laser scans, along the scanner's axis, as published), z (the same along the
    /// camera's), annotated (KITTI's improved depth), exact (the built-in drive), or a file of
    /// `ground-truth` or the reference's gt_depths.npz. Without it that of the protocol
    #[arg(long, value_name = "x|z|annotated|exact|FILE")]
    pub ground_truth: Option<TruthChoice>,
}

/// What is known of the disparities before they are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredictionKind {
    /// They are predicted by networks.
    Network {
        /// Whether the weights state that they were trained without stereo pairs.
        is_monocular: bool,
    },
    /// They come from a file.
    File,
}

impl DepthChoices {
    /// The protocol and the true depth that the choices come to, for a split of this name.
    ///
    /// # Errors
    /// Choices that exclude each other, with the reason.
    pub fn resolve(
        &self,
        split: Option<&str>,
        source: &dyn FrameSource,
        predictions: PredictionKind,
    ) -> Result<(ProtocolName, Protocol, TruthChoice), ConfigError> {
        let name = self.protocol.unwrap_or(match split {
            Some(EIGEN_BENCHMARK) => ProtocolName::EigenBenchmark,
            _ => ProtocolName::Eigen,
        });
        let mut protocol = match name {
            ProtocolName::Eigen => Protocol::EIGEN,
            ProtocolName::EigenBenchmark => Protocol::EIGEN_BENCHMARK,
        };
        if let Some(metres) = self.max_depth {
            if !(metres.is_finite() && metres > protocol.min_depth_metres) {
                return refuse(format!(
                    "--max-depth {metres} is no depth in metres; the published caps are 80 and 50"
                ));
            }
            (protocol.truth_below_metres, protocol.max_depth_metres) = (metres, metres);
        }
        protocol.scaling = self.scaling(predictions)?;
        if self.post_process && predictions == PredictionKind::File {
            return refuse(
                "--post-process needs --weights: the mirror images of --disparities cannot be predicted; \
                 if they were blended when they were made, leave the option out"
                    .to_owned(),
            );
        }
        Ok((name, protocol, self.truth(name, source)?))
    }

    fn scaling(&self, predictions: PredictionKind) -> Result<Scaling, ConfigError> {
        let factor = match (self.stereo, self.scale_factor) {
            (true, Some(_)) => {
                return refuse(
                    "--stereo is a factor of 5.4, so --scale-factor has no place beside it".to_owned(),
                );
            }
            (true, None) => Some(STEREO_FACTOR),
            (false, factor) => factor,
        };
        let factor_name = if self.stereo { "--stereo" } else { "--scale-factor" };
        if let Some(factor) = factor.filter(|factor| !(factor.is_finite() && *factor > 0.0)) {
            return refuse(format!("--scale-factor {factor} is no factor of depth: give a number above 0"));
        }
        if self.stereo && predictions == (PredictionKind::Network { is_monocular: true }) {
            return refuse(
                "--stereo is for networks trained with stereo pairs, and these weights state that they were \
                 trained without: their depth has no unit, so leave it out for median scaling, or give the \
                 factor as --scale-factor if you know it"
                    .to_owned(),
            );
        }
        match (self.scaling, factor) {
            (None | Some(ScalingName::Median), None) => Ok(Scaling::MedianOfEach),
            (Some(ScalingName::Single), None) => Ok(Scaling::MedianOfAll),
            (None | Some(ScalingName::None), Some(factor)) => Ok(Scaling::Factor(factor)),
            (Some(ScalingName::None), None) => refuse(
                "--scaling none needs the factor that makes metres of depth: --stereo for networks trained with \
                 KITTI's stereo pairs, or --scale-factor (1 leaves depth as it is)"
                    .to_owned(),
            ),
            (Some(ScalingName::Median | ScalingName::Single), Some(_)) => refuse(format!(
                "{factor_name} says how depth becomes metres, and --scaling by medians would undo it: \
                 leave one of them out"
            )),
        }
    }

    fn truth(&self, name: ProtocolName, source: &dyn FrameSource) -> Result<TruthChoice, ConfigError> {
        let kinds = source.true_depths();
        let default = match name {
            ProtocolName::Eigen => kinds.first().copied(),
            ProtocolName::EigenBenchmark => Some(TrueDepth::Annotated),
        };
        let kind = match &self.ground_truth {
            Some(TruthChoice::File(file)) if !file.is_file() => {
                return refuse(format!(
                    "--ground-truth {} is neither x, z, annotated or exact nor a file",
                    file.display()
                ));
            }
            Some(TruthChoice::File(file)) => return Ok(TruthChoice::File(file.clone())),
            Some(TruthChoice::Source(kind)) => Some(*kind),
            None => default,
        };
        let Some(kind) = kind else {
            return refuse(format!(
                "{} has no true depth to compare with; give a file of depth maps as --ground-truth",
                source.name()
            ));
        };
        if name == ProtocolName::EigenBenchmark && kind != TrueDepth::Annotated {
            return refuse(format!(
                "the protocol eigen_benchmark is that of KITTI's improved depth, not of {}: \
                 leave --ground-truth out or choose --protocol eigen",
                kind.describe()
            ));
        }
        if !kinds.contains(&kind) {
            let others: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
            let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
            return refuse(format!(
                "{} has no {}: of x, z, annotated and exact it has {others}",
                source.name(),
                kind.describe()
            ));
        }
        Ok(TruthChoice::Source(kind))
    }
}

fn refuse<T>(reason: String) -> Result<T, ConfigError> {
    Err(ConfigError::plain(reason))
}
