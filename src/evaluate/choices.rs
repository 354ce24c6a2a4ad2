//! Options of a depth evaluation, and the check of their combinations.

use super::{Protocol, Scaling, TruthChoice};
use crate::{
    config::ConfigError,
    data::{FrameSource, TrueDepth},
    predict::Predictor,
};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Metres per unit of depth of networks trained with KITTI's stereo pairs: the cameras are 0.54 m apart,
/// which is 0.1 in the method's unit.
pub(super) const STEREO_FACTOR: f64 = 5.4;
/// Measured factors of networks trained with KITTI's stereo pairs, in multiples of [`STEREO_FACTOR`].
const NEARLY_STEREO: RangeInclusive<f64> = 0.8..=1.25;
/// Name of both the split and the protocol with KITTI's improved ground truth.
const EIGEN_BENCHMARK: &str = "eigen_benchmark";

/// Protocol: the pixels that count, and the default of true depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[value(rename_all = "snake_case")]
pub enum ProtocolName {
    /// Laser scans, Garg crop, true depth from 1 mm to 80 m
    Eigen,
    /// KITTI's improved (annotated) depth, all of it
    EigenBenchmark,
}

/// Conversion of predicted depth to metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum ScalingName {
    /// Each image by its ratio of medians, true to predicted
    Median,
    /// All images by one factor: the median of their ratios of medians
    Single,
    /// By the factor of --stereo or --scale-factor
    None,
}

/// Options of a depth evaluation.
#[derive(Clone, Debug, Default, clap::Args, PartialEq, Serialize, Deserialize)]
pub struct DepthChoices {
    /// Protocol: the pixels that count [default: eigen_benchmark for the split of this name, else eigen]
    #[arg(long, value_enum, value_name = "NAME")]
    pub protocol: Option<ProtocolName>,
    /// Evaluate up to this depth: farther true depth does not count, and predictions are clamped to it
    /// [default: 80; eigen_benchmark counts farther true depth too]
    #[arg(long, value_name = "METRES")]
    pub max_depth: Option<f32>,
    /// Conversion of predicted depth to metres [default: median, or none if a factor is given]
    #[arg(long, value_enum, value_name = "HOW")]
    pub scaling: Option<ScalingName>,
    /// Depth of networks that were trained with KITTI's stereo pairs: × 5.4
    #[arg(long)]
    pub stereo: bool,
    /// Depth × this factor gives metres; 1 leaves it unchanged
    #[arg(long, value_name = "FACTOR")]
    pub scale_factor: Option<f64>,
    /// Blend each disparity with that of the mirror image
    #[arg(long)]
    pub post_process: bool,
    /// True depth: x (laser scans, along the scanner's axis, as published), z (laser scans, along the
    /// camera's axis), annotated (KITTI's improved depth), exact (the built-in drive), or a file of
    /// `ground-truth` or the reference's gt_depths.npz [default: that of the protocol]
    #[arg(long, value_name = "x|z|annotated|exact|FILE")]
    pub ground_truth: Option<TruthChoice>,
}

/// Origin of the disparities that are evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PredictionKind {
    /// Predicted by networks.
    Network {
        /// True if they were trained with stereo pairs, if the weights state it.
        use_stereo: Option<bool>,
        /// Metres per unit of their depth, if known.
        metres_per_unit: Option<f64>,
    },
    /// Read from a file.
    File,
}

impl PredictionKind {
    /// Predicted by these networks.
    pub fn of(predictor: &Predictor) -> Self {
        Self::Network {
            use_stereo: predictor.use_stereo(),
            metres_per_unit: predictor.scale().map(|scale| scale.metres_per_unit),
        }
    }
}

impl DepthChoices {
    /// Resolves the options to a protocol and a true depth, for a split of this name.
    ///
    /// # Errors
    /// Options exclude each other, or the source lacks the true depth; the message says which.
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
            if !(metres <= 1e6 && metres > protocol.min_depth_metres) {
                return refuse(format!(
                    "--max-depth {metres} is not a depth in metres; the published caps are 80 and 50"
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
                    "--stereo is a factor of 5.4, so --scale-factor cannot be given too".to_owned(),
                );
            }
            (true, None) => Some(STEREO_FACTOR),
            (false, factor) => factor,
        };
        let factor_name = if self.stereo { "--stereo" } else { "--scale-factor" };
        if let Some(factor) = factor.filter(|factor| !(1e-6..=1e6).contains(factor)) {
            return refuse(format!(
                "--scale-factor {factor} is not a factor of depth: give a number from 0.000001 to 1000000"
            ));
        }
        if let (true, PredictionKind::Network { use_stereo: Some(use_stereo), metres_per_unit }) =
            (self.stereo, predictions)
        {
            check_stereo(use_stereo, metres_per_unit)?;
        }
        match (self.scaling, factor) {
            (None | Some(ScalingName::Median), None) => Ok(Scaling::MedianOfEach),
            (Some(ScalingName::Single), None) => Ok(Scaling::MedianOfAll),
            (None | Some(ScalingName::None), Some(factor)) => Ok(Scaling::Factor(factor)),
            (Some(ScalingName::None), None) => refuse(
                "--scaling none needs the factor that makes metres of depth: --stereo for networks trained with \
                 KITTI's stereo pairs, or --scale-factor (1 leaves depth unchanged)"
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

/// Checks that the factor of KITTI's stereo pairs is that of networks.
///
/// # Errors
/// They were trained otherwise.
fn check_stereo(use_stereo: bool, metres_per_unit: Option<f64>) -> Result<(), ConfigError> {
    match metres_per_unit {
        _ if !use_stereo => refuse(
            "--stereo is for networks trained with stereo pairs, and these weights state that they were trained \
             without: their depth has no unit, so leave it out for median scaling, or give the factor as \
             --scale-factor if you know it"
                .to_owned(),
        ),
        None => refuse(
            "--stereo is the factor 5.4 of KITTI's stereo pairs, and these weights were trained with cameras at an \
             unknown distance: leave it out for median scaling, or give that distance in metres, times 10, as \
             --scale-factor"
                .to_owned(),
        ),
        Some(metres) if !NEARLY_STEREO.contains(&(metres / STEREO_FACTOR)) => refuse(format!(
            "--stereo is the factor 5.4 of KITTI's stereo pairs, and a unit of these weights is {metres:.4} m: give \
             --scale-factor {metres:.4} instead"
        )),
        Some(_) => Ok(()),
    }
}
