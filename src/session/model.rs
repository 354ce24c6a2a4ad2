//! Networks with their metadata.

use super::{ModelReport, ModelVersion, Provenance};
use crate::{
    config::{FrameId, ObjectiveConfig, RunConfig},
    data::FrameSource,
    model::{Networks, weights, weights::MetricScale},
    predict::check_memory,
    runs::RunFolder,
};
use anyhow::Result;
use burn::tensor::Device;
use std::{path::PathBuf, sync::Arc};

/// Networks in evaluation mode, with their origin and configuration. Clones share the memory of the weights;
/// networks that are loaded while a run trains take four bytes per weight, 108 MB for the published pair with
/// ResNet18.
#[derive(Clone)]
pub(super) struct Model {
    pub networks: Networks,
    pub provenance: Provenance,
    pub version: ModelVersion,
    /// Image size and objective for viewing.
    pub config: RunConfig,
    /// Scale from depths to metres, if known: that of the weights, or of the stereo cameras that the networks were
    /// trained with, whatever frames they are shown.
    pub known_scale: Option<MetricScale>,
    /// True if the networks were trained with the stereo camera, even if the configuration does not use it.
    pub knows_stereo: bool,
    pub report: Arc<ModelReport>,
}

impl Model {
    /// Loads networks from a folder or file; the demo weights without a path. Also returns a warning if a file
    /// next to the weights cannot be read.
    pub fn load(path: Option<PathBuf>, id: u64, device: &Device) -> Result<(Self, Option<String>)> {
        let found = path.as_ref().map(|path| RunFolder::weights_in(path));
        let loaded = match &found {
            Some(found) => weights::load(found, device)?,
            None => weights::demo(device)?,
        };
        let (known_scale, warning) =
            match found.as_ref().map(|found| MetricScale::of(found, loaded.use_stereo)) {
                Some(Err(error)) => (None, Some(error.to_string())),
                Some(Ok(scale)) => (scale, None),
                None => (MetricScale::assumed(loaded.use_stereo), None),
            };
        let warning = warning.or_else(|| loaded.report.note());
        let trained = loaded.trained_size();
        check_memory(trained, device)?;
        let mut config = RunConfig::default();
        (config.network.height, config.network.width) = (trained.height, trained.width);
        config.objective =
            ObjectiveConfig { scales: loaded.networks.depth.scales().to_vec(), ..config.objective };
        let provenance = path.map_or(Provenance::Demo, Provenance::File);
        let knows_stereo = loaded.use_stereo == Some(true);
        let report = ModelReport {
            id,
            provenance: provenance.clone(),
            architecture: loaded.networks.architecture(),
            size: loaded.size,
            use_stereo: knows_stereo,
            loaded: loaded.report.loaded.len(),
            unused: loaded.report.unused,
        };
        let model = Self {
            networks: loaded.networks,
            provenance,
            version: ModelVersion { id, step: 0 },
            config,
            known_scale,
            knows_stereo,
            report: Arc::new(report),
        };
        Ok((model, warning))
    }

    /// Tells if runs start from these networks.
    pub fn starts_runs(&self) -> bool {
        self.provenance != Provenance::Demo
    }
}

/// Networks at one moment, with the frames to view with them.
#[derive(Clone)]
pub(super) struct ModelSnapshot {
    /// `None` if there are only images.
    pub model: Option<Model>,
    /// Image size and objective of the networks; the defaults without networks.
    pub config: RunConfig,
    pub source: Arc<dyn FrameSource>,
}

impl ModelSnapshot {
    pub fn new(model: Option<Model>, source: Arc<dyn FrameSource>) -> Self {
        let config = model.as_ref().map_or_else(RunConfig::default, |model| model.config.clone());
        Self { model, config, source }
    }

    /// Copy that views target frames without their source frames.
    pub fn without_sources(mut self) -> Self {
        self.config.objective.frame_ids = vec![FrameId::TARGET];
        if let Some(model) = &mut self.model {
            model.knows_stereo = false;
        }
        self
    }

    pub fn networks(&self) -> Option<&Networks> {
        self.model.as_ref().map(|model| &model.networks)
    }

    pub fn knows_stereo(&self) -> bool {
        self.model.as_ref().is_some_and(|model| model.knows_stereo)
    }

    pub fn known_scale(&self) -> Option<&MetricScale> {
        self.model.as_ref()?.known_scale.as_ref()
    }

    /// Number of steps that the networks were trained for; `None` if they are not of a run.
    pub fn step(&self) -> Option<u64> {
        match self.model.as_ref()?.provenance {
            Provenance::Run { step, .. } => Some(step),
            Provenance::Demo | Provenance::File(_) => None,
        }
    }
}
