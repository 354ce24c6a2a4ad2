//! Pictures: what is drawn of a frame, by leases on tensors.

use super::{Provenance, SandboxResult};
use crate::{
    compute::Lease, config::ObjectiveConfig, data::FrameKey, geometry::Intrinsics, inspect::PixelInspection,
    model::weights::MetricScale, objective::MapName,
};
use std::{collections::BTreeMap, sync::Arc};

/// Where a picture's numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSource {
    /// The tensors of a training step (augmented, batch statistics).
    Training,
    /// A prediction in evaluation mode.
    Prediction,
    /// No networks: only the images.
    Images,
}

/// Everything there is to draw of one frame.
#[derive(Debug)]
pub struct Picture {
    /// The target frame.
    pub key: FrameKey,
    /// Steps made when it was computed.
    pub step: u64,
    /// Where it comes from.
    pub origin: PictureSource,
    /// The weights that it was computed with; those before the step's update for [`PictureSource::Training`].
    pub weights: Option<Provenance>,
    /// The watched maps that exist; [3,h,w] for colours, [1,h,w] for the others.
    pub maps: BTreeMap<MapName, Arc<Lease>>,
    /// What the point cloud needs, if depth is known.
    pub cloud: Option<Cloud>,
    /// The objective that made the maps; its sources are those that could be warped.
    pub objective: ObjectiveConfig,
    /// What answers questions about pixels, if that was asked for and there are networks.
    pub evidence: Option<Arc<PixelInspection>>,
    /// What changes by hand did to it, if there are any and a source can be warped.
    pub what_if: Option<SandboxResult>,
}

/// A depth map with its colours and camera.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Depth, [1,h,w].
    pub depth: Arc<Lease>,
    /// Colour of the same size, [3,h,w].
    pub colour: Arc<Lease>,
    /// The camera.
    pub intrinsics: Intrinsics,
    /// How its depths become metres, if it is known; by the true depth of the frame only if that is watched.
    pub scale: Option<MetricScale>,
}
