//! From the output of a pose network to the motion between two cameras.

use crate::{
    compute::ops::{MotionChoice, plane_means, rigid_motion, transform},
    config::FrameId,
};
use burn::tensor::Tensor;
use std::{collections::BTreeMap, ops::Index};

/// Factor from the output of the last convolution to a motion; it makes the initial motions small.
const SCALE: f32 = 0.01;

/// Axis-angle and translation of every motion, concatenated, `[B, motions, 6]`, from a pose network's last map
/// `[B, 6·motions, h, w]`.
pub(super) fn motions_of_map(map: Tensor<4>) -> Tensor<3> {
    plane_means(map, SCALE).reshape([0, -1, 6])
}

/// Axis-angle and translation, both `[B, motions, 3]`, of motions `[B, motions, 6]`.
pub(super) fn halves(motions: &Tensor<3>) -> (Tensor<3>, Tensor<3>) {
    (motions.clone().narrow(2, 0, 3), motions.clone().narrow(2, 3, 3))
}

/// The motion from the target to a source, as a pose network predicts it.
#[derive(Clone, Debug)]
pub struct Motion {
    /// Axis-angle and translation of all motions of the network, concatenated, `[B, motions, 6]`.
    pub motions: Tensor<3>,
    /// Index of this motion.
    pub index: usize,
    /// True if the prediction is the inverse motion, from the source to the target.
    pub is_inverse: bool,
}

impl Motion {
    /// Transform of points of the target's camera to the source's, `[B, 4, 4]`.
    pub fn source_from_target(&self) -> Tensor<3> {
        rigid_motion(self.motions.clone(), MotionChoice { index: self.index, invert: self.is_inverse })
    }

    /// Splits axis-angle and translation, so that translations can be scaled by several factors.
    pub fn parts(&self) -> MotionParts {
        let (axis_angle, translation) = halves(&self.motions);
        let this = |all: Tensor<3>| all.narrow(1, self.index, 1).squeeze_dim(1);
        MotionParts {
            axis_angle: this(axis_angle),
            translation: this(translation),
            is_inverse: self.is_inverse,
        }
    }
}

/// A motion whose translation is not scaled yet.
#[derive(Clone, Debug)]
pub struct MotionParts {
    axis_angle: Tensor<2>,
    translation: Tensor<2>,
    is_inverse: bool,
}

impl MotionParts {
    /// `source_from_target`, `[B, 4, 4]`, with the translation of each sample multiplied by its factor, `[B, 1]`.
    pub fn times(&self, factor: Tensor<2>) -> Tensor<3> {
        transform(self.axis_angle.clone(), self.translation.clone() * factor, self.is_inverse)
    }
}

/// The motions `[B, 4, 4]` from the target to each source, for every trained scale.
#[derive(Clone, Debug)]
pub enum Motions {
    /// Every scale has these motions.
    Shared(BTreeMap<FrameId, Tensor<3>>),
    /// By scale: PoseCNN's translations depend on the disparity there.
    ByScale(BTreeMap<usize, BTreeMap<FrameId, Tensor<3>>>),
}

impl Motions {
    /// The motions at the finest scale.
    pub fn finest(&self) -> Option<&BTreeMap<FrameId, Tensor<3>>> {
        match self {
            Self::Shared(motions) => Some(motions),
            Self::ByScale(motions) => motions.values().next(),
        }
    }

    /// Iterates over the motions of each scale, or over the shared ones.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut BTreeMap<FrameId, Tensor<3>>> {
        let (shared, by_scale) = match self {
            Self::Shared(motions) => (Some(motions), None),
            Self::ByScale(motions) => (None, Some(motions.values_mut())),
        };
        shared.into_iter().chain(by_scale.into_iter().flatten())
    }

    /// Applies `change` to every motion.
    pub fn map(mut self, change: impl Fn(Tensor<3>) -> Tensor<3>) -> Self {
        for motion in self.values_mut().flat_map(BTreeMap::values_mut) {
            *motion = change(motion.clone());
        }
        self
    }
}

impl Index<&usize> for Motions {
    type Output = BTreeMap<FrameId, Tensor<3>>;

    /// The motions at a scale.
    fn index(&self, scale: &usize) -> &Self::Output {
        match self {
            Self::Shared(motions) => motions,
            Self::ByScale(motions) => &motions[scale],
        }
    }
}
