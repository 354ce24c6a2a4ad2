//! Initialisation of residual encoders with a classifier's weights.

use super::{WeightsError, container, explained, map_parameters};
use crate::{
    config::NetworkFile,
    model::{Networks, ResnetArchitecture},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Encoders that got their weights from a classifier's file, and those that did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PretrainedEncoders {
    /// The classifier's file.
    pub file: PathBuf,
    /// The classifier's architecture, such as "ResNet18".
    pub architecture: String,
    /// The filled encoders, each with the number of its tensors.
    pub filled: BTreeMap<NetworkFile, usize>,
    /// The encoders that were not filled, each with the reason.
    pub unfilled: BTreeMap<NetworkFile, String>,
}

impl PretrainedEncoders {
    /// Records that an encoder's values were replaced afterwards.
    pub fn replaced(&mut self, encoder: NetworkFile, reason: &str) {
        if self.filled.remove(&encoder).is_some() {
            self.unfilled.insert(encoder, reason.to_owned());
        }
    }
}

impl fmt::Display for PretrainedEncoders {
    /// One line: "resnet18.pth (ResNet18) fills the depth encoder (100 tensors), not the pose encoder (it is a
    /// ResNet50)".
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled: Vec<String> = self
            .filled
            .iter()
            .map(|(encoder, tensors)| format!("the {} ({tensors} tensors)", in_words(*encoder)))
            .collect();
        let unfilled: Vec<String> = self
            .unfilled
            .iter()
            .map(|(encoder, reason)| format!("the {} ({reason})", in_words(*encoder)))
            .collect();
        write!(formatter, "{} ({}) fills ", self.file.display(), self.architecture)?;
        formatter.write_str(&if filled.is_empty() {
            "no encoder".to_owned()
        } else {
            filled.join(" and ")
        })?;
        if unfilled.is_empty() { Ok(()) } else { write!(formatter, ", not {}", unfilled.join(" and ")) }
    }
}

fn in_words(encoder: NetworkFile) -> &'static str {
    match encoder {
        NetworkFile::Encoder => "depth encoder",
        NetworkFile::PoseEncoder => "pose encoder",
        other => other.stem(),
    }
}

/// Loads the weights of a torchvision classifier into every residual encoder of the same architecture, and reports
/// which these are. The classifier's first convolution takes one image: for an encoder of n images its kernel is
/// repeated n times and divided by n, so that n equal images give the same features as one.
///
/// # Errors
/// As [`load`](super::load), or if no encoder has the architecture in the file; the networks are then unchanged.
pub fn load_imagenet(path: &Path, networks: &mut Networks) -> Result<PretrainedEncoders, WeightsError> {
    let file = container::read(path)?.of_classifier()?;
    let stored = ResnetArchitecture::of_file(&file, "").map_err(|error| explained(error, [&file]))?;
    let encoders = networks.residual_encoders();
    let (fitting, others): (Vec<_>, Vec<_>) =
        encoders.into_iter().partition(|(_, encoder)| encoder.architecture() == stored);
    if fitting.is_empty() {
        let others: Vec<String> = others
            .iter()
            .map(|(file, encoder)| format!("the {} is a {}", file.stem(), encoder.architecture()))
            .collect();
        let reason = format!("it is a {stored}, but {}", others.join(" and "));
        return Err(WeightsError::Unknown { path: path.to_owned(), reason });
    }
    let mut filled: BTreeMap<NetworkFile, usize> = fitting.iter().map(|(encoder, _)| (*encoder, 0)).collect();
    let others =
        others.iter().map(|(encoder, network)| (*encoder, format!("it is a {}", network.architecture())));
    let unfilled = others.chain(without_residual_encoder(networks)).collect();
    *networks = map_parameters(networks.clone(), |name, shape| {
        let tensors = filled.iter_mut().find(|(encoder, _)| encoder.stem() == name.file);
        let (Some((_, tensors)), Some(key)) = (tensors, name.key.strip_prefix("encoder.")) else {
            return Ok(None);
        };
        let values = match (key, shape) {
            ("conv1.weight", [outputs, inputs, height, width]) => {
                let values = file.values(key, &[*outputs, 3, *height, *width])?;
                repeat_for_images(&values, *outputs, inputs / 3)
            }
            _ => file.values(key, shape)?,
        };
        *tensors += 1;
        Ok::<_, WeightsError>(Some(values))
    })?;
    Ok(PretrainedEncoders { file: path.to_owned(), architecture: stored.to_string(), filled, unfilled })
}

/// The encoders that are not residual networks, each with its actual type. A pose network that shares the depth
/// encoder has no encoder of its own to fill.
fn without_residual_encoder(networks: &Networks) -> Vec<(NetworkFile, String)> {
    let architecture = networks.architecture();
    let has = |encoder| networks.residual_encoders().iter().any(|(file, _)| *file == encoder);
    let depth = (!has(NetworkFile::Encoder))
        .then(|| (NetworkFile::Encoder, format!("the depth network is {}", architecture.depth)));
    let pose = architecture.pose.map(|pose| pose.model.spec());
    let pose = pose.filter(|pose| pose.layers.is_none() && !pose.sees_features);
    let pose = pose.map(|pose| (NetworkFile::PoseEncoder, format!("{} has none", pose.label)));
    [depth, pose].into_iter().flatten().collect()
}

fn repeat_for_images(values: &[f32], outputs: usize, images: usize) -> Vec<f32> {
    let of_one_output = values.chunks_exact(values.len() / outputs);
    of_one_output.flat_map(|values| values.repeat(images)).map(|value| value / images as f32).collect()
}
