//! Evaluation of networks against true depth: the request, its progress and its result.

use crate::evaluate::{DepthChoices, DepthEvaluation, ImageResult, Published};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// Networks and frames to evaluate, and the protocol of the metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRequest {
    /// Choice of the pixels that count, and of how depth becomes metres.
    pub choices: DepthChoices,
    /// Choice of the frames.
    pub frames: EvaluatedFrames,
    /// A weights folder, a run folder or a checkpoint; the viewed networks if it is `None`.
    pub weights: Option<PathBuf>,
}

/// Frames of the viewed data that are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvaluatedFrames {
    /// The test frames of the split, or its validation frames if it has no test frames; without a split a tenth of
    /// every drive.
    #[default]
    Tested,
    /// All frames of the left camera.
    Every,
}

/// Event of an evaluation, from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EvaluationProgress {
    /// The evaluation starts.
    Started {
        /// The networks, in words.
        name: String,
        /// The protocol of the metrics, in words.
        protocol: String,
        /// Number of frames to read.
        frames: usize,
    },
    /// Number of frames read so far, the last of which was not scored.
    Read(usize),
    /// Metrics of one more image.
    Scored(ImageResult),
    /// All frames are read.
    Finished(Arc<EvaluationReport>),
    /// The evaluation ended early, by [`Command::CancelEvaluation`](super::Command::CancelEvaluation) or by a failure,
    /// which is sent as a notice.
    Aborted,
}

/// Result of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// The networks, in words.
    pub name: String,
    /// The metrics.
    pub evaluation: DepthEvaluation,
    /// Published results by this protocol.
    pub published: Vec<Published>,
}
