//! The maps that can be viewed, and everything about each of them except its computation.
//!
//! A new map is a variant of [`MapName`], an entry of [`MapName::FAMILIES`] and an arm of [`MapName::spec`], all
//! in this file, and its computation, which the compiler asks for in `map_values.rs`. `tests/maps.rs` fails if the
//! entry is missing or the map is not computed when it is requested.

use super::{
    PhotometricTerm::{self, L1, Ssim},
    map_kind::{Categories, MapGroup, MapKind, MapOrigin, ScalarStyle, UsualRange},
};
use crate::{
    config::{FrameId, ObjectiveConfig},
    geometry::colormap::Colormap,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A map over the target's pixels (or, for colours, the picture it is made from), in the order in which people
/// choose one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MapName {
    /// A clean image of the sample, `[3, H, W]` in 0 to 1.
    Colour(FrameId),
    /// An image of the sample after augmentation, as the networks see it, `[3, H, W]` in 0 to 1.
    Augmented(FrameId),
    /// The network's output at a scale, `[1, H/2^s, W/2^s]` in 0 to 1.
    Disparity(usize),
    /// Depth at full resolution from the disparity of the finest trained scale, `[1, H, W]`.
    Depth,
    /// |disparity − disparity of the mirrored image, mirrored back| at the finest scale, `[1, H/2^s, W/2^s]`: the
    /// uncertainty "Post" of Poggi et al., "On the Uncertainty of Self-Supervised Monocular Depth Estimation"
    /// (CVPR 2020).
    FlipUncertainty,
    /// Distance in pixels from each pixel of the compared images to the position where the source is sampled for
    /// it, by depth and motion: the optical flow of a rigid scene, `[1, H, W]`.
    RigidFlow(FrameId),
    /// The source warped into the target with the depth of the finest trained scale, `[3, H, W]`.
    Warped(FrameId),
    /// Photometric loss of the warped source, `[1, H, W]`.
    Reprojection(FrameId),
    /// Photometric loss of the source without any warp and without tie-break noise, `[1, H, W]`.
    Identity(FrameId),
    /// The loss that each pixel contributes at the finest trained scale: the minimum of identity and reprojection
    /// losses, `[1, H, W]`.
    MinimumLoss,
    /// Contribution of each pixel of a scale to the smoothness loss there, before its weight, `[1, H/2^s, W/2^s]`.
    Smoothness(usize),
    /// A term of the reprojection loss, before its weight, `[1, H, W]`.
    ReprojectionTerm(PhotometricTerm, FrameId),
    /// A term of the identity loss, before its weight, `[1, H, W]`.
    IdentityTerm(PhotometricTerm, FrameId),
    /// Index of the minimum among the identity losses, then the reprojection losses, `[1, H, W]`.
    ChosenSource,
    /// 1 where a reprojection is the minimum, so that the pixel trains; 0 where it is masked, `[1, H, W]`.
    AutoMask,
    /// The predicted weight of a source's reprojection loss, `[1, H, W]` in 0 to 1.
    PredictiveMask(FrameId),
    /// Derivative of the sample's total loss with respect to the disparity of the finest scale at each pixel,
    /// motions held, `[1, H/2^s, W/2^s]`.
    DisparityGradient,
    /// Measured or exact depth in metres at the size of the images, `[1, H, W]`; 0 where it is not known.
    TrueDepth,
    /// (predicted − true) / true depth, `[1, H, W]`; 0 where the true depth is not known.
    DepthError,
}

/// Index of a map within its family (none, a frame, a source or a scale), with the constructor of the family's
/// maps.
enum MapIndex {
    /// The family has only this map.
    One(MapName),
    /// A map for each frame.
    Frames(FrameId, fn(FrameId) -> MapName),
    /// A map for each frame that the networks see: all but the stereo camera's.
    Temporal(FrameId, fn(FrameId) -> MapName),
    /// A map for each source.
    Sources(FrameId, fn(FrameId) -> MapName),
    /// A map for each trained scale.
    Scales(usize, fn(usize) -> MapName),
}

impl MapIndex {
    /// All maps of the family that an objective has, in its order.
    fn of(&self, objective: &ObjectiveConfig) -> Vec<MapName> {
        let frames = objective.frame_ids.iter().copied();
        match self {
            Self::One(name) => vec![*name],
            Self::Frames(_, name) => frames.map(name).collect(),
            Self::Temporal(_, name) => frames.filter(|id| *id != FrameId::Stereo).map(name).collect(),
            Self::Sources(_, name) => objective.sources().map(name).collect(),
            Self::Scales(_, name) => objective.scales.iter().copied().map(name).collect(),
        }
    }

    /// The index as a person reads it and as file names have it; empty if there is none.
    fn texts(&self) -> [String; 2] {
        match self {
            Self::One(_) => Default::default(),
            Self::Frames(id, _) | Self::Temporal(id, _) | Self::Sources(id, _) => [id.label(), id.tag()],
            Self::Scales(scale, _) => [scale.to_string(), scale.to_string()],
        }
    }
}

/// Everything about a map except its computation.
struct MapSpec {
    /// The name a person reads; `{}` stands for the frame or scale.
    label: &'static str,
    /// The name in a dump, which is a contract; `{}` stands for the frame or scale.
    dump: &'static str,
    /// One sentence for a tooltip.
    help: &'static str,
    group: MapGroup,
    kind: MapKind,
    origin: MapOrigin,
    index: MapIndex,
    /// Tells if an objective with these options has such maps.
    exists: fn(&ObjectiveConfig) -> bool,
}

/// A map that every objective has.
fn always(_: &ObjectiveConfig) -> bool {
    true
}

fn has_automask(objective: &ObjectiveConfig) -> bool {
    !objective.disable_automasking
}

/// A linear scale without unit for dense maps.
fn scale(colormap: Colormap, range: UsualRange) -> ScalarStyle {
    ScalarStyle { colormap, range, logarithmic: false, sparse: false, unit: "" }
}

/// All values except the lowest and the highest 1 %.
const USUAL: UsualRange = UsualRange::AllBut(0.01);
/// Networks that pad with zeros are inaccurate in the outermost pixels, about 3 % of all.
const WITHOUT_BORDER: UsualRange = UsualRange::AllBut(0.03);
const UNIT: UsualRange = UsualRange::Fixed(0.0, 1.0);
/// A photometric loss lies between 0 and 1, and on real images nearly all of it below a half.
const PHOTOMETRIC: UsualRange = UsualRange::Fixed(0.0, 0.5);

impl MapName {
    /// One representative of each family; its frame or scale is arbitrary.
    const FAMILIES: [Self; 21] = {
        let (frame, source) = (FrameId::TARGET, FrameId::NEXT);
        [
            Self::Colour(frame),
            Self::Augmented(frame),
            Self::Disparity(0),
            Self::Depth,
            Self::FlipUncertainty,
            Self::RigidFlow(source),
            Self::Warped(source),
            Self::Reprojection(source),
            Self::Identity(source),
            Self::MinimumLoss,
            Self::Smoothness(0),
            Self::ReprojectionTerm(Ssim, source),
            Self::ReprojectionTerm(L1, source),
            Self::IdentityTerm(Ssim, source),
            Self::IdentityTerm(L1, source),
            Self::ChosenSource,
            Self::AutoMask,
            Self::PredictiveMask(source),
            Self::DisparityGradient,
            Self::TrueDepth,
            Self::DepthError,
        ]
    };

    /// The table of all maps.
    fn spec(self) -> MapSpec {
        use MapKind::Scalar;
        match self {
            Self::Colour(id) => MapSpec {
                label: "colour {}",
                dump: "color_{}",
                help: "The clean image that the loss compares",
                group: MapGroup::Images,
                kind: MapKind::Colour,
                origin: MapOrigin::Image,
                index: MapIndex::Frames(id, Self::Colour),
                exists: always,
            },
            Self::Augmented(id) => MapSpec {
                label: "augmented {}",
                dump: "augmented_{}",
                help: "The image as the networks see it: while training brightness, contrast, saturation and \
                       hue are changed by chance",
                group: MapGroup::Images,
                kind: MapKind::Colour,
                origin: MapOrigin::NetworkInput,
                index: MapIndex::Temporal(id, Self::Augmented),
                exists: always,
            },
            Self::Disparity(index) => MapSpec {
                label: "disparity, scale {}",
                dump: "disparity_{}",
                help: "The output of the depth network: 1 is nearest, 0 farthest",
                group: MapGroup::Prediction,
                kind: Scalar(scale(Colormap::Magma, WITHOUT_BORDER)),
                origin: MapOrigin::Prediction,
                index: MapIndex::Scales(index, Self::Disparity),
                exists: always,
            },
            Self::Depth => MapSpec {
                label: "depth",
                dump: "depth",
                help: "Depth along the optical axis, in the network's own units",
                group: MapGroup::Prediction,
                kind: Scalar(ScalarStyle {
                    logarithmic: true,
                    unit: "units",
                    ..scale(Colormap::Turbo, USUAL)
                }),
                origin: MapOrigin::Prediction,
                index: MapIndex::One(self),
                exists: always,
            },
            Self::FlipUncertainty => MapSpec {
                label: "flip uncertainty",
                dump: "flip_uncertainty",
                help: "How far the disparity is from that of the mirrored image: where the network is unsure, \
                       and at the picture's edges. It takes a prediction of its own",
                group: MapGroup::Prediction,
                kind: Scalar(scale(Colormap::Magma, WITHOUT_BORDER)),
                origin: MapOrigin::MirroredPrediction,
                index: MapIndex::One(self),
                exists: always,
            },
            Self::RigidFlow(id) => MapSpec {
                label: "rigid flow {}",
                dump: "rigid_flow_{}",
                help: "Length of the optical flow to the source, in pixels, if only the camera moves: from predicted \
                       depth and motion",
                group: MapGroup::Synthesis,
                kind: Scalar(ScalarStyle { unit: "px", ..scale(Colormap::Turbo, USUAL) }),
                origin: MapOrigin::Sources,
                index: MapIndex::Sources(id, Self::RigidFlow),
                exists: always,
            },
            Self::Warped(id) => MapSpec {
                label: "warped {}",
                dump: "warped_{}",
                help: "The source seen from the target's camera, through predicted depth and motion; where both \
                       are right it equals colour 0",
                group: MapGroup::Synthesis,
                kind: MapKind::Colour,
                origin: MapOrigin::Reprojection,
                index: MapIndex::Sources(id, Self::Warped),
                exists: always,
            },
            Self::Reprojection(id) => MapSpec {
                label: "reprojection loss {}",
                dump: "reprojection_{}",
                help: "How much the warped source differs from the target (SSIM and L1)",
                group: MapGroup::Losses,
                kind: Scalar(scale(Colormap::Viridis, PHOTOMETRIC)),
                origin: MapOrigin::Reprojection,
                index: MapIndex::Sources(id, Self::Reprojection),
                exists: always,
            },
            Self::Identity(id) => MapSpec {
                label: "identity loss {}",
                dump: "identity_{}",
                help: "How much the source differs from the target without any warp; low where nothing moves \
                       relative to the camera",
                group: MapGroup::Losses,
                kind: Scalar(scale(Colormap::Viridis, PHOTOMETRIC)),
                origin: MapOrigin::Sources,
                index: MapIndex::Sources(id, Self::Identity),
                exists: has_automask,
            },
            Self::MinimumLoss => MapSpec {
                label: "minimum loss",
                dump: "loss",
                help: "The loss each pixel contributes: the minimum over sources and identities",
                group: MapGroup::Losses,
                kind: Scalar(scale(Colormap::Viridis, PHOTOMETRIC)),
                origin: MapOrigin::Reprojection,
                index: MapIndex::One(self),
                exists: always,
            },
            Self::Smoothness(index) => MapSpec {
                label: "smoothness, scale {}",
                dump: "smoothness_map_{}",
                help: "How much the disparity changes where the image does not; its mean, weighted, is in the \
                       loss",
                group: MapGroup::Losses,
                kind: Scalar(scale(Colormap::Viridis, USUAL)),
                origin: MapOrigin::Prediction,
                index: MapIndex::Scales(index, Self::Smoothness),
                exists: always,
            },
            Self::ReprojectionTerm(Ssim, id) => MapSpec {
                label: "SSIM, warped {}",
                dump: "reprojection_ssim_{}",
                help: "How much the structure of the warped source differs from the target's; counts 85 %",
                group: MapGroup::LossTerms,
                kind: Scalar(scale(Colormap::Viridis, UNIT)),
                origin: MapOrigin::Reprojection,
                index: MapIndex::Sources(id, |id| Self::ReprojectionTerm(Ssim, id)),
                exists: |objective| !objective.no_ssim,
            },
            Self::ReprojectionTerm(L1, id) => MapSpec {
                label: "L1, warped {}",
                dump: "reprojection_l1_{}",
                help: "How much the colours of the warped source differ from the target's; counts 15 %",
                group: MapGroup::LossTerms,
                kind: Scalar(scale(Colormap::Viridis, PHOTOMETRIC)),
                origin: MapOrigin::Reprojection,
                index: MapIndex::Sources(id, |id| Self::ReprojectionTerm(L1, id)),
                exists: |objective| !objective.no_ssim,
            },
            Self::IdentityTerm(Ssim, id) => MapSpec {
                label: "SSIM, unwarped {}",
                dump: "identity_ssim_{}",
                help: "How much the structure of the unwarped source differs from the target's; counts 85 %",
                group: MapGroup::LossTerms,
                kind: Scalar(scale(Colormap::Viridis, UNIT)),
                origin: MapOrigin::Sources,
                index: MapIndex::Sources(id, |id| Self::IdentityTerm(Ssim, id)),
                exists: |objective| has_automask(objective) && !objective.no_ssim,
            },
            Self::IdentityTerm(L1, id) => MapSpec {
                label: "L1, unwarped {}",
                dump: "identity_l1_{}",
                help: "How much the colours of the unwarped source differ from the target's; counts 15 %",
                group: MapGroup::LossTerms,
                kind: Scalar(scale(Colormap::Viridis, PHOTOMETRIC)),
                origin: MapOrigin::Sources,
                index: MapIndex::Sources(id, |id| Self::IdentityTerm(L1, id)),
                exists: |objective| has_automask(objective) && !objective.no_ssim,
            },
            Self::ChosenSource => MapSpec {
                label: "chosen source",
                dump: "source_index",
                help: "Which source, warped or unwarped, explains each pixel best",
                group: MapGroup::Choice,
                kind: MapKind::Category(Categories::Candidates),
                origin: MapOrigin::Reprojection,
                index: MapIndex::One(self),
                exists: always,
            },
            Self::AutoMask => MapSpec {
                label: "auto-mask",
                dump: "automask",
                help: "Bright pixels train; dark ones look the same without any warp and are left out",
                group: MapGroup::Choice,
                kind: MapKind::Category(Categories::Training),
                origin: MapOrigin::Reprojection,
                index: MapIndex::One(self),
                exists: has_automask,
            },
            Self::PredictiveMask(id) => MapSpec {
                label: "predictive mask {}",
                dump: "predictive_mask_{}",
                help: "How much the network lets the warped source count at each pixel",
                group: MapGroup::Choice,
                kind: Scalar(scale(Colormap::Grey, UNIT)),
                origin: MapOrigin::Sources,
                index: MapIndex::Sources(id, Self::PredictiveMask),
                exists: |objective| objective.predictive_mask,
            },
            Self::DisparityGradient => MapSpec {
                label: "gradient of the disparity",
                dump: "disparity_gradient",
                help: "How the total loss changes with disparity: where red, more disparity (nearer) would \
                       lower it, where blue, less; white pixels do not pull",
                group: MapGroup::Gradient,
                kind: Scalar(scale(Colormap::Diverging, USUAL)),
                origin: MapOrigin::Gradient,
                index: MapIndex::One(self),
                exists: |objective| objective.sources().next().is_some(),
            },
            Self::TrueDepth => MapSpec {
                label: "true depth",
                dump: "true_depth",
                help: "Measured by LiDAR or known exactly, metres; dark where it is not known",
                group: MapGroup::Truth,
                kind: Scalar(ScalarStyle {
                    logarithmic: true,
                    sparse: true,
                    unit: "m",
                    ..scale(Colormap::Turbo, UsualRange::Fixed(2.0, 80.0))
                }),
                origin: MapOrigin::TrueDepth,
                index: MapIndex::One(self),
                exists: always,
            },
            Self::DepthError => MapSpec {
                label: "depth error",
                dump: "depth_error",
                help: "How far the prediction is off, as a share of the true depth: red is too near, blue too \
                       far",
                group: MapGroup::Truth,
                kind: Scalar(ScalarStyle {
                    sparse: true,
                    ..scale(Colormap::Diverging, UsualRange::Fixed(-0.3, 0.3))
                }),
                origin: MapOrigin::TrueDepth,
                index: MapIndex::One(self),
                exists: always,
            },
        }
    }
}

impl MapName {
    /// Every map that can be viewed while this objective is used, in the order shown: those of the objective, the
    /// input and the uncertainty of the networks, the gradient, and comparisons with the true depth of the data.
    pub fn available(objective: &ObjectiveConfig) -> Vec<Self> {
        let specs = Self::FAMILIES.map(Self::spec).into_iter().filter(|spec| (spec.exists)(objective));
        let mut names: Vec<Self> = specs.flat_map(|spec| spec.index.of(objective)).collect();
        names.sort_unstable();
        names
    }

    /// The maps that the objective itself computes.
    pub fn of_objective(objective: &ObjectiveConfig) -> Vec<Self> {
        let mut names = Self::available(objective);
        names.retain(|name| name.origin().is_of_objective());
        names
    }

    /// The source that it is computed from, warped or not; `None` if it is not of a single source.
    pub fn source(self) -> Option<FrameId> {
        match self.spec().index {
            MapIndex::Sources(id, _) => Some(id),
            _ => None,
        }
    }

    /// The map of the same family for another source; the map itself if it is not of a source.
    pub fn of_source(self, id: FrameId) -> Self {
        match self.spec().index {
            MapIndex::Sources(_, name) => name(id),
            _ => self,
        }
    }

    /// The usual way to read and draw its values.
    pub fn kind(self) -> MapKind {
        self.spec().kind
    }

    /// The heading under which it is found.
    pub fn group(self) -> MapGroup {
        self.spec().group
    }

    /// Data that it is computed from.
    pub fn origin(self) -> MapOrigin {
        self.spec().origin
    }

    /// True if 0 means that nothing is known of a pixel.
    pub fn is_sparse(self) -> bool {
        matches!(self.kind(), MapKind::Scalar(ScalarStyle { sparse: true, .. }))
    }

    /// One sentence for a tooltip.
    pub fn help(self) -> &'static str {
        self.spec().help
    }

    /// The name of its array in a dump: `warped_p1`.
    pub fn dump_name(self) -> String {
        let MapSpec { dump, index, .. } = self.spec();
        let [_, tag] = index.texts();
        dump.replace("{}", &tag)
    }
}

impl fmt::Display for MapName {
    /// The name a person reads: "warped +1".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MapSpec { label, index, .. } = self.spec();
        let [text, _] = index.texts();
        formatter.write_str(&label.replace("{}", &text))
    }
}
