//! The names of everything the objective computes that can be looked at.

use crate::config::{FrameId, ObjectiveConfig};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A map over the target's pixels (or, for colours, the picture it is made from).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MapName {
    /// A clean image of the sample, [3, H, W] in 0 to 1.
    Colour(FrameId),
    /// The network's output at a scale, [1, H/2^s, W/2^s] in 0 to 1.
    Disparity(usize),
    /// Depth at full resolution from the disparity of scale 0, [1, H, W].
    Depth,
    /// The source warped into the target with the depth of scale 0, [3, H, W].
    Warped(FrameId),
    /// Photometric loss of the warped source, [1, H, W].
    Reprojection(FrameId),
    /// Photometric loss of the source as it is, without tie-break noise, [1, H, W].
    Identity(FrameId),
    /// The loss that is optimised at each pixel of scale 0: the least of the above, [1, H, W].
    MinimumLoss,
    /// Which one was least: an index into identity losses, then reprojection losses, [1, H, W].
    ChosenSource,
    /// 1 where a reprojection was least, so that the pixel trains; 0 where it is masked, [1, H, W].
    AutoMask,
    /// Measured or exact depth in metres at the size of the images, [1, H, W]; 0 where it is not known.
    TrueDepth,
    /// (predicted − true) / true depth, [1, H, W]; 0 where the true depth is not known.
    DepthError,
    /// How the sample's total loss changes with the disparity of the finest scale at each pixel, motions
    /// held, [1, H/2^s, W/2^s].
    DisparityGradient,
    /// The predicted weight of a source's reprojection loss, [1, H, W] in 0 to 1.
    PredictiveMask(FrameId),
}

/// How the values of a map are to be read, and so drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// Three colour channels.
    Colour,
    /// One number a pixel.
    Scalar,
    /// One of a few choices a pixel.
    Category,
}

impl MapName {
    /// Every map that this objective can give, in the order shown.
    pub fn all(config: &ObjectiveConfig) -> Vec<Self> {
        let mut names: Vec<Self> = config.frame_ids.iter().map(|id| Self::Colour(*id)).collect();
        names.extend(config.scales.iter().map(|scale| Self::Disparity(*scale)));
        names.push(Self::Depth);
        names.extend(config.sources().map(Self::Warped));
        names.extend(config.sources().map(Self::Reprojection));
        if !config.disable_automasking {
            names.extend(config.sources().map(Self::Identity));
        }
        names.push(Self::MinimumLoss);
        names.push(Self::ChosenSource);
        if !config.disable_automasking {
            names.push(Self::AutoMask);
        }
        if config.predictive_mask {
            names.extend(config.sources().map(Self::PredictiveMask));
        }
        names
    }

    /// The source that it is of, if it is of one through or without depth and motion.
    pub fn source(self) -> Option<FrameId> {
        match self {
            Self::Warped(id) | Self::Reprojection(id) | Self::Identity(id) | Self::PredictiveMask(id) => {
                Some(id)
            }
            _ => None,
        }
    }

    /// The same of another source.
    pub fn of_source(self, id: FrameId) -> Self {
        match self {
            Self::Warped(_) => Self::Warped(id),
            Self::Reprojection(_) => Self::Reprojection(id),
            Self::Identity(_) => Self::Identity(id),
            Self::PredictiveMask(_) => Self::PredictiveMask(id),
            other => other,
        }
    }

    /// What can be shown beside what the objective gives: comparisons with the true depth of the data.
    pub const OF_TRUTH: [Self; 2] = [Self::TrueDepth, Self::DepthError];

    /// How its values are to be drawn.
    pub fn kind(self) -> MapKind {
        match self {
            Self::Colour(_) | Self::Warped(_) => MapKind::Colour,
            Self::ChosenSource | Self::AutoMask => MapKind::Category,
            _ => MapKind::Scalar,
        }
    }

    /// Whether it is computed on the way to the reprojection loss, rather than given or cheap.
    pub(super) fn is_of_reprojection(self) -> bool {
        use MapName::{AutoMask, ChosenSource, MinimumLoss, Reprojection, Warped};
        matches!(self, Warped(_) | Reprojection(_) | MinimumLoss | ChosenSource | AutoMask)
    }

    /// One sentence for a tooltip.
    pub fn help(self) -> &'static str {
        match self {
            Self::Colour(_) => "The clean image that the loss compares",
            Self::Disparity(_) => "What the depth network says: 1 is nearest, 0 farthest",
            Self::Depth => "Depth along the optical axis, in the network's own units",
            Self::Warped(_) => {
                "The source seen from the target's camera, through predicted depth and motion; \
                 where both are right it equals colour 0"
            }
            Self::Reprojection(_) => "How much the warped source differs from the target (SSIM and L1)",
            Self::Identity(_) => {
                "How much the source differs from the target without any warp; \
                 low where nothing moves relative to the camera"
            }
            Self::MinimumLoss => "The loss each pixel contributes: the least over sources and identities",
            Self::ChosenSource => "Which source, warped or as it is, explains each pixel best",
            Self::AutoMask => {
                "Bright pixels train; dark ones look the same without any warp and are left out"
            }
            Self::TrueDepth => "Measured by LiDAR or known exactly, metres; dark where it is not known",
            Self::DepthError => {
                "How far the prediction is off, as a share of the true depth: red is too near, blue too far"
            }
            Self::DisparityGradient => {
                "How the total loss changes with disparity: where red, more disparity (nearer) would lower it, \
                 where blue, less; white pixels do not pull"
            }
            Self::PredictiveMask(_) => "How much the network lets the warped source count at each pixel",
        }
    }
}

impl fmt::Display for MapName {
    /// The name a person reads: "warped +1".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Colour(id) => write!(formatter, "colour {}", id.label()),
            Self::Disparity(scale) => write!(formatter, "disparity, scale {scale}"),
            Self::Depth => formatter.write_str("depth"),
            Self::Warped(id) => write!(formatter, "warped {}", id.label()),
            Self::Reprojection(id) => write!(formatter, "reprojection loss {}", id.label()),
            Self::Identity(id) => write!(formatter, "identity loss {}", id.label()),
            Self::MinimumLoss => formatter.write_str("minimum loss"),
            Self::ChosenSource => formatter.write_str("chosen source"),
            Self::PredictiveMask(id) => write!(formatter, "predictive mask {}", id.label()),
            Self::DisparityGradient => formatter.write_str("gradient of the disparity"),
            Self::TrueDepth => formatter.write_str("true depth"),
            Self::DepthError => formatter.write_str("depth error"),
            Self::AutoMask => formatter.write_str("auto-mask"),
        }
    }
}
