//! Networks that a run starts from.

use crate::{
    config::{NetworkFile, RunConfig},
    model::{
        Architecture, Networks,
        weights::{self, PretrainedEncoders},
    },
};
use anyhow::Result;
use burn::tensor::Device;

/// Networks with initial values.
#[derive(Debug)]
pub struct StartingNetworks {
    /// Depth and pose networks.
    pub networks: Networks,
    /// Encoders that `--pretrained-encoder` filled.
    pub pretrained: Option<PretrainedEncoders>,
}

impl StartingNetworks {
    /// Builds the networks of a configuration. Later values replace earlier ones: first seeded random values, then
    /// the pretrained encoder, then those of the `loaded` networks that `models_to_load` names.
    ///
    /// # Errors
    /// If no network has these options, or the pretrained encoder or the loaded networks do not fit.
    pub fn new(config: &RunConfig, loaded: Option<&Networks>, device: &Device) -> Result<Self> {
        let architecture = Architecture::new(&config.network, &config.objective)?;
        let mut networks = Networks::new(&architecture, config.training.seed, device);
        let file = config.network.pretrained_encoder.as_deref();
        let mut pretrained = file.map(|file| weights::load_imagenet(file, &mut networks)).transpose()?;
        if let Some(loaded) = loaded {
            networks.adopt(loaded, &config.network.models_to_load)?;
            for network in &config.network.models_to_load {
                // Loaded networks without a pose network do not replace that of the run.
                let has_it = *network == NetworkFile::Encoder || loaded.pose.is_some();
                if let Some(pretrained) = pretrained.as_mut().filter(|_| has_it) {
                    pretrained.replaced(*network, "it comes from the loaded networks");
                }
            }
        }
        Ok(Self { networks, pretrained })
    }
}

impl From<Networks> for StartingNetworks {
    fn from(networks: Networks) -> Self {
        Self { networks, pretrained: None }
    }
}
