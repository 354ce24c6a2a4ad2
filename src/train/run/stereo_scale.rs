//! Metric scale of networks that are trained with stereo pairs: it follows from the distance of the cameras.

use super::Run;
use crate::{
    data::{FrameKey, FrameSource, kitti::BASELINE_METRES},
    model::weights::MetricScale,
};
use std::collections::BTreeMap;

/// Largest difference of equal distances, metres.
const SAME: f32 = 1e-3;

impl Run {
    /// Finds the scale by the baselines of the drives to train on. Without a baseline, and with KITTI's, the weights
    /// themselves tell as much.
    pub(super) fn find_stereo_scale(&mut self, source: &dyn FrameSource, keys: &[FrameKey]) {
        if !self.config.objective.uses_stereo() {
            return;
        }
        let drives: BTreeMap<&str, &FrameKey> = keys.iter().map(|key| (key.folder.as_str(), key)).collect();
        let baselines: Vec<f32> = drives.values().filter_map(|key| source.baseline_metres(key)).collect();
        let Some(first) = baselines.first().copied() else { return };
        if let Some(other) = baselines.iter().find(|baseline| (*baseline - first).abs() > SAME) {
            self.warnings.extend([format!(
                "the stereo cameras of some drives are {first} m apart, of others {other} m: a unit of depth then has \
                 no one length; train on drives of one rig, or measure it with monoscope calibrate"
            )]);
        } else if (first - BASELINE_METRES as f32).abs() > SAME {
            // The shortest decimal of an f32 is what the file says.
            let metres = first.to_string().parse().unwrap_or(f64::from(first));
            self.stereo_scale = Some(MetricScale::of_stereo(metres, " as their camera file says"));
        }
    }
}
