//! The manifest of a run, `manifest.json`: data and device that it started with.

use crate::{
    compute::Compute,
    config::{DataChoice, Precision, RunConfig},
    data::{OpenData, Remarks, Samples, fingerprint},
    model::weights::PretrainedEncoders,
};
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most bytes of remarks in a manifest, of which the whole is a side file.
const MAX_REMARKS: usize = 64 << 10;

/// Program, device and data that a run started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the program.
    pub program: String,
    /// Version of the program.
    pub version: String,
    /// Device that it first computed on.
    pub device: String,
    /// Number format of the operands of convolutions; absent in manifests of earlier versions.
    #[serde(default)]
    pub precision: Precision,
    /// Data that the frames come from.
    pub data: DataChoice,
    /// Name or folder of the split, if one was chosen.
    pub split: Option<String>,
    /// Number of training samples.
    pub samples: usize,
    /// Decisions about the files of the data, as far as they were known when the run started.
    #[serde(default, skip_serializing_if = "Remarks::is_empty")]
    pub remarks: Remarks,
    /// Hash of the training samples.
    pub data_fingerprint: String,
    /// Seed of weights, shuffling, augmentation and noise.
    pub seed: u64,
    /// Options that the run started with and that it must keep, as in its config.toml. Plain values, so that those of
    /// another version cost nothing else in the manifest; null in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub options: Value,
    /// Encoders that `--pretrained-encoder` filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<PretrainedEncoders>,
}

impl Manifest {
    /// Manifest of a run that starts now with these options, on these samples of this data.
    pub(crate) fn new(data: &OpenData, samples: &Samples, config: &RunConfig, compute: &Compute) -> Self {
        let (choice, split) = data.absolute();
        Self {
            program: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device: compute.name.clone(),
            precision: compute.precision(),
            data: choice,
            split,
            samples: samples.training.len(),
            remarks: data.source.remarks().within(MAX_REMARKS),
            data_fingerprint: fingerprint(data.source.as_ref(), &samples.training),
            seed: config.training.seed,
            options: serde_json::to_value(config.fixed()).unwrap_or_default(),
            pretrained: None,
        }
    }

    /// Names of the options of a run's configuration that are not those which it started with, except for changes that
    /// the program itself makes.
    pub(crate) fn changed_options(&self, config: &RunConfig) -> Vec<String> {
        // Other versions may have other options, of which nothing can be told.
        let started: Option<RunConfig> = serde_json::from_value(self.options.clone()).ok();
        started.and_then(|started| started.differences(&config.fixed()).ok()).unwrap_or_default()
    }

    /// Checks that a run resumes on the data that it started with. `here` is the manifest that a new run would
    /// have, `name` the name of its data.
    ///
    /// # Errors
    /// If the samples differ.
    pub(crate) fn check_data(&self, here: &Self, name: &str) -> Result<()> {
        if here.data_fingerprint == self.data_fingerprint {
            return Ok(());
        }
        bail!(
            "this is not the data that the run was begun with: it trained on {} samples of {} (fingerprint \
             {}), here are {} of {name} (fingerprint {}); open the same data and split (folders of drives keep \
             their names), or start a new run from its networks with --weights",
            self.samples,
            self.data,
            self.data_fingerprint,
            here.samples,
            here.data_fingerprint,
        );
    }
}
