//! Networks as they are at a moment, with all that is needed to look at frames with them.

use crate::{
    config::{FrameId, RunConfig},
    data::FrameSource,
    model::{Networks, weights::MetricScale},
};
use std::sync::Arc;

/// Networks as they are, or were, after a step.
#[derive(Clone)]
pub(super) struct Moment {
    /// Steps that they had made; `None` for networks of no run.
    pub step: Option<u64>,
    /// Without them there are only the pictures.
    pub networks: Option<Networks>,
    /// Their size and objective.
    pub config: RunConfig,
    pub source: Arc<dyn FrameSource>,
    /// Whether they were trained with the stereo camera, even if the configuration is without.
    pub knows_stereo: bool,
    /// How their depths become metres, as a file beside the weights says.
    pub stated_scale: Option<MetricScale>,
}

impl Moment {
    /// The same for looking at targets without any source.
    pub fn without_sources(mut self) -> Self {
        self.config.objective.frame_ids = vec![FrameId::TARGET];
        Self { knows_stereo: false, ..self }
    }
}
