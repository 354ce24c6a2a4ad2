//! From tensors to a picture: leases of the maps that open panes watch.

use super::{Cloud, Origin, Picture};
use crate::{
    compute::{Compute, Lease},
    config::{FrameId, RunConfig},
    data::{
        FrameKey, FrameSource,
        augment::Augmentation,
        loader::{SampleOptions, load_sample},
    },
    geometry::Intrinsics,
    model::Networks,
    objective::{MapName, Noise, Objective},
    predict::{SampleTensors, depth_maps, forward},
};
use anyhow::Result;
use burn::tensor::Tensor;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a picture is of.
pub(super) struct Subject {
    pub key: FrameKey,
    pub step: u64,
    pub origin: Origin,
}

impl Subject {
    /// Leases the watched maps of the first sample; `None` if nothing can or need be drawn.
    pub fn picture(
        self,
        samples: &SampleTensors,
        computed: &BTreeMap<MapName, Tensor<4>>,
        watched: &BTreeSet<MapName>,
        compute: &Compute,
    ) -> Result<Option<Picture>> {
        if compute.display.is_none() || watched.is_empty() {
            return Ok(None);
        }
        let mut maps = BTreeMap::new();
        for name in watched {
            let tensor = match name {
                MapName::Colour(id) => samples.colour.get(id).map(|pyramid| &pyramid[0]),
                _ => computed.get(name),
            };
            if let Some(tensor) = tensor {
                maps.insert(*name, Arc::new(Lease::new(first_item(tensor), compute)?));
            }
        }
        let cloud = cloud(&maps, samples.intrinsics[0]);
        let Self { key, step, origin } = self;
        Ok(Some(Picture { key, step, origin, maps, cloud }))
    }
}

fn first_item(batch: &Tensor<4>) -> Tensor<3> {
    let [_, channels, height, width] = batch.dims();
    batch.clone().narrow(0, 0, 1).reshape([channels, height, width])
}

fn cloud(maps: &BTreeMap<MapName, Arc<Lease>>, intrinsics: Intrinsics) -> Option<Cloud> {
    let depth = Arc::clone(maps.get(&MapName::Depth)?);
    let colour = Arc::clone(maps.get(&MapName::Colour(FrameId::TARGET))?);
    Some(Cloud { depth, colour, intrinsics })
}

/// What is needed to show a frame outside a training step.
pub(super) struct Showing<'a> {
    pub source: &'a dyn FrameSource,
    pub networks: Option<&'a Networks>,
    pub config: &'a RunConfig,
    pub watched: &'a BTreeSet<MapName>,
    pub compute: &'a Compute,
}

impl Showing<'_> {
    /// Loads the frame with those of its sources that exist, predicts, and leases what is watched.
    pub fn picture(&self, key: &FrameKey, step: u64) -> Result<Option<Picture>> {
        if self.compute.display.is_none() || self.watched.is_empty() {
            return Ok(None);
        }
        let mut config = self.config.objective.clone();
        let options = SampleOptions::of(&config, self.config.network.size()).present(self.source, key);
        let sample = load_sample(self.source, key, &options, &Augmentation::default())?;
        let samples = SampleTensors::upload(&[sample], &self.compute.device);
        let (origin, computed) = match self.networks {
            None => (Origin::Images, BTreeMap::new()),
            Some(networks) => {
                config.frame_ids.retain(|id| samples.colour.contains_key(id));
                config.frame_ids = networks.reachable(&config.frame_ids);
                let maps = if config.sources().next().is_some() {
                    let objective = Objective::new(&config, self.config.network.size());
                    forward(networks, &objective, &samples, Noise::None, self.watched).maps
                } else {
                    depth_maps(networks, &config, &samples, self.watched)
                };
                (Origin::Prediction, maps)
            }
        };
        let subject = Subject { key: key.clone(), step, origin };
        subject.picture(&samples, &computed, self.watched, self.compute)
    }
}
