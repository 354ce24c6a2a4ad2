//! Kinds of maps: the usual way to draw their values, the heading they are listed under, the origin of their numbers.

use crate::geometry::colormap::Colormap;

/// Meaning of the values of a map, which decides how they are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MapKind {
    /// Three colour channels.
    Colour,
    /// One number per pixel.
    Scalar(ScalarStyle),
    /// One of a few choices per pixel.
    Category(Categories),
}

/// The usual way to draw the numbers of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScalarStyle {
    /// Colour map.
    pub colormap: Colormap,
    /// The range of numbers that the colours cover.
    pub range: UsualRange,
    /// True for a logarithmic colour scale.
    pub logarithmic: bool,
    /// True if 0 marks a pixel without a value.
    pub sparse: bool,
    /// Unit of the numbers; empty if they have none.
    pub unit: &'static str,
}

/// The usual range of the colours of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UsualRange {
    /// All values of a picture except this fraction at either end.
    AllBut(f32),
    /// Fixed minimum and maximum, equal for all pictures.
    Fixed(f32, f32),
}

/// The meaning of the numbers of a category map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Categories {
    /// 0 is masked, 1 trains.
    Training,
    /// Identities (absent without auto-masking), then reprojections, in the order of the sources.
    Candidates,
}

/// The heading under which a map is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is a heading that people read")]
pub enum MapGroup {
    Images,
    Prediction,
    Synthesis,
    Losses,
    LossTerms,
    Choice,
    Gradient,
    Truth,
}

/// Data that a map is computed from, which decides who computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapOrigin {
    /// The images of the sample.
    Image,
    /// The images of the sample after augmentation.
    NetworkInput,
    /// The disparities alone; computed by the objective, without any source.
    Prediction,
    /// A second prediction, of the mirrored image.
    MirroredPrediction,
    /// The sources and the motion to them; computed by the objective.
    Sources,
    /// The reprojection loss, whose intermediate maps the objective keeps on request.
    Reprojection,
    /// The backward pass of the loss.
    Gradient,
    /// The true depth that the data has.
    TrueDepth,
}

impl MapGroup {
    /// Text of the heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Images => "Images",
            Self::Prediction => "Disparity and depth",
            Self::Synthesis => "View synthesis",
            Self::Losses => "Losses",
            Self::LossTerms => "Parts of the losses",
            Self::Choice => "Choice and mask",
            Self::Gradient => "Gradient",
            Self::Truth => "Truth",
        }
    }
}

impl MapOrigin {
    /// True if the objective computes such maps ([`Objective::evaluate`](super::Objective::evaluate)).
    pub fn is_of_objective(self) -> bool {
        match self {
            Self::Image | Self::Prediction | Self::Sources | Self::Reprojection => true,
            Self::NetworkInput | Self::MirroredPrediction | Self::Gradient | Self::TrueDepth => false,
        }
    }
}
