//! Requests for maps of a frame, and the conversion of the results to a picture: leases of the watched maps.

use super::{Cloud, Picture, PictureSource, Provenance, SandboxResult};
use crate::{
    compute::{Compute, Lease},
    config::{FrameId, ObjectiveConfig},
    data::FrameKey,
    geometry::Intrinsics,
    inspect::{PixelInspection, disparity_gradient},
    model::{Networks, weights::MetricScale},
    objective::{Inputs, MapName, MapOrigin, Objective},
    predict::{SampleTensors, flip_uncertainty},
};
use anyhow::Result;
use burn::tensor::{Tensor, TensorData};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Maps to compute, and the device to lease them on.
#[derive(Clone, Copy)]
pub(super) struct MapRequest<'a> {
    /// Maps that open panes show.
    pub watched: &'a BTreeSet<MapName>,
    /// True if an inspection of the pixels is requested.
    pub inspects: bool,
    pub compute: &'a Compute,
}

impl MapRequest<'_> {
    /// True if no picture is needed, or there is no display device to draw it.
    pub fn is_empty(self) -> bool {
        self.compute.display.is_none() || (self.watched.is_empty() && !self.inspects)
    }

    /// Watched maps that exist: images of the samples, and computed maps.
    pub fn select<'b>(
        self,
        samples: &'b SampleTensors,
        maps: &'b BTreeMap<MapName, Tensor<4>>,
    ) -> impl Iterator<Item = (MapName, &'b Tensor<4>)>
    where
        Self: 'b,
    {
        let find = move |name: &MapName| match name {
            MapName::Colour(id) => samples.colour.get(id).map(|pyramid| &pyramid[0]),
            MapName::Augmented(id) => samples.network_input.get(id),
            _ => maps.get(name),
        };
        self.watched.iter().filter_map(move |name| Some((*name, find(name)?)))
    }

    /// Tells if maps of the true depth are watched.
    pub fn needs_truth(self) -> bool {
        self.watched.iter().any(|name| name.origin() == MapOrigin::TrueDepth)
    }

    /// Adds the flip uncertainty of the first sample to the maps, if it is watched.
    pub fn add_flip_uncertainty(
        self,
        networks: Option<&Networks>,
        samples: &SampleTensors,
        maps: &mut BTreeMap<MapName, Tensor<4>>,
    ) {
        let name = MapName::FlipUncertainty;
        let networks = networks.filter(|_| !self.is_empty() && self.watched.contains(&name));
        maps.extend(networks.and_then(|networks| Some((name, flip_uncertainty(networks, samples)?))));
    }

    /// Gathers the inspection of the pixels if it is requested, and adds the gradient of the disparity to the maps if
    /// it is watched. Both come from one backward pass of the first sample's loss.
    pub fn inspection(
        self,
        objective: &Objective,
        inputs: &Inputs,
        maps: &mut BTreeMap<MapName, Tensor<4>>,
    ) -> Option<PixelInspection> {
        if self.is_empty() {
            return None;
        }
        let inspection = self.inspects.then(|| PixelInspection::gather(objective, inputs));
        let has_loss = objective.config().sources().next().is_some();
        if has_loss && self.watched.contains(&MapName::DisparityGradient) {
            let known = inspection.as_ref().and_then(PixelInspection::gradient);
            let map = match known {
                Some((values, [height, width])) => {
                    let data = TensorData::new(values.to_vec(), [1, 1, height, width]);
                    Tensor::from_data(data, &self.compute.device)
                }
                None => disparity_gradient(objective, inputs),
            };
            maps.insert(MapName::DisparityGradient, map);
        }
        inspection
    }
}

/// Frame and computation that a picture is of.
pub(super) struct PictureSubject {
    pub key: FrameKey,
    pub step: u64,
    pub origin: PictureSource,
    pub weights: Option<Provenance>,
}

/// Results of a computation on one frame.
pub(super) struct MapSet {
    /// Objective that was evaluated.
    pub objective: ObjectiveConfig,
    pub maps: BTreeMap<MapName, Tensor<4>>,
    pub inspection: Option<PixelInspection>,
    pub scale: Option<MetricScale>,
    pub sandbox: Option<SandboxResult>,
}

impl MapSet {
    /// A set without any results.
    pub fn empty(objective: ObjectiveConfig) -> Self {
        Self { objective, maps: BTreeMap::new(), inspection: None, scale: None, sandbox: None }
    }
}

impl PictureSubject {
    /// Leases the watched maps of the first sample. `None` if no picture is needed, or there is no display device
    /// to draw it.
    pub fn picture(
        self,
        samples: &SampleTensors,
        set: MapSet,
        request: MapRequest<'_>,
    ) -> Result<Option<Picture>> {
        // The sandbox shows its losses even if no view is open.
        let is_for_sandbox = set.sandbox.is_some() && request.compute.display.is_some();
        if request.is_empty() && !is_for_sandbox {
            return Ok(None);
        }
        let mut maps = BTreeMap::new();
        for (name, tensor) in request.select(samples, &set.maps) {
            maps.insert(name, Arc::new(Lease::new(first_item(tensor), request.compute)?));
        }
        let Self { key, step, origin, weights } = self;
        let MapSet { objective, inspection, scale, sandbox, .. } = set;
        let cloud = cloud(&maps, samples.intrinsics[0], scale);
        let inspection = inspection.map(Arc::new);
        Ok(Some(Picture { key, step, origin, weights, maps, cloud, objective, inspection, sandbox }))
    }
}

fn first_item(batch: &Tensor<4>) -> Tensor<3> {
    let [_, channels, height, width] = batch.dims();
    batch.clone().narrow(0, 0, 1).reshape([channels, height, width])
}

fn cloud(
    maps: &BTreeMap<MapName, Arc<Lease>>,
    intrinsics: Intrinsics,
    scale: Option<MetricScale>,
) -> Option<Cloud> {
    let depth = Arc::clone(maps.get(&MapName::Depth)?);
    let colour = Arc::clone(maps.get(&MapName::Colour(FrameId::TARGET))?);
    Some(Cloud { depth, colour, intrinsics, scale })
}
