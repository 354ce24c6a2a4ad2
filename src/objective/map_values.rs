//! Computation of the requested maps.

use super::{Inputs, MapName, depth, image_pair::ImagePair, inputs::detached, smoothness_map};
use crate::{
    compute::ops::{reprojection::ReprojectionMaps, resize_bilinear},
    config::{FrameId, ImageSize, ObjectiveConfig},
    geometry::DepthRange,
};
use burn::tensor::Tensor;
use std::collections::{BTreeMap, BTreeSet};

/// The requested maps that follow from the disparities alone, detached: all that a depth network can show if there
/// is no source to warp.
pub fn prediction_maps(
    inputs: &Inputs,
    config: &ObjectiveConfig,
    wanted: &BTreeSet<MapName>,
) -> BTreeMap<MapName, Tensor<4>> {
    let [_, _, height, width] = inputs.colour[&FrameId::TARGET][0].dims();
    let size = ImageSize { height, width };
    let map = |name: &MapName| Some((*name, detached(&prediction_map(*name, inputs, config, size)?)));
    wanted.iter().filter_map(map).collect()
}

/// A map that is computed from the disparities alone, for images of this size; `None` for all other maps.
fn prediction_map(
    name: MapName,
    inputs: &Inputs,
    config: &ObjectiveConfig,
    size: ImageSize,
) -> Option<Tensor<4>> {
    match name {
        MapName::Disparity(scale) => inputs.disparities.get(&scale).cloned(),
        MapName::Depth => {
            let disparity = detached(&inputs.disparities[&config.finest_scale()]);
            Some(depth(resize_bilinear(disparity, size), DepthRange::from(config)))
        }
        MapName::Smoothness(scale) => {
            let image = inputs.colour.get(&FrameId::TARGET)?.get(scale)?;
            Some(smoothness_map(detached(inputs.disparities.get(&scale)?), image))
        }
        _ => None,
    }
}

/// Data that maps are computed from, at the finest scale of the objective.
pub(super) struct MapContext<'a> {
    pub config: &'a ObjectiveConfig,
    /// The size of the images at scale 0.
    pub size: ImageSize,
    pub inputs: &'a Inputs,
    /// The images that are compared at the finest scale.
    pub pair: &'a ImagePair,
    /// Intermediate results of the reprojection loss; present if a map of that origin is requested.
    pub reprojection: Option<&'a ReprojectionMaps>,
}

impl MapContext<'_> {
    /// The requested maps that the objective computes, detached.
    pub fn maps(&self, wanted: &BTreeSet<MapName>) -> BTreeMap<MapName, Tensor<4>> {
        wanted.iter().filter_map(|name| Some((*name, detached(&self.map(*name)?)))).collect()
    }

    fn map(&self, name: MapName) -> Option<Tensor<4>> {
        let Self { config, size, inputs, pair, reprojection } = *self;
        let index = |id: FrameId| config.sources().position(|source| source == id);
        let warped = |id: FrameId| Some(reprojection?.warped.clone().narrow(1, 3 * index(id)?, 3));
        Some(match name {
            MapName::Colour(id) => inputs.colour.get(&id)?.first()?.clone(),
            MapName::Disparity(_) | MapName::Depth | MapName::Smoothness(_) => {
                prediction_map(name, inputs, config, size)?
            }
            MapName::RigidFlow(id) => pair.flow(config, inputs, id)?,
            MapName::Warped(id) => warped(id)?,
            MapName::ReprojectionTerm(term, id) => pair.term(warped(id)?, term),
            MapName::IdentityTerm(term, id) => pair.term(pair.source(index(id)?), term),
            MapName::Reprojection(id) => reprojection?.reprojection.clone().narrow(1, index(id)?, 1),
            MapName::Identity(id) => pair.identity.clone()?.narrow(1, index(id)?, 1),
            MapName::MinimumLoss => reprojection?.minimum.clone(),
            MapName::ChosenSource => reprojection?.chosen.clone(),
            MapName::PredictiveMask(id) => {
                let mask = inputs.predictive_masks.get(&config.finest_scale())?;
                resize_bilinear(detached(&mask.clone().narrow(1, index(id)?, 1)), size)
            }
            MapName::AutoMask => {
                let [_, identities, _, _] = pair.identity.as_ref()?.dims();
                let identities = if config.avg_reprojection { 1 } else { identities };
                reprojection?.chosen.clone().greater_equal_elem(identities as f32).float()
            }
            // Computed elsewhere, see their origin.
            MapName::Augmented(_)
            | MapName::FlipUncertainty
            | MapName::TrueDepth
            | MapName::DepthError
            | MapName::DisparityGradient => return None,
        })
    }
}
