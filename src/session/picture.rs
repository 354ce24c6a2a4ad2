//! Pictures and point clouds of frames: tensors leased for drawing.

use super::{FusionRequest, Provenance, SandboxResult};
use crate::{
    compute::Lease, config::ObjectiveConfig, data::FrameKey, geometry::Intrinsics, inspect::PixelInspection,
    model::weights::MetricScale, objective::MapName,
};
use glam::DAffine3;
use std::{collections::BTreeMap, sync::Arc};

/// Computation that a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureSource {
    /// A training step: augmented images, batch statistics.
    Training,
    /// A prediction in evaluation mode.
    Prediction,
    /// No computation: there are no networks, only images.
    Images,
}

/// Everything that can be drawn of one frame.
#[derive(Debug)]
pub struct Picture {
    /// Target frame.
    pub key: FrameKey,
    /// Steps that the run had made.
    pub step: u64,
    /// Computation that is shown.
    pub origin: PictureSource,
    /// Weights of the computation; for [`PictureSource::Training`] those before the step's update.
    pub weights: Option<Provenance>,
    /// Watched maps that exist; `[3, height, width]` for colours, `[1, height, width]` for the others.
    pub maps: BTreeMap<MapName, Arc<Lease>>,
    /// Data of the point cloud, if depth and colour are watched and depth is known.
    pub cloud: Option<Cloud>,
    /// Objective that computed the maps; its sources are those that could be warped.
    pub objective: ObjectiveConfig,
    /// Inspection of the pixels, if it was requested and there are networks.
    pub inspection: Option<Arc<PixelInspection>>,
    /// Effect of the changes by hand, if there are any and a source can be warped.
    pub sandbox: Option<SandboxResult>,
}

/// A depth map with its colours and its camera.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Depth, `[1, height, width]`.
    pub depth: Arc<Lease>,
    /// Colour of the same size, `[3, height, width]`.
    pub colour: Arc<Lease>,
    /// Camera.
    pub intrinsics: Intrinsics,
    /// Scale from depths to metres, if it is known. It is taken from the true depth of the frame only if that is
    /// watched.
    pub scale: Option<MetricScale>,
}

/// A frame near the viewed one, with its pose.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Frame number.
    pub frame: u32,
    /// Depth and colours.
    pub cloud: Cloud,
    /// Transform from the neighbour's camera to the camera of the viewed frame, in the network's unit of length.
    pub target_from_source: DAffine3,
}

/// Neighbours of the viewed frame that are predicted so far.
#[derive(Clone, Debug)]
pub struct CloudFusion {
    /// Viewed frame.
    pub key: FrameKey,
    /// Number of steps that the networks were trained for.
    pub step: u64,
    /// Request that is fulfilled.
    pub request: FusionRequest,
    /// Neighbours in the order of their frame numbers.
    pub neighbours: Vec<Neighbour>,
    /// True if no more neighbours will come.
    pub is_complete: bool,
    /// Reason why there are no more neighbours, unless the drive ends there.
    pub problem: Option<String>,
}

impl CloudFusion {
    /// An empty fusion that ended with an error.
    pub(super) fn impossible(
        key: FrameKey,
        step: u64,
        request: FusionRequest,
        reason: &anyhow::Error,
    ) -> Self {
        let problem = Some(format!("{reason:#}"));
        Self { key, step, request, neighbours: Vec::new(), is_complete: true, problem }
    }
}
