//! The camera's motion between the frames of a sample, by any of the pose networks (paper section 4 and
//! supplement; [Motion](crate::objective::method#motion) of the method).
//!
//! A new one is a variant of [`crate::config::PoseModelType`], [`PoseModel`] and [`PoseNetwork`] with what the compiler
//! then asks for, and its recognition in `weights/architecture.rs`, without which the round trip of
//! `tests/architectures.rs` fails.

use super::{
    decoder::DecoderLayout,
    initial::Initialiser,
    motion::{Motion, halves},
    pose_cnn::PoseCnn,
    pose_decoder::PoseDecoder,
    resnet::{ResnetArchitecture, ResnetEncoder},
};
use crate::config::{FrameId, PoseModelType};
use burn::{module::Module, tensor::Tensor};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// A pose network by what it is made of and sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoseArchitecture {
    /// Kind of its layers.
    pub model: PoseModel,
    /// Number of frames that it sees at once: 2 are a pair in the order of time, more are all of a sample.
    pub frames: usize,
}

/// Kind of the layers of a pose network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoseModel {
    /// A residual encoder that sees the frames together, and a decoder.
    Separate(ResnetArchitecture),
    /// A decoder of the depth encoder's feature maps.
    Shared,
    /// Seven convolutions.
    Cnn,
}

/// Everything about a pose network but its layers.
pub(super) struct PoseSpec {
    /// Type in a configuration.
    pub model_type: PoseModelType,
    /// Layers of its encoder, if it has one of its own, which is residual.
    pub layers: Option<usize>,
    /// The name a person reads.
    pub label: String,
    /// Number of motions that it predicts at least.
    pub min_motions: usize,
    /// True if it sees the feature maps of the depth encoder, not images.
    pub sees_features: bool,
    /// True if its translations are taken times the mean of 1 / depth.
    pub is_scaled_by_depth: bool,
}

impl PoseModel {
    /// The table of pose networks.
    pub(super) fn spec(self) -> PoseSpec {
        match self {
            Self::Separate(encoder) => PoseSpec {
                model_type: PoseModelType::SeparateResnet,
                layers: Some(encoder.layers()),
                label: encoder.to_string(),
                // The published networks have two, of which a pair uses the first.
                min_motions: 2,
                sees_features: false,
                is_scaled_by_depth: false,
            },
            Self::Shared => PoseSpec {
                model_type: PoseModelType::Shared,
                layers: None,
                label: "shared encoder".to_owned(),
                min_motions: 1,
                sees_features: true,
                is_scaled_by_depth: false,
            },
            Self::Cnn => PoseSpec {
                model_type: PoseModelType::Posecnn,
                layers: None,
                label: "PoseCNN".to_owned(),
                min_motions: 1,
                sees_features: false,
                is_scaled_by_depth: true,
            },
        }
    }
}

impl PoseArchitecture {
    /// Number of motions that it predicts: to each other frame from the first.
    pub(super) fn motions(self) -> usize {
        (self.frames - 1).max(self.model.spec().min_motions)
    }
}

impl fmt::Display for PoseArchitecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.model.spec().label)?;
        match self.frames {
            2 => formatter.write_str(" of pairs"),
            frames => write!(formatter, " of {frames} frames"),
        }
    }
}

/// Predicts the camera's motion between frames.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of them a run")]
pub enum PoseNetwork {
    /// With an encoder of its own.
    Separate(SeparatePose),
    /// On the feature maps of the depth encoder.
    Shared(PoseDecoder),
    /// Seven convolutions.
    Cnn(PoseCnn),
}

/// A pose network with an encoder of its own.
#[derive(Module, Debug)]
pub struct SeparatePose {
    /// Frames to feature maps.
    pub encoder: ResnetEncoder,
    /// The coarsest feature map to motions.
    pub decoder: PoseDecoder,
}

impl PoseNetwork {
    pub(super) fn new(
        architecture: PoseArchitecture,
        depth: &DecoderLayout,
        initial: &mut Initialiser,
    ) -> Self {
        let (frames, motions) = (architecture.frames, architecture.motions());
        match architecture.model {
            PoseModel::Separate(encoder) => Self::Separate(SeparatePose {
                encoder: ResnetEncoder::new(encoder, frames, initial),
                decoder: PoseDecoder::new([1, encoder.feature_channels()[4]], motions, initial),
            }),
            PoseModel::Shared => Self::Shared(PoseDecoder::new([frames, depth.features], motions, initial)),
            PoseModel::Cnn => Self::Cnn(PoseCnn::new(frames, motions, initial)),
        }
    }

    /// The pose network that this is.
    pub fn architecture(&self) -> PoseArchitecture {
        let (model, frames) = match self {
            Self::Separate(SeparatePose { encoder, .. }) => {
                (PoseModel::Separate(encoder.architecture()), encoder.images())
            }
            Self::Shared(decoder) => (PoseModel::Shared, decoder.maps()),
            Self::Cnn(network) => (PoseModel::Cnn, network.frames()),
        };
        PoseArchitecture { model, frames }
    }

    /// Axis-angle and translation of every motion, both `[batch, motions, 3]`, from frames: images in
    /// 0..1, `[batch, 3, height, width]`, or for [`Self::Shared`] the coarsest feature map of each.
    pub fn forward(&self, frames: Vec<Tensor<4>>) -> (Tensor<3>, Tensor<3>) {
        halves(&self.motions_of(frames))
    }

    /// Axis-angle and translation of every motion side by side, `[batch, motions, 6]`, as [`Self::forward`].
    fn motions_of(&self, frames: Vec<Tensor<4>>) -> Tensor<3> {
        match self {
            Self::Separate(SeparatePose { encoder, decoder }) => {
                let [.., features] = encoder.forward(Tensor::cat(frames, 1));
                decoder.forward(vec![features])
            }
            Self::Shared(decoder) => decoder.forward(frames),
            Self::Cnn(network) => network.forward(Tensor::cat(frames, 1)),
        }
    }

    /// The motion to every temporal source among `frame_ids`, of which the first is the target; none if
    /// it needs other frames than these. `seen` is the input of [`Self::forward`] by frame.
    ///
    /// A pair is seen in the order of time, so that the motion to an earlier frame is the inverse of
    /// what is predicted. All frames together are seen in the order of `frame_ids`, and each source has
    /// a motion of its own, never inverted. (The reference takes the first source's motion for every
    /// source there when the network is PoseCNN; that is not repeated.)
    pub(super) fn motions(
        &self,
        frame_ids: &[FrameId],
        seen: &BTreeMap<FrameId, Tensor<4>>,
    ) -> BTreeMap<FrameId, Motion> {
        let frames = self.architecture().frames;
        let temporal = frame_ids.iter().copied().filter(|id| *id != FrameId::Stereo);
        let temporal: Vec<FrameId> = temporal.collect();
        let predicted = |ids: &[FrameId]| self.motions_of(ids.iter().map(|id| seen[id].clone()).collect());
        let sources = temporal.iter().copied().skip(1);
        if frames == 2 {
            return sources
                .map(|source| {
                    let is_earlier = source < FrameId::TARGET;
                    let pair = if is_earlier { [source, FrameId::TARGET] } else { [FrameId::TARGET, source] };
                    (source, Motion { motions: predicted(&pair), index: 0, is_inverse: is_earlier })
                })
                .collect();
        }
        if frames != temporal.len() {
            return BTreeMap::new();
        }
        let motions = predicted(&temporal);
        let motion = |index| Motion { motions: motions.clone(), index, is_inverse: false };
        sources.enumerate().map(|(index, source)| (source, motion(index))).collect()
    }

    /// The encoder of its own, if it has one.
    pub(super) fn residual(&self) -> Option<&ResnetEncoder> {
        match self {
            Self::Separate(SeparatePose { encoder, .. }) => Some(encoder),
            Self::Shared(_) | Self::Cnn(_) => None,
        }
    }

    /// Tells if the motion to every temporal source among these frames can be predicted.
    pub(super) fn can_follow(&self, frame_ids: &[FrameId]) -> bool {
        let temporal = frame_ids.iter().filter(|id| **id != FrameId::Stereo).count();
        [2, temporal].contains(&self.architecture().frames)
    }
}
