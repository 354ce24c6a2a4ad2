//! Networks with all that is known of them.

use super::{ModelReport, ModelVersion};
use crate::{
    config::{FrameId, ObjectiveConfig, RunConfig},
    data::FrameSource,
    model::{Networks, weights, weights::MetricScale},
    runs::RunFolder,
};
use anyhow::Result;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, sync::Arc};

/// Where networks come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// The weights that come with the program, to look at; runs start from scratch beside them.
    Demo,
    /// A weights folder, a run folder or a checkpoint.
    File(PathBuf),
    /// A run of this session.
    Run {
        /// The run folder.
        out: PathBuf,
        /// Steps made.
        step: u64,
    },
}

impl fmt::Display for Provenance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => formatter.write_str("demo weights"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Run { out, step } => write!(formatter, "{} at step {step}", out.display()),
        }
    }
}

/// Networks in evaluation mode, where they come from, and how they are used. A copy shares their memory; beside
/// a run, loaded ones take four bytes a weight, 108 MB for the published ResNet18 pair.
#[derive(Clone)]
pub(super) struct Model {
    pub networks: Networks,
    pub provenance: Provenance,
    pub version: ModelVersion,
    /// The size and objective that they are looked at with.
    pub config: RunConfig,
    /// How their depths become metres, as a file beside the weights says.
    pub stated_scale: Option<MetricScale>,
    /// Whether they were trained with the stereo camera, so that its distance is that of their depths, even if
    /// the configuration is without.
    pub knows_stereo: bool,
    pub report: Arc<ModelReport>,
}

impl Model {
    /// Reads networks from a folder or file; without one, the demo's. Also gives in words what lies beside them
    /// and could not be read.
    pub fn load(path: Option<PathBuf>, id: u64, device: &Device) -> Result<(Self, Option<String>)> {
        let found = path.as_ref().map(|path| RunFolder::weights_in(path));
        let loaded = match &found {
            Some(found) => weights::load(found, device)?,
            None => weights::demo(device)?,
        };
        let (stated_scale, warning) = match found.as_ref().map(|found| MetricScale::read(found)) {
            Some(Err(error)) => (None, Some(error.to_string())),
            Some(Ok(scale)) => (scale, None),
            None => (None, None),
        };
        let trained = loaded.trained_size();
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
            stated_scale,
            knows_stereo,
            report: Arc::new(report),
        };
        Ok((model, warning))
    }

    /// Whether a run starts from them.
    pub fn is_start(&self) -> bool {
        self.provenance != Provenance::Demo
    }
}

/// Networks as they are, or were, with the frames to look at with them.
#[derive(Clone)]
pub(super) struct ModelSnapshot {
    /// Without them there are only the pictures.
    pub model: Option<Model>,
    /// Their size and objective; without networks those of the defaults.
    pub config: RunConfig,
    pub source: Arc<dyn FrameSource>,
}

impl ModelSnapshot {
    pub fn new(model: Option<Model>, source: Arc<dyn FrameSource>) -> Self {
        let config = model.as_ref().map_or_else(RunConfig::default, |model| model.config.clone());
        Self { model, config, source }
    }

    /// The same for looking at targets without any source.
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

    pub fn stated_scale(&self) -> Option<&MetricScale> {
        self.model.as_ref()?.stated_scale.as_ref()
    }

    /// Steps that the networks had made; `None` for networks of no run.
    pub fn step(&self) -> Option<u64> {
        match self.model.as_ref()?.provenance {
            Provenance::Run { step, .. } => Some(step),
            Provenance::Demo | Provenance::File(_) => None,
        }
    }
}
