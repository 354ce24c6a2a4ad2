//! Metric scale of networks that are trained with stereo pairs: it follows from the distance of the cameras.

use super::Run;
use crate::{
    data::{FrameKey, FrameSource, kitti::BASELINE_METRES},
    model::weights::{MetricScale, StatedScale},
};
use std::collections::BTreeMap;

/// Largest difference of equal distances, metres.
const SAME: f32 = 1e-3;

impl Run {
    /// Finds the scale by the baselines of the drives to train on. With KITTI's, the weights themselves tell as much.
    pub(super) fn find_stereo_scale(&mut self, source: &dyn FrameSource, keys: &[FrameKey]) {
        if !self.config.objective.uses_stereo() {
            return;
        }
        let drives: BTreeMap<&str, &FrameKey> = keys.iter().map(|key| (key.folder.as_str(), key)).collect();
        let mut baselines = Vec::new();
        for (drive, key) in drives {
            let Some(metres) = source.baseline_metres(key) else {
                return self.leave_scale_unknown(
                    "stereo training, cameras at an unknown distance",
                    format!(
                        "the distance of the stereo cameras of {drive} is unknown, so the depth that is learned has no \
                         metres: write baseline_metres to its camera.toml before training, or give it afterwards to \
                         monoscope calibrate --stereo-baseline"
                    ),
                );
            };
            baselines.push(metres);
        }
        let Some(first) = baselines.first().copied() else { return };
        if let Some(other) = baselines.iter().find(|baseline| (*baseline - first).abs() > SAME) {
            self.leave_scale_unknown(
                "stereo training, cameras at several distances",
                format!(
                    "the stereo cameras of some drives are {first} m apart, of others {other} m: a unit of depth then \
                     has no one length; train on drives of one rig, or measure it with monoscope calibrate"
                ),
            );
        } else if (first - BASELINE_METRES as f32).abs() > SAME {
            // The shortest decimal of an f32 is what the file says.
            let metres = first.to_string().parse().unwrap_or(f64::from(first));
            let scale = MetricScale::of_stereo(metres, " as their camera file says");
            self.stereo_scale = Some(StatedScale::Known(scale));
        }
    }

    /// Metres per unit of the depth of its networks, if known.
    pub fn metric_scale(&self) -> Option<MetricScale> {
        match &self.stereo_scale {
            Some(StatedScale::Known(scale)) => Some(scale.clone()),
            Some(StatedScale::Unknown(_)) => None,
            None => self.config.objective.uses_stereo().then(|| MetricScale::of_stereo(BASELINE_METRES, "")),
        }
    }

    fn leave_scale_unknown(&mut self, reason: &str, warning: String) {
        self.stereo_scale = Some(StatedScale::Unknown(reason.to_owned()));
        self.warnings.extend([warning]);
    }
}
