//! Which network a file holds, seen from the names and shapes of its tensors.

use super::{Files, ParameterName, TensorFile, WeightsError};
use crate::model::{Architecture, DepthDecoder, ResnetArchitecture};

impl Architecture {
    /// The networks whose parameters these files hold.
    pub(super) fn of_files(files: &Files) -> Result<Self, WeightsError> {
        let encoder = |file: &TensorFile| ResnetArchitecture::of_file(file, "encoder.");
        Ok(Self {
            depth: encoder(&files["encoder"])?,
            scales: scales(&files["depth"])?,
            pose: match (files.get("pose_encoder"), files.get("pose")) {
                (Some(pose_encoder), Some(_)) => Some(encoder(pose_encoder)?),
                _ => None,
            },
        })
    }
}

impl ResnetArchitecture {
    /// The residual network whose parameters a file holds under names with this prefix.
    pub(super) fn of_file(file: &TensorFile, prefix: &str) -> Result<Self, WeightsError> {
        let has = |name: String| file.shape(&format!("{prefix}{name}")).is_some();
        let blocks = [1, 2, 3, 4]
            .map(|stage| (0..).take_while(|block| has(format!("layer{stage}.{block}.conv1.weight"))).count());
        let found = Self { bottleneck: has("layer1.0.conv3.weight".to_owned()), blocks };
        if Self::ALL.contains(&found) {
            return Ok(found);
        }
        let reason = if blocks == [0; 4] {
            format!("it has no residual encoder (no tensor {prefix}layer1.0.conv1.weight)")
        } else {
            format!("its residual encoder has {blocks:?} blocks, which is none of ResNet18 to ResNet152")
        };
        Err(WeightsError::Unknown { path: file.path().to_owned(), reason })
    }
}

/// The scales of the disparities, in the order of their convolutions. Their names do not tell the
/// scale, but the number of channels that each is computed from does.
fn scales(file: &TensorFile) -> Result<Vec<usize>, WeightsError> {
    let shapes = (ParameterName::FIRST_DISPARITY..)
        .map_while(|index| file.shape(&format!("decoder.{index}.conv.weight")));
    let mut scales = Vec::new();
    for shape in shapes {
        let scale = shape.get(1).and_then(|channels| DepthDecoder::scale_of_channels(*channels));
        match scale.filter(|scale| !scales.contains(scale)) {
            Some(scale) => scales.push(scale),
            None => {
                let reason = format!("no scale has a disparity from weights of shape {shape:?}");
                return Err(WeightsError::Unknown { path: file.path().to_owned(), reason });
            }
        }
    }
    if scales.is_empty() {
        let name = format!("decoder.{}.conv.weight", ParameterName::FIRST_DISPARITY);
        let reason = format!("it has no disparity (no tensor {name})");
        return Err(WeightsError::Unknown { path: file.path().to_owned(), reason });
    }
    Ok(scales)
}
