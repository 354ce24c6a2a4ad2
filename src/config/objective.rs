//! What is optimised: the options of the loss (paper sections 3.1 to 3.3).

use super::{ConfigError, FrameId};
use serde::{Deserialize, Serialize, Serializer};

/// The options of view synthesis and loss. The defaults are the published method, mode M.
#[derive(Clone, Debug, PartialEq, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectiveConfig {
    /// Frames of a sample relative to the target, which comes first; s is the other stereo camera
    #[arg(long, num_args = 1.., default_values = ["0", "-1", "1"], allow_negative_numbers = true, value_name = "ID")]
    pub frame_ids: Vec<FrameId>,

    /// Scales of the disparity pyramid that are trained: scale s is 1/2^s of the network size.
    /// rt-monodepth-s has 0 1 2 only, which are then the default
    #[arg(long, num_args = 1.., default_values_t = [0, 1, 2, 3], value_name = "SCALE")]
    pub scales: Vec<usize>,

    /// Weight of the edge-aware smoothness term at scale 0; scale s has 1/2^s of it
    #[arg(long, default_value_t = 1e-3, value_name = "WEIGHT")]
    #[serde(serialize_with = "shortest")]
    pub disparity_smoothness: f32,

    /// Nearest depth that the network can express, in its own units
    #[arg(long, default_value_t = 0.1, value_name = "DEPTH")]
    #[serde(serialize_with = "shortest")]
    pub min_depth: f32,

    /// Farthest depth that the network can express, in its own units
    #[arg(long, default_value_t = 100.0, value_name = "DEPTH")]
    #[serde(serialize_with = "shortest")]
    pub max_depth: f32,

    /// Compare images at each scale's own size instead of full resolution (Monodepth v1)
    #[arg(long)]
    pub v1_multiscale: bool,

    /// Average the losses of the sources instead of taking their minimum
    #[arg(long)]
    pub avg_reprojection: bool,

    /// Train every pixel, also where no motion explains the image better than standing still
    #[arg(long)]
    pub disable_automasking: bool,

    /// Weigh each source's loss by a mask that a network of its own predicts (Zhou et al., CVPR 2017),
    /// in place of auto-masking
    #[arg(long)]
    pub predictive_mask: bool,

    /// Compare colours by L1 only, without SSIM
    #[arg(long)]
    pub no_ssim: bool,

    /// Sample source images with align_corners = false, as present-day PyTorch does by default;
    /// the published models were trained with true
    #[arg(long)]
    pub sample_align_corners_false: bool,
}

impl Default for ObjectiveConfig {
    fn default() -> Self {
        Self {
            frame_ids: vec![FrameId::TARGET, FrameId::PREVIOUS, FrameId::NEXT],
            scales: vec![0, 1, 2, 3],
            disparity_smoothness: 1e-3,
            min_depth: 0.1,
            max_depth: 100.0,
            v1_multiscale: false,
            avg_reprojection: false,
            disable_automasking: false,
            predictive_mask: false,
            no_ssim: false,
            sample_align_corners_false: false,
        }
    }
}

impl ObjectiveConfig {
    /// The frames that are warped into the target, in list order.
    pub fn sources(&self) -> impl Iterator<Item = FrameId> + '_ {
        self.frame_ids.iter().copied().filter(|id| *id != FrameId::TARGET)
    }

    /// The sources whose motion is predicted by the pose network.
    pub fn temporal_sources(&self) -> impl Iterator<Item = FrameId> + '_ {
        self.sources().filter(|id| *id != FrameId::Stereo)
    }

    /// Whether the other stereo camera is a source.
    pub fn uses_stereo(&self) -> bool {
        self.frame_ids.contains(&FrameId::Stereo)
    }

    /// The finest scale that is trained, whose maps and depth are shown.
    ///
    /// # Panics
    /// If there is none, which [`Self::validate`] refuses.
    pub fn finest_scale(&self) -> usize {
        self.scales.iter().copied().min().expect("a configuration has at least one scale")
    }

    /// The weight of the smoothness term at a scale.
    pub fn smoothness_weight(&self, scale: usize) -> f32 {
        self.disparity_smoothness / (1 << scale) as f32
    }

    /// Refuses combinations that have no meaning.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |reason: String| Err(ConfigError(reason));
        if self.frame_ids.first() != Some(&FrameId::TARGET) {
            return refuse("--frame-ids must begin with 0, the target frame".to_owned());
        }
        if self.frame_ids.len() < 2 {
            return refuse("--frame-ids needs at least one source besides 0: add -1 1 or s".to_owned());
        }
        let distinct: std::collections::BTreeSet<_> = self.frame_ids.iter().collect();
        if distinct.len() != self.frame_ids.len() {
            return refuse("--frame-ids names a frame twice: name each once".to_owned());
        }
        let stereo = self.frame_ids.iter().position(|id| *id == FrameId::Stereo);
        if stereo.is_some_and(|position| position + 1 != self.frame_ids.len()) {
            return refuse("--frame-ids must have s, the stereo camera, last".to_owned());
        }
        if self.scales.is_empty() || self.scales.iter().any(|scale| *scale > 3) {
            return refuse("--scales takes one or more of 0 1 2 3".to_owned());
        }
        let distinct: std::collections::BTreeSet<_> = self.scales.iter().collect();
        if distinct.len() != self.scales.len() {
            return refuse("--scales names a scale twice: name each once".to_owned());
        }
        if self.predictive_mask && !self.disable_automasking {
            return refuse(
                "--predictive-mask takes the place of auto-masking: add --disable-automasking".to_owned(),
            );
        }
        if !(self.min_depth > 0.0 && self.max_depth > self.min_depth && self.max_depth.is_finite()) {
            return refuse(format!(
                "depth range {} to {} is empty: --min-depth must be above 0 and below --max-depth",
                self.min_depth, self.max_depth
            ));
        }
        if !(self.disparity_smoothness >= 0.0 && self.disparity_smoothness.is_finite()) {
            return refuse(format!("--disparity-smoothness {} must be 0 or more", self.disparity_smoothness));
        }
        Ok(())
    }
}

/// Writes 0.1 as 0.1, where a plain conversion to f64 would write 0.10000000149011612.
pub(super) fn shortest<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.to_string().parse().unwrap_or_else(|_| f64::from(*value)))
}
