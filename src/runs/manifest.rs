//! What `manifest.json` says of a run.

use crate::{
    compute::Compute,
    config::{DataChoice, Precision},
    data::{OpenData, Samples, fingerprint},
    model::weights::PretrainedEncoders,
};
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// What a run was begun with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The program.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Where it computed at first.
    pub device: String,
    /// Operands of its convolutions at first; runs of earlier versions had no choice.
    #[serde(default)]
    pub precision: Precision,
    /// Where the frames are.
    pub data: DataChoice,
    /// The split's name or folder, if one was chosen.
    pub split: Option<String>,
    /// Samples that train.
    pub samples: usize,
    /// A number that tells these samples from others.
    pub data_fingerprint: String,
    /// The seed.
    pub seed: u64,
    /// What `--pretrained-encoder` filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<PretrainedEncoders>,
}

impl Manifest {
    /// The manifest of a run that trains on these samples of this data with this seed.
    pub(crate) fn new(data: &OpenData, samples: &Samples, seed: u64, compute: &Compute) -> Self {
        let (choice, split) = data.absolute();
        Self {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: compute.name.clone(),
            precision: compute.precision(),
            data: choice,
            split,
            samples: samples.training.len(),
            data_fingerprint: fingerprint(data.source.as_ref(), &samples.training),
            seed,
            pretrained: None,
        }
    }

    /// Checks that a run goes on with the data that it was begun with.
    ///
    /// # Errors
    /// If `here`, what a run that began now would be made of, names other samples.
    pub(crate) fn check_data(&self, here: &Self, name: &str) -> Result<()> {
        if here.data_fingerprint == self.data_fingerprint {
            return Ok(());
        }
        bail!(
            "this is not the data that the run was begun with: it trained on {} samples of {} (fingerprint \
             {}), here are {} of {name} (fingerprint {}); open the same data and split, or start a \
             new run from its networks with --weights",
            self.samples,
            self.data,
            self.data_fingerprint,
            here.samples,
            here.data_fingerprint,
        );
    }
}
