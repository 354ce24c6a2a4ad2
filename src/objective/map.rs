//! The names of everything the objective computes that can be looked at.

use super::PhotometricTerm;
use crate::config::{FrameId, ObjectiveConfig};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A map over the target's pixels (or, for colours, the picture it is made from), in the order in which people
/// choose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MapName {
    /// A clean image of the sample, [3, H, W] in 0 to 1.
    Colour(FrameId),
    /// The same as the networks see it, after augmentation, [3, H, W] in 0 to 1.
    Augmented(FrameId),
    /// The network's output at a scale, [1, H/2^s, W/2^s] in 0 to 1.
    Disparity(usize),
    /// Depth at full resolution from the disparity of scale 0, [1, H, W].
    Depth,
    /// |disparity − disparity of the mirrored image, mirrored back| at the finest scale, [1, H/2^s, W/2^s]: the
    /// uncertainty "Post" of Poggi et al., "On the Uncertainty of Self-Supervised Monocular Depth Estimation"
    /// (CVPR 2020).
    FlipUncertainty,
    /// The source warped into the target with the depth of scale 0, [3, H, W].
    Warped(FrameId),
    /// Photometric loss of the warped source, [1, H, W].
    Reprojection(FrameId),
    /// Photometric loss of the source as it is, without tie-break noise, [1, H, W].
    Identity(FrameId),
    /// The loss that is optimised at each pixel of scale 0: the least of the above, [1, H, W].
    MinimumLoss,
    /// What each pixel of a scale contributes to its smoothness, before the weight, [1, H/2^s, W/2^s].
    Smoothness(usize),
    /// A part of the reprojection loss, before its share, [1, H, W].
    ReprojectionTerm(PhotometricTerm, FrameId),
    /// A part of the identity loss, before its share, [1, H, W].
    IdentityTerm(PhotometricTerm, FrameId),
    /// Which one was least: an index into identity losses, then reprojection losses, [1, H, W].
    ChosenSource,
    /// 1 where a reprojection was least, so that the pixel trains; 0 where it is masked, [1, H, W].
    AutoMask,
    /// The predicted weight of a source's reprojection loss, [1, H, W] in 0 to 1.
    PredictiveMask(FrameId),
    /// How the sample's total loss changes with the disparity of the finest scale at each pixel, motions
    /// held, [1, H/2^s, W/2^s].
    DisparityGradient,
    /// Measured or exact depth in metres at the size of the images, [1, H, W]; 0 where it is not known.
    TrueDepth,
    /// (predicted − true) / true depth, [1, H, W]; 0 where the true depth is not known.
    DepthError,
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
    /// Every map that this objective gives.
    pub fn all(config: &ObjectiveConfig) -> Vec<Self> {
        let mut names: Vec<Self> = config.frame_ids.iter().map(|id| Self::Colour(*id)).collect();
        names.extend(config.scales.iter().map(|scale| Self::Disparity(*scale)));
        names.push(Self::Depth);
        names.extend(config.sources().map(Self::Warped));
        let terms = if config.no_ssim { &[][..] } else { &PhotometricTerm::ALL[..] };
        for id in config.sources() {
            names.push(Self::Reprojection(id));
            names.extend(terms.iter().map(|term| Self::ReprojectionTerm(*term, id)));
        }
        for id in config.sources().filter(|_| !config.disable_automasking) {
            names.push(Self::Identity(id));
            names.extend(terms.iter().map(|term| Self::IdentityTerm(*term, id)));
        }
        names.push(Self::MinimumLoss);
        names.extend(config.scales.iter().map(|scale| Self::Smoothness(*scale)));
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
            Self::Warped(id)
            | Self::Reprojection(id)
            | Self::ReprojectionTerm(_, id)
            | Self::Identity(id)
            | Self::IdentityTerm(_, id)
            | Self::PredictiveMask(id) => Some(id),
            _ => None,
        }
    }

    /// The same of another source.
    pub fn of_source(self, id: FrameId) -> Self {
        match self {
            Self::Warped(_) => Self::Warped(id),
            Self::Reprojection(_) => Self::Reprojection(id),
            Self::ReprojectionTerm(term, _) => Self::ReprojectionTerm(term, id),
            Self::Identity(_) => Self::Identity(id),
            Self::IdentityTerm(term, _) => Self::IdentityTerm(term, id),
            Self::PredictiveMask(_) => Self::PredictiveMask(id),
            other => other,
        }
    }

    /// Every map that can be looked at while this objective is used: what it gives, what the networks see and
    /// are unsure of, the gradient, and comparisons with the true depth of the data; in their order.
    pub fn shown(config: &ObjectiveConfig) -> Vec<Self> {
        let mut names = Self::all(config);
        let temporal = config.frame_ids.iter().filter(|id| **id != FrameId::Stereo);
        names.extend(temporal.map(|id| Self::Augmented(*id)));
        names.push(Self::FlipUncertainty);
        names.extend(config.sources().next().map(|_| Self::DisparityGradient));
        names.extend(Self::OF_TRUTH);
        names.sort_unstable();
        names
    }

    /// Comparisons with the true depth.
    pub const OF_TRUTH: [Self; 2] = [Self::TrueDepth, Self::DepthError];

    /// How its values are to be drawn.
    pub fn kind(self) -> MapKind {
        match self {
            Self::Colour(_) | Self::Augmented(_) | Self::Warped(_) => MapKind::Colour,
            Self::ChosenSource | Self::AutoMask => MapKind::Category,
            _ => MapKind::Scalar,
        }
    }

    /// Whether it is computed on the way to the reprojection loss, rather than given or cheap.
    pub(super) fn is_of_reprojection(self) -> bool {
        use MapName::{AutoMask, ChosenSource, MinimumLoss, Reprojection, ReprojectionTerm, Warped};
        matches!(
            self,
            Warped(_) | Reprojection(_) | ReprojectionTerm(..) | MinimumLoss | ChosenSource | AutoMask
        )
    }

    /// One sentence for a tooltip.
    pub fn help(self) -> &'static str {
        match self {
            Self::Colour(_) => "The clean image that the loss compares",
            Self::Augmented(_) => {
                "The image as the networks see it: while training brightness, contrast, saturation and hue are \
                 changed by chance"
            }
            Self::FlipUncertainty => {
                "How far the disparity is from that of the mirrored image: where the network is unsure, and at \
                 the picture's edges. It takes a prediction of its own"
            }
            Self::Smoothness(_) => {
                "How much the disparity changes where the image does not; its mean, weighted, is in the loss"
            }
            Self::ReprojectionTerm(PhotometricTerm::Ssim, _) => {
                "How much the structure of the warped source differs from the target's; counts 85 %"
            }
            Self::ReprojectionTerm(PhotometricTerm::L1, _) => {
                "How much the colours of the warped source differ from the target's; counts 15 %"
            }
            Self::IdentityTerm(PhotometricTerm::Ssim, _) => {
                "How much the structure of the source as it is differs from the target's; counts 85 %"
            }
            Self::IdentityTerm(PhotometricTerm::L1, _) => {
                "How much the colours of the source as it is differ from the target's; counts 15 %"
            }
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
            Self::Augmented(id) => write!(formatter, "augmented {}", id.label()),
            Self::FlipUncertainty => formatter.write_str("flip uncertainty"),
            Self::Smoothness(scale) => write!(formatter, "smoothness, scale {scale}"),
            Self::ReprojectionTerm(PhotometricTerm::Ssim, id) => {
                write!(formatter, "SSIM, warped {}", id.label())
            }
            Self::ReprojectionTerm(PhotometricTerm::L1, id) => write!(formatter, "L1, warped {}", id.label()),
            Self::IdentityTerm(PhotometricTerm::Ssim, id) => {
                write!(formatter, "SSIM, {} as it is", id.label())
            }
            Self::IdentityTerm(PhotometricTerm::L1, id) => {
                write!(formatter, "L1, {} as it is", id.label())
            }
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
