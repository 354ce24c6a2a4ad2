//! The figures of a validation: what a run reports of it, and a line of its log.

use crate::evaluate::DepthMetrics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The figures of a validation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidationReport {
    /// Steps made before it.
    pub step: u64,
    /// The pass over the training data that it follows, from 0.
    pub epoch: usize,
    /// The objective, averaged over the samples.
    pub loss: f32,
    /// Its part at each trained scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Samples that were looked at.
    pub samples: usize,
    /// Those of them that have a true depth.
    pub depths: usize,
    /// How far the predicted depth is from the true one, as `evaluate depth` says it.
    pub metrics: Option<DepthMetrics>,
    /// Seconds that it took.
    pub seconds: f64,
}
