//! Options of view synthesis and loss (paper sections 3.1 to 3.3).

use super::{ConfigError, FrameId, option_name, part::config_part, phrase};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeSet;

/// Most frames of a sample, and the longest way to one of them: at ten frames a second ten seconds.
const MAX_FRAMES: usize = 16;
const MAX_OFFSET: u32 = 100;

/// Options of view synthesis and loss. The defaults are the published method, mode M.
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

    /// Train every pixel, even where the unwarped source explains the image better than the warped one
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

config_part!(ObjectiveConfig);

impl ObjectiveConfig {
    /// Lists the frames that are warped into the target, in the order of `frame_ids`.
    pub fn sources(&self) -> impl Iterator<Item = FrameId> + '_ {
        self.frame_ids.iter().copied().filter(|id| *id != FrameId::TARGET)
    }

    /// Lists the sources whose motion is predicted by the pose network.
    pub fn temporal_sources(&self) -> impl Iterator<Item = FrameId> + '_ {
        self.sources().filter(|id| *id != FrameId::Stereo)
    }

    /// Tells if the other stereo camera is a source.
    pub fn uses_stereo(&self) -> bool {
        self.frame_ids.contains(&FrameId::Stereo)
    }

    /// Finest scale that is trained, whose maps and depth are shown.
    ///
    /// # Panics
    /// If there is none, which [`Self::validate`] refuses.
    pub fn finest_scale(&self) -> usize {
        self.scales.iter().copied().min().expect("a configuration has at least one scale")
    }

    /// Weight of the smoothness term at a scale.
    pub fn smoothness_weight(&self, scale: usize) -> f32 {
        self.disparity_smoothness / (1 << scale) as f32
    }

    /// Refuses combinations that have no meaning.
    ///
    /// # Errors
    /// The first option at fault.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_frames()?;
        let scales = option_name!(Self, scales);
        if self.scales.is_empty() || self.scales.iter().any(|scale| *scale > 3) {
            return Err(ConfigError::new(scales, "takes one or more of 0 1 2 3"));
        }
        if has_duplicate(&self.scales) {
            return Err(ConfigError::new(scales, "names a scale twice").with_suggestion("name each once"));
        }
        if self.predictive_mask && !self.disable_automasking {
            let option = option_name!(Self, predictive_mask);
            let suggestion = phrase!["add ", option_name!(Self, disable_automasking)];
            let error = ConfigError::new(option, "takes the place of auto-masking");
            return Err(error.with_suggestion(suggestion));
        }
        self.check_ranges()?;
        if self.max_depth <= self.min_depth {
            let (min_depth, max_depth) = (option_name!(Self, min_depth), option_name!(Self, max_depth));
            let rule = phrase!["to ", max_depth, format!(" {} is an empty depth range", self.max_depth)];
            let suggestion = phrase!["choose ", min_depth, " below ", max_depth];
            let error = ConfigError::new(min_depth, rule).with_value(&self.min_depth);
            return Err(error.with_suggestion(suggestion));
        }
        Ok(())
    }

    fn validate_frames(&self) -> Result<(), ConfigError> {
        let refuse = |rule: &str| ConfigError::new(option_name!(Self, frame_ids), rule);
        if self.frame_ids.first() != Some(&FrameId::TARGET) {
            return Err(refuse("must begin with 0, the target frame"));
        }
        if self.frame_ids.len() < 2 {
            return Err(refuse("needs at least one source besides 0").with_suggestion("add -1 1 or s"));
        }
        let is_far =
            |id: &FrameId| matches!(id, FrameId::Temporal(offset) if offset.unsigned_abs() > MAX_OFFSET);
        if self.frame_ids.len() > MAX_FRAMES || self.frame_ids.iter().any(is_far) {
            let rule = format!("takes at most {MAX_FRAMES} frames, from -{MAX_OFFSET} to {MAX_OFFSET}");
            return Err(refuse(&rule));
        }
        if has_duplicate(&self.frame_ids) {
            return Err(refuse("names a frame twice").with_suggestion("name each once"));
        }
        let stereo = self.frame_ids.iter().position(|id| *id == FrameId::Stereo);
        if stereo.is_some_and(|index| index + 1 != self.frame_ids.len()) {
            return Err(refuse("must have s, the stereo camera, last"));
        }
        Ok(())
    }
}

fn has_duplicate<T: Ord>(values: &[T]) -> bool {
    values.iter().collect::<BTreeSet<_>>().len() != values.len()
}

/// Writes 0.1 as 0.1, where a plain conversion to f64 would write 0.10000000149011612.
pub(super) fn shortest<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(value.to_string().parse().unwrap_or_else(|_| f64::from(*value)))
}
