//! The report of a validation, which is also a line of the log.

use crate::evaluate::DepthMetrics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Losses and depth metrics of a validation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValidationReport {
    /// Step that it follows.
    pub step: u64,
    /// Epoch that it follows, from 0.
    pub epoch: usize,
    /// Loss, averaged over the samples.
    pub loss: f32,
    /// Loss of each trained scale, by scale.
    pub scale_losses: BTreeMap<usize, f32>,
    /// Number of samples.
    pub samples: usize,
    /// Number of samples with a true depth.
    pub depths: usize,
    /// Errors of predicted depth, as in `evaluate depth`; `None` without true depth.
    pub metrics: Option<DepthMetrics>,
    /// Duration in seconds.
    pub seconds: f64,
}
