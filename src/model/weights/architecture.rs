//! Recognition of the network that a file holds, by the names and shapes of its tensors.

use super::{Files, TensorFile, WeightsError, prefix::anchors};
use crate::{
    config::NetworkFile,
    model::{Architecture, DepthArchitecture, PoseArchitecture, PoseModel, ResnetArchitecture},
};

impl Architecture {
    /// The networks whose parameters these files hold.
    pub(super) fn of_files(files: &Files) -> Result<Self, WeightsError> {
        let (encoder, decoder) = (&files["encoder"], &files["depth"]);
        let depth = DepthArchitecture::of_file(encoder)
            .map_err(|error| misplaced(encoder, NetworkFile::Encoder).unwrap_or(error))?;
        let (_, scales) = outputs(decoder, depth)
            .map_err(|error| misplaced(decoder, NetworkFile::Depth).unwrap_or(error))?;
        let masks = files.get("predictive_mask").map(|file| outputs(file, depth)).transpose()?;
        let masked_sources = masks.map(|(channels, _)| channels);
        let pose = PoseArchitecture::of_files(files)?;
        Ok(Self { depth, scales, masked_sources, pose })
    }
}

impl DepthArchitecture {
    fn of_file(encoder: &TensorFile) -> Result<Self, WeightsError> {
        if encoder.shape("convs.0.0.weight").is_some() {
            return Ok(Self::RtMonodepthS);
        }
        ResnetArchitecture::of_file(encoder, "encoder.").map(Self::Resnet)
    }
}

impl ResnetArchitecture {
    /// The residual network whose parameters a file has under names with this prefix.
    pub(super) fn of_file(file: &TensorFile, prefix: &str) -> Result<Self, WeightsError> {
        let has = |name: String| file.shape(&format!("{prefix}{name}")).is_some();
        let blocks = [1, 2, 3, 4]
            .map(|stage| (0..).take_while(|block| has(format!("layer{stage}.{block}.conv1.weight"))).count());
        let found = Self { bottleneck: has("layer1.0.conv3.weight".to_owned()), blocks };
        if Self::ALL.contains(&found) {
            return Ok(found);
        }
        Err(unknown(
            file,
            if blocks == [0; 4] {
                format!("it has no residual encoder (no tensor {prefix}layer1.0.conv1.weight)")
            } else {
                format!("its residual encoder has {blocks:?} blocks, which is none of ResNet18 to ResNet152")
            },
        ))
    }
}

impl PoseArchitecture {
    /// The pose network of these files, if they have one.
    fn of_files(files: &Files) -> Result<Option<Self>, WeightsError> {
        let encoder = files.get("pose_encoder");
        let Some(pose) = files.get("pose") else {
            let lonely = |encoder| Err(unknown(encoder, "there is no pose.pth next to it".to_owned()));
            return encoder.map_or(Ok(None), lonely);
        };
        if pose.shape("pose_conv.weight").is_some() {
            return Self::checked(PoseModel::Cnn, inputs(pose, "net.0.weight")? / 3, pose);
        }
        // The second convolution takes all feature maps, each reduced to as many channels as it has filters.
        let maps =
            inputs(pose, "net.1.weight")? / pose.shape("net.1.weight").map_or(1, |shape| shape[0].max(1));
        if maps > 1 {
            return Self::checked(PoseModel::Shared, maps, pose);
        }
        let Some(encoder) = encoder else {
            return Err(unknown(
                pose,
                "there is no pose_encoder.pth next to it, whose features it needs".to_owned(),
            ));
        };
        let model = PoseModel::Separate(ResnetArchitecture::of_file(encoder, "encoder.")?);
        Self::checked(model, inputs(encoder, "encoder.conv1.weight")? / 3, encoder)
    }

    fn checked(model: PoseModel, frames: usize, file: &TensorFile) -> Result<Option<Self>, WeightsError> {
        if (2..=MAX_FRAMES).contains(&frames) {
            return Ok(Some(Self { model, frames }));
        }
        Err(unknown(file, format!("its pose network takes {frames} frames")))
    }
}

/// Maximum number of frames of a sample, or of sources of a mask, that a file may have.
const MAX_FRAMES: usize = 64;

/// Number of input channels of a convolution.
fn inputs(file: &TensorFile, key: &str) -> Result<usize, WeightsError> {
    match file.shape(key) {
        Some([_, inputs, _, _]) => Ok(*inputs),
        Some(shape) => Err(unknown(file, format!("its {key} has the shape {shape:?}"))),
        None => Err(unknown(file, format!("it has no tensor {key}"))),
    }
}

/// Channels and scales of a decoder's outputs, in the order of their convolutions. The scale follows not from the
/// names, but from the number of input channels of each convolution.
fn outputs(file: &TensorFile, depth: DepthArchitecture) -> Result<(usize, Vec<usize>), WeightsError> {
    let layout = depth.spec().decoder;
    let name = |index: usize| format!("{}.weight", layout.output_name(index));
    let (mut channels, mut scales) = (0, Vec::new());
    for shape in (0..).map_while(|index| file.shape(&name(index))) {
        let scale = shape.get(1).and_then(|inputs| layout.scale_of_channels(*inputs));
        match scale.filter(|scale| !scales.contains(scale)) {
            Some(scale) if shape[0] <= MAX_FRAMES => {
                channels = shape[0];
                scales.push(scale);
            }
            _ => return Err(unknown(file, format!("no scale has an output of weights of shape {shape:?}"))),
        }
    }
    if scales.is_empty() {
        return Err(unknown(file, format!("it has no disparity (no tensor {})", name(0))));
    }
    Ok((channels, scales))
}

/// Error of a file that has another part of the networks than its name says; `None` if it has none.
fn misplaced(file: &TensorFile, wanted: NetworkFile) -> Option<WeightsError> {
    let parts = [
        (NetworkFile::Depth, "a depth decoder"),
        (NetworkFile::Pose, "a pose decoder"),
        (NetworkFile::Encoder, "an encoder"),
    ];
    let has = |part: NetworkFile| {
        anchors(part).iter().any(|anchor| file.keys().any(|key| key.strip_suffix(anchor).is_some()))
    };
    let (part, what) = parts.into_iter().find(|(part, _)| has(*part))?;
    (part != wanted).then(|| {
        let reason = format!(
            "it is {what}, not what belongs into {}.pth: two of the files are swapped, or one was copied twice",
            wanted.stem()
        );
        unknown(file, reason)
    })
}

fn unknown(file: &TensorFile, reason: String) -> WeightsError {
    WeightsError::Unknown { path: file.path().to_owned(), reason }
}
